//! The flags of `apply`: Kyverno's, and a few of our own.

use clap::Args;
use scalars::duration::GoDuration;

use super::elsewhere::Elsewhere;
use crate::input::{ClusterArguments, STANDARD_INPUT};
use crate::output::report::OutputFormat;
use crate::runtime::RegistryArguments;

/// Flags of `apply`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// Policy files and folders; `-` reads standard input
    #[arg(value_name = "POLICY")]
    pub(crate) policies: Vec<String>,
    /// Resource files and folders; `-` reads standard input. With `--cluster`: names of objects
    #[arg(
        short,
        long = "resource",
        visible_alias = "resources",
        value_name = "FILE",
        value_delimiter = ',',
        help_heading = "Input"
    )]
    pub(crate) resources: Vec<String>,
    /// Files of objects that mutate rules with targets may change
    #[arg(
        long = "target-resource",
        visible_alias = "target-resources",
        value_name = "FILE",
        value_delimiter = ',',
        help_heading = "Input"
    )]
    pub(crate) targets: Vec<String>,
    /// Files of PolicyExceptions
    #[arg(
        short = 'e',
        long = "exception",
        visible_alias = "exceptions",
        value_name = "FILE",
        value_delimiter = ',',
        help_heading = "Input"
    )]
    pub(crate) exceptions: Vec<String>,
    /// Take PolicyExceptions from the resource files too
    #[arg(long, visible_alias = "exceptions-with-resources", help_heading = "Input")]
    pub(crate) exceptions_within_resources: bool,
    /// Take PolicyExceptions from the policy files too
    #[arg(long, help_heading = "Input")]
    pub(crate) exceptions_within_policies: bool,
    /// File of user information (`UserInfo`)
    #[arg(short, long, value_name = "FILE", help_heading = "Input")]
    pub(crate) userinfo: Option<String>,
    /// File of values for variables (`Values`)
    #[arg(short = 'f', long, value_name = "FILE", help_heading = "Input")]
    pub(crate) values_file: Option<String>,
    /// Values for variables
    #[arg(short, long, value_name = "KEY=VALUE", help_heading = "Input")]
    pub(crate) set: Vec<String>,
    /// JSON or YAML files that are no objects of Kubernetes, for policies with `evaluation.mode: JSON`
    #[arg(long, value_name = "FILE", value_delimiter = ',', help_heading = "Input")]
    pub(crate) json: Vec<String>,
    /// Files of objects that are `params` of expressions
    #[arg(
        long = "parameter-resource",
        value_name = "FILE",
        value_delimiter = ',',
        help_heading = "Input"
    )]
    pub(crate) parameters: Vec<String>,
    /// File of objects that can be looked up (`Context`)
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub(crate) context_file: Option<String>,
    /// Files of Secrets that hold public keys (`k8s://namespace/name`)
    #[arg(
        long = "secrets",
        value_name = "FILE",
        value_delimiter = ',',
        help_heading = "Input"
    )]
    pub(crate) secrets: Vec<String>,
    /// Print a policy report
    #[arg(short = 'p', long, help_heading = "Output")]
    pub(crate) policy_report: bool,
    /// Print results as wgpolicyk8s.io reports instead of openreports.io
    #[arg(long = "wgpolicy", help_heading = "Output")]
    pub(crate) wgpolicy: bool,
    /// How reports, trees and exceptions are written; junit and sarif need no other flag
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub(crate) output_format: OutputFormat,
    /// Print results as a table
    #[arg(short, long, help_heading = "Output")]
    pub(crate) table: bool,
    /// With `--table`: show messages
    #[arg(long, help_heading = "Output")]
    pub(crate) detailed_results: bool,
    /// Print the decision tree of every rule
    #[arg(long, help_heading = "Output")]
    pub(crate) explain: bool,
    /// Print PolicyExceptions for what fails
    #[arg(long, help_heading = "Output")]
    pub(crate) generate_exceptions: bool,
    /// How long generated PolicyExceptions live; 0 for ever
    #[arg(long, value_name = "DURATION", default_value = "720h", value_parser = GoDuration::parse, help_heading = "Output")]
    pub(crate) generated_exception_ttl: GoDuration,
    /// Print only the resources as the policies leave them, to be piped on; refused ones are left out
    #[arg(short = 'i', long, help_heading = "Output")]
    pub(crate) stdin: bool,
    /// Write mutated resources into a file (.yaml, .yml) or a folder
    #[arg(short, long, value_name = "PATH", help_heading = "Output")]
    pub(crate) output: Option<String>,
    /// No colours
    #[arg(long, help_heading = "Output")]
    pub(crate) remove_color: bool,
    /// Count failures of audit policies as warnings
    #[arg(long, help_heading = "Exit code")]
    pub(crate) audit_warn: bool,
    /// Exit with this code where there are warnings and nothing worse
    #[arg(long, value_name = "CODE", default_value_t = 0, help_heading = "Exit code")]
    pub(crate) warn_exit_code: u8,
    /// Exit with the code for warnings where nothing passed
    #[arg(long, help_heading = "Exit code")]
    pub(crate) warn_no_pass: bool,
    /// Go on after a resource that can't be judged; always so, the flag is Kyverno's
    #[arg(long, hide = true)]
    pub(crate) continue_on_fail: bool,
    #[command(flatten)]
    pub(crate) cluster: ClusterArguments,
    #[command(flatten)]
    pub(crate) elsewhere: Elsewhere,
    #[command(flatten)]
    pub(crate) registries: RegistryArguments,
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// Mutated objects, violations, one line of counts.
    Plain,
    /// A table.
    Table,
    /// Policy reports.
    Report,
    /// JUnit XML.
    Junit,
    /// SARIF.
    Sarif,
    /// Decision trees and the line of counts.
    Explain,
    /// Decision trees as JSON.
    ExplainJson,
    /// PolicyExceptions.
    Exceptions,
    /// Resources as the policies leave them.
    Pipe,
}

