//! The commands people type: input, output and exit codes.
//!
//! In: arguments, files, standard input. Out: text on the [`Console`], an exit code: 0 all well, 1 a verdict against, 2
//! called wrongly. Never: a verdict of its own; the engine decides.
//!
//!     arguments ─▶ command ─▶ input ─▶ engine + fact-loading ─▶ output ─▶ exit code

mod console;
mod exit_code;
mod input_error;
mod host;
mod input;
mod registry_certificates;
mod trust;
mod runtime;
mod output;
mod judging;
mod command;
mod arguments;

pub use arguments::run;
pub use console::Console;
