//! `vouchsafe man [FOLDER]`

use std::path::PathBuf;

use clap::Args;

use crate::console::Console;
use crate::exit_code::{EXIT_AGAINST, EXIT_OK};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Write one page for each command into this folder instead of printing the main one
    folder: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, command: clap::Command, console: &mut Console) -> u8 {
    let written = match &arguments.folder {
        Some(folder) => clap_mangen::generate_to(command, folder).map(|()| String::new()),
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command)
                .render(&mut page)
                .map(|()| String::from_utf8_lossy(&page).into_owned())
        }
    };
    match written {
        Ok(page) => {
            console.print(&page);
            EXIT_OK
        }
        Err(cause) => {
            console.note(&format!("manual pages can't be written: {cause}"));
            EXIT_AGAINST
        }
    }
}
