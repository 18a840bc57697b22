//! The flags of `lint`.

use clap::{Args, ValueEnum};
use policy_lint::LintCode;

#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// Policy files and folders; `-` reads standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,
    /// How findings are written
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
    /// Findings that fail the run: codes (`VL101`), names (`tag-pattern`), or `all`
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = denied)]
    pub(crate) deny: Vec<Denied>,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people: one line each
    #[default]
    Text,
    /// For machines: one object
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// What fails the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// Any finding.
    All,
    /// Findings of this code.
    Code(LintCode),
}

impl Arguments {
    /// Whether findings of `code` fail the run.
    pub(super) fn denies(&self, code: LintCode) -> bool {
        self.deny
            .iter()
            .any(|denied| [Denied::All, Denied::Code(code)].contains(denied))
    }
}

fn denied(text: &str) -> Result<Denied, String> {
    if text == "all" {
        return Ok(Denied::All);
    }
    LintCode::parse(text)
        .map(Denied::Code)
        .ok_or_else(|| "expected a code such as `VL101`, a name such as `tag-pattern`, or `all`".to_owned())
}
