//! Tasks of the project: `cargo xtask help`.

mod report;
mod failure;
mod arguments;
mod images;

use std::process::ExitCode;

use arguments::Arguments;
use failure::{Failure, Outcome};
use report::{complain, say};

const HELP: &str = "\
cargo xtask images LAYOUT --name REPO --addr HOST:PORT [--no-referrers-api]
                    serve an OCI layout folder as a registry until Ctrl-C";

fn main() -> ExitCode {
    let mut arguments = Arguments::new(std::env::args().skip(1));
    let task = arguments.word().unwrap_or_else(|| "help".to_owned());
    match run(&task, arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(format!("xtask {task}: {failure}"));
            ExitCode::from(if matches!(failure, Failure::Usage(_)) {
                2
            } else {
                1
            })
        }
    }
}

fn run(task: &str, arguments: Arguments) -> Outcome {
    match task {
        "images" => images::run(arguments),
        "help" | "--help" | "-h" => {
            say(HELP);
            Ok(())
        }
        other => Err(Failure::Usage(format!("there is no task `{other}`\n{HELP}"))),
    }
}
