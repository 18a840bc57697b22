//! `cargo xtask tidy`: the rules of the house that no compiler keeps.
//!
//! In: the tree. Out: every fault at once, each with file and line. Never changes a file, but for `--fix`, which
//! writes the map in ARCHITECTURE.md anew.

mod tree;
mod walls;
mod text;
mod order;
mod architecture;

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::place;
use tree::Tree;

/// Reads the arguments and checks, or writes the map first.
pub(crate) fn run(mut arguments: Arguments) -> Outcome {
    let fix = arguments.flag("--fix");
    arguments.end()?;
    if fix {
        architecture::write(&Tree::read(&place::root())?)?;
    }
    check()
}

/// Checks all rules.
pub(crate) fn check() -> Outcome {
    let tree = Tree::read(&place::root())?;
    let mut faults = Vec::new();
    faults.extend(text::faults(&tree));
    faults.extend(order::faults(&tree));
    faults.extend(walls::faults(&tree)?);
    faults.extend(architecture::faults(&tree)?);
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Failure::Several(faults))
    }
}
