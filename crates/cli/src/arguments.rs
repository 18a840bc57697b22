//! The command line: which commands there are.

use std::ffi::OsString;

use clap::{CommandFactory, Parser, Subcommand};

use crate::command;
use crate::console::Console;
use crate::exit_code::{EXIT_OK, EXIT_USAGE};

/// Decides, from evidence, which container images may run on Kubernetes. Runs Kyverno's policies unchanged.
#[derive(Debug, Parser)]
#[command(name = "vouchsafe", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge resources by policies, as `kyverno apply` does
    Apply(Box<command::apply::Arguments>),
    /// Verify the signatures or attestations of one image
    Verify(Box<command::verify::Arguments>),
    /// Verify one Sigstore bundle over one file or digest
    VerifyBundle(Box<command::verify_bundle::Arguments>),
    /// Run the suites of kyverno-test.yaml files
    Test(Box<command::test::Arguments>),
    /// Say what the author of a policy should hear before enforcing it
    Lint(command::lint::Arguments),
    /// Say policies in their other kind, and prove it
    Migrate(Box<command::migrate::Arguments>),
    /// Answer admission reviews over HTTPS
    Serve(Box<command::serve::Arguments>),
    /// Decide about admission in a cluster
    Controller(Box<command::controller::Arguments>),
    /// Look at a cluster: what does not work, and what to do
    Doctor(command::doctor::Arguments),
    /// Say why a request was denied, by the id at the end of the denial
    Explain(command::explain::Arguments),
    /// Say how a registry is reached, and by whose credential
    Auth(command::auth::Arguments),
    /// Show the whole trip of an image on throw-away evidence
    Demo(command::demo::Arguments),
    /// Try JMESPath expressions
    Jp(command::jp::Arguments),
    /// Print the version
    Version,
    /// Print a completion script for a shell
    Completion(command::completion::Arguments),
    /// Print manual pages, or write them into a folder
    Man(command::man::Arguments),
}

/// Runs the command in `arguments` (the program's name first) and gives the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>, console: &mut Console) -> u8 {
    let code = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => dispatch(arguments, console),
        Err(error) => {
            let text = if console.is_terminal() {
                error.render().ansi().to_string()
            } else {
                error.render().to_string()
            };
            if error.use_stderr() {
                console.note(text.trim_end());
                EXIT_USAGE
            } else {
                console.print(&text);
                EXIT_OK
            }
        }
    };
    console.flush();
    code
}

fn dispatch(arguments: Arguments, console: &mut Console) -> u8 {
    match arguments.command {
        Command::Apply(arguments) => command::apply::run(&arguments, console),
        Command::Verify(arguments) => command::verify::run(&arguments, console),
        Command::VerifyBundle(arguments) => command::verify_bundle::run(&arguments, console),
        Command::Test(arguments) => command::test::run(&arguments, console),
        Command::Lint(arguments) => command::lint::run(&arguments, console),
        Command::Migrate(arguments) => command::migrate::run(&arguments, console),
        Command::Jp(arguments) => command::jp::run(&arguments, console),
        Command::Serve(arguments) => command::serve::run(&arguments, console),
        Command::Controller(arguments) => command::controller::run(&arguments, console),
        Command::Doctor(arguments) => command::doctor::run(&arguments, console),
        Command::Explain(arguments) => command::explain::run(&arguments, console),
        Command::Auth(arguments) => command::auth::run(&arguments, console),
        Command::Demo(arguments) => command::demo::run(&arguments, console),
        Command::Version => {
            console.line(&format!("vouchsafe {}", env!("CARGO_PKG_VERSION")));
            EXIT_OK
        }
        Command::Completion(arguments) => command::completion::run(&arguments, Arguments::command(), console),
        Command::Man(arguments) => command::man::run(&arguments, Arguments::command(), console),
    }
}
