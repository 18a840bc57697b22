//! `vouchsafe explain ID`: why a request was denied. The id stands at the end of the denial.
//!
//! Exit 0: explained; 1: not, with what to do; 2: called wrongly.

mod arguments;
mod log_file;
mod replicas;

use admission_server::{Explanation, ExplanationId};
use cluster::ClusterError;

pub(crate) use arguments::Arguments;

use self::arguments::Form;
use crate::console::Console;
use crate::exit_code::{EXIT_AGAINST, EXIT_OK, EXIT_USAGE};
use crate::input::InputError;
use crate::output::explain;

/// Why nothing is explained.
#[derive(Debug, thiserror::Error)]
enum ExplainError {
    #[error(
        "`{0}` is no id: one looks like `0123abcd-0123456789abcdef0123456789abcdef`, and stands at the end of a denial"
    )]
    NoId(String),
    #[error("{0}")]
    Log(String),
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    #[error("{0}")]
    NotFound(String),
}

/// Runs `explain`.
pub(crate) fn run(arguments: &Arguments, console: &mut Console) -> u8 {
    match find(arguments) {
        Ok(explanation) => {
            console.print(&match arguments.output {
                Form::Text => text(&explanation),
                Form::Json => serde_json::to_string_pretty(&explanation).unwrap_or_default() + "\n",
            });
            EXIT_OK
        }
        Err(error) => {
            console.note(&format!("Error: {error}"));
            match error {
                ExplainError::NoId(_) => EXIT_USAGE,
                ExplainError::Log(_)
                | ExplainError::Input(_)
                | ExplainError::Cluster(_)
                | ExplainError::NotFound(_) => EXIT_AGAINST,
            }
        }
    }
}

fn find(arguments: &Arguments) -> Result<Explanation, ExplainError> {
    let id = arguments.id.trim();
    if ExplanationId::parse(id).is_none() {
        return Err(ExplainError::NoId(id.chars().take(80).collect()));
    }
    match &arguments.log {
        Some(file) => log_file::find(id, file).map_err(ExplainError::Log),
        None => replicas::find(id, arguments),
    }
}

fn text(explanation: &Explanation) -> String {
    let at = jiff::Timestamp::from_second(explanation.at_seconds);
    let at = at.map(|at| at.to_string()).unwrap_or_default();
    let dry_run = if explanation.dry_run { ", dry run" } else { "" };
    let operation = match explanation.operation.as_str() {
        "" => "a review",
        operation => operation,
    };
    let mut text = format!(
        "denied at {at}: {operation} in the call of `{}`{dry_run}, request {}\n",
        explanation.webhook, explanation.uid
    );
    match &explanation.unjudged {
        Some(reason) => text.push_str(&format!("  not judged: {}\n", reason.replace('\n', "\n    "))),
        None => text.push_str(&explain::decision(&explanation.tree)),
    }
    text
}
