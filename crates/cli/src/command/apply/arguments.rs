//! The flags of `apply`.

use clap::Args;

use crate::output::report::OutputFormat;
use crate::runtime::RegistryArguments;

#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// Policy files and folders; `-` reads standard input
    #[arg(required = true, value_name = "POLICY")]
    pub(crate) policies: Vec<String>,
    /// Resource files and folders; `-` reads standard input
    #[arg(
        short,
        long = "resource",
        visible_alias = "resources",
        value_name = "FILE",
        value_delimiter = ','
    )]
    pub(crate) resources: Vec<String>,
    /// Files of PolicyExceptions
    #[arg(
        short = 'e',
        long = "exception",
        visible_alias = "exceptions",
        value_name = "FILE"
    )]
    pub(crate) exceptions: Vec<String>,
    /// Take PolicyExceptions from the resource files too
    #[arg(
        long = "exceptions-within-resources",
        visible_alias = "exceptions-with-resources"
    )]
    pub(crate) exceptions_within_resources: bool,
    /// File of user information (`UserInfo`)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) userinfo: Option<String>,
    /// File of values for variables (`Values`)
    #[arg(
        short = 'f',
        long = "values-file",
        value_name = "FILE",
        conflicts_with = "set"
    )]
    pub(crate) values_file: Option<String>,
    /// Values for variables
    #[arg(short, long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Files of Secrets that hold public keys (`k8s://namespace/name`)
    #[arg(long = "secrets", value_name = "FILE")]
    pub(crate) secrets: Vec<String>,
    /// Print a policy report
    #[arg(short = 'p', long = "policy-report")]
    pub(crate) policy_report: bool,
    /// Print results as wgpolicyk8s.io reports instead of openreports.io
    #[arg(long = "wgpolicy")]
    pub(crate) wgpolicy: bool,
    /// How reports are written
    #[arg(long = "output-format", value_enum, default_value_t)]
    pub(crate) output_format: OutputFormat,
    /// Print results as a table
    #[arg(short, long)]
    pub(crate) table: bool,
    /// With `--table`: show messages
    #[arg(long = "detailed-results")]
    pub(crate) detailed_results: bool,
    /// Print the decision tree of every rule
    #[arg(long)]
    pub(crate) explain: bool,
    /// Count failures of audit policies as warnings
    #[arg(long = "audit-warn")]
    pub(crate) audit_warn: bool,
    /// Exit with this code where there are warnings and nothing worse
    #[arg(long = "warn-exit-code", value_name = "CODE", default_value_t = 0)]
    pub(crate) warn_exit_code: u8,
    /// Exit with the code for warnings where nothing passed
    #[arg(long = "warn-no-pass")]
    pub(crate) warn_no_pass: bool,
    /// Go on after a resource that fails
    #[arg(long = "continue-on-fail")]
    pub(crate) continue_on_fail: bool,
    /// No colours
    #[arg(long = "remove-color")]
    pub(crate) remove_color: bool,
    #[command(flatten)]
    pub(crate) registries: RegistryArguments,
}
