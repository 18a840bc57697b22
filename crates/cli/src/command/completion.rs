//! `vouchsafe completion SHELL`

use clap::Args;
use clap_complete::Shell;

use crate::console::Console;
use crate::exit_code::EXIT_OK;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The shell to complete for
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, mut command: clap::Command, console: &mut Console) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "vouchsafe", &mut script);
    console.print(&String::from_utf8_lossy(&script));
    EXIT_OK
}
