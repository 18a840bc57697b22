//! Recorded behaviour that is not held through the binary: the webhook's answers, and CEL.
//!
//! They are tests of their crates that sleep until `VOUCHSAFE_CORPUS` is set; each fails where its data is missing, and
//! keeps a ledger of its own. Run over the whole workspace, so that nothing is built anew for them.

use std::path::Path;

use crate::failure::Outcome;
use crate::program::{Program, step};

/// What the tests are called, by the start of their paths.
const FILTERS: [&str; 2] = ["recorded::", "corpus::"];

/// Runs them all.
pub(super) fn run(shared: &Path) -> Outcome {
    step("corpus recorded tests", || {
        Program::cargo()
            .args(["test", "--quiet", "--workspace", "--test", "it", "--"])
            .args(FILTERS)
            .args(["--nocapture"])
            .env("VOUCHSAFE_CORPUS", "1")
            .env("VOUCHSAFE_SHARED", shared)
            .run()
    })
}