impl View {
    /// Whether standard output is text for people: headings may stand in it.
    pub(super) fn is_for_people(self) -> bool {
        match self {
            Self::Plain | Self::Table | Self::Explain => true,
            Self::Report | Self::Junit | Self::Sarif | Self::ExplainJson | Self::Exceptions | Self::Pipe => {
                false
            }
        }
    }
}

impl Arguments {
    pub(super) fn view(&self) -> View {
        let json = self.output_format == OutputFormat::Json;
        match self.output_format {
            OutputFormat::Junit => View::Junit,
            OutputFormat::Sarif => View::Sarif,
            OutputFormat::Yaml | OutputFormat::Json if self.stdin => View::Pipe,
            OutputFormat::Yaml | OutputFormat::Json if self.explain && json => View::ExplainJson,
            OutputFormat::Yaml | OutputFormat::Json if self.explain => View::Explain,
            OutputFormat::Yaml | OutputFormat::Json if self.policy_report => View::Report,
            OutputFormat::Yaml | OutputFormat::Json if self.generate_exceptions => View::Exceptions,
            OutputFormat::Yaml | OutputFormat::Json if self.table => View::Table,
            OutputFormat::Yaml | OutputFormat::Json => View::Plain,
        }
    }

    /// What is wrong with the call, in Kyverno's words where it has them.
    pub(super) fn fault(&self) -> Option<String> {
        let reads_input = |paths: &[String]| paths.iter().any(|path| path == STANDARD_INPUT);
        let fault = if self.values_file.is_some() && !self.set.is_empty() {
            "pass the values either using set flag or values_file flag"
        } else if self.policies.is_empty() {
            "require policy"
        } else if reads_input(&self.policies) && reads_input(&self.resources) {
            "a stdin pipe can be used for either policies or resources, not both"
        } else {
            return self
                .elsewhere
                .fault()
                .or_else(|| self.fault_beside_a_cluster())
                .or_else(|| {
                    let nothing = self.resources.is_empty() && self.json.is_empty() && !self.cluster.is_asked;
                    nothing.then(|| {
                        "resource file(s) or cluster required: name them with `--resource`".to_owned()
                    })
                });
        };
        Some(fault.to_owned())
    }

    /// What stands in for a cluster can't stand beside one.
    fn fault_beside_a_cluster(&self) -> Option<String> {
        let standing_in = [
            ("--context-file", self.context_file.is_some()),
            ("--secrets", !self.secrets.is_empty()),
            ("--json", !self.json.is_empty()),
            ("--parameter-resource", !self.parameters.is_empty()),
            ("--exceptions-within-resources", self.exceptions_within_resources),
        ];
        let (flag, _) = standing_in
            .into_iter()
            .find(|(_, is_used)| self.cluster.is_asked && *is_used)?;
        Some(format!(
            "`{flag}` can't be used with `--cluster`: the cluster itself is asked"
        ))
    }
}
