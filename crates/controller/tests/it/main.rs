//! The controller through its public face, against an API server of a few lines.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod stand_in;
mod reads;

// Names as other crates of the workspace have them.
use vouchsafe_controller as controller;
