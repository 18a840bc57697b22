//! `vouchsafe auth explain IMAGE`: how its registry is reached, which credential is offered, and whether it lets us in.
//!
//! Exit 0: let in; 1: not; 2: called wrongly. No secret is shown.

mod explained;

use std::sync::Arc;

use clap::{Args, Subcommand};

use crate::console::Console;
use crate::exit_code::{EXIT_AGAINST, EXIT_OK, EXIT_USAGE};
use crate::host::async_runtime;
use crate::input::{self, FileCluster, InputError};
use crate::runtime::RegistryArguments;

/// Flags of `auth`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Ask an image's registry as judging does, and say by which credential
    Explain(Box<Explain>),
}

#[derive(Debug, Clone, Args)]
struct Explain {
    /// Image, by tag or digest
    #[arg(value_name = "IMAGE")]
    image: String,
    /// Files of Secrets: credentials for registries
    #[arg(long, value_name = "PATH")]
    secrets: Vec<String>,
    /// Pull secret that a Pod of the image would name
    #[arg(long = "pull-secret", value_name = "NAMESPACE/NAME", requires = "secrets")]
    pull_secrets: Vec<String>,
    #[command(flatten)]
    registries: RegistryArguments,
}

/// Runs `auth`.
pub(crate) fn run(arguments: &Arguments, console: &mut Console) -> u8 {
    let Command::Explain(arguments) = &arguments.command;
    match explain(arguments, console) {
        Ok(true) => EXIT_OK,
        Ok(false) => EXIT_AGAINST,
        Err(error) => {
            console.note(&format!("Error: {error}"));
            EXIT_USAGE
        }
    }
}

fn explain(arguments: &Explain, console: &mut Console) -> Result<bool, InputError> {
    let mut files = FileCluster::default();
    if !arguments.secrets.is_empty() {
        files.add_secrets(&input::load_stored(&arguments.secrets)?);
    }
    let loader = arguments.registries.loader(Arc::new(files))?;
    let time = arguments.registries.timeout();
    let runtime = async_runtime().map_err(|cause| InputError::Malformed(cause.to_string()))?;
    let report = runtime.block_on(loader.explain_access(&arguments.image, &arguments.pull_secrets, time));
    let report = report.map_err(InputError::Malformed)?;
    for line in explained::lines(&report) {
        console.line(&line);
    }
    Ok(report.answer.is_ok())
}
