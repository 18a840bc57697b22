//! The one binary: hands its arguments to the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut console = cli::Console::standard();
    ExitCode::from(cli::run(std::env::args_os(), &mut console))
}
