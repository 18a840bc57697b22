//! `vouchsafe demo`: the whole trip on throw-away evidence, with nothing else installed.
//!
//! A registry in the process, keys, a certificate authority and logs that die with it, images signed and not signed, and
//! the real webhook on loopback for each of three policies; reviews go to it over HTTPS as the API server sends
//! them. A verdict that surprises makes the demo fail.

mod scenarios;
mod images;
mod review;
mod stage;
mod run;

use clap::Args;

pub(crate) use run::run;

/// The flags of `demo`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// Go on serving after the table, and print the lines to try
    #[arg(long)]
    keep: bool,
}
