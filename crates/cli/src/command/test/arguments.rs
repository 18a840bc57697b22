//! The flags of `test`.

use clap::{Args, ValueEnum};

use crate::runtime::RegistryArguments;

#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// Folders with test files, or test files
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,
    /// Name of test files
    #[arg(
        short = 'f',
        long = "file-name",
        value_name = "NAME",
        default_value = "kyverno-test.yaml"
    )]
    pub(crate) file_name: String,
    /// Run only some tests: `policy=…,rule=…,resource=…`, wildcards allowed
    #[arg(
        short = 't',
        long = "test-case-selector",
        value_name = "SELECTOR",
        default_value = "policy=*,rule=*,resource=*"
    )]
    pub(crate) selector: String,
    /// Print results in this format instead of a table
    #[arg(short, long = "output-format", value_enum)]
    pub(crate) output_format: Option<TestFormat>,
    /// Print failures only
    #[arg(long = "fail-only")]
    pub(crate) fail_only: bool,
    /// Show the message of each rule
    #[arg(long = "detailed-results")]
    pub(crate) detailed_results: bool,
    /// No colours
    #[arg(long = "remove-color")]
    pub(crate) remove_color: bool,
    /// Fail where no test file is found
    #[arg(long = "require-tests")]
    pub(crate) require_tests: bool,
    #[arg(short = 'b', long, hide = true, value_name = "NAME")]
    pub(crate) git_branch: Option<String>,
    #[command(flatten)]
    pub(crate) registries: RegistryArguments,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// A Markdown table.
    Markdown,
    /// JUnit XML.
    Junit,
}
