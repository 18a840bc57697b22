//! The one binary: hands its arguments to the command line.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A review is thousands of small values, made and dropped together: see docs/decisions/0008-our-own-allocator.md.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let mut console = cli::Console::standard();
    ExitCode::from(cli::run(std::env::args_os(), &mut console))
}
