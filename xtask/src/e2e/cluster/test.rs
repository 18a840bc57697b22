//! One test: a sentence that would be true in the manual, and how to see that it is.

use super::town::Town;
use crate::failure::{Failure, Outcome};
use crate::report::{say, seconds};
use std::time::Instant;

/// One test.
pub(super) struct Test {
    /// Its file and function: the sentence, with underscores.
    pub(super) name: &'static str,
    /// Shows it.
    pub(super) show: fn(&mut Town) -> Outcome,
}

/// The tests of a file, each under its function's name.
macro_rules! tests {
    ($($name:ident),+ $(,)?) => {
        &[$($crate::e2e::cluster::test::Test {
            name: concat!(module_path!(), "::", stringify!($name)),
            show: $name,
        }),+]
    };
}
pub(super) use tests;

/// Runs those of `tests` whose name contains `only`; each runs, whatever became of those before it.
pub(super) fn run_all(tests: &[&Test], only: &str, town: &mut Town) -> Outcome {
    let mut faults = Vec::new();
    let mut ran = 0_usize;
    for test in tests {
        let name = test
            .name
            .rsplit_once("cluster::")
            .map_or(test.name, |(_, name)| name);
        if !name.contains(only) {
            continue;
        }
        ran = ran.saturating_add(1);
        let begun = Instant::now();
        let outcome = (test.show)(town);
        let took = seconds(begun.elapsed());
        match outcome {
            Ok(()) => say(format!("  ✓ {name} in {took}")),
            Err(fault) => {
                say(format!("  ✗ {name} after {took}: {fault}"));
                faults.push(format!("{name}: {fault}"));
            }
        }
    }
    if ran == 0 {
        return Err(Failure::Usage(format!(
            "no test of `e2e cluster` is named like `{only}`"
        )));
    }
    if faults.is_empty() {
        say(format!("  {ran} tests passed"));
        return Ok(());
    }
    Err(Failure::Several(faults))
}

/// Wants `part` to stand in what a program said.
pub(super) fn wants(said: &str, part: &str) -> Outcome {
    if said.contains(part) {
        return Ok(());
    }
    let end: Vec<&str> = said.lines().rev().take(12).collect();
    let end: Vec<&str> = end.into_iter().rev().collect();
    Err(Failure::Found(format!("`{part}` is not in:\n{}", end.join("\n"))))
}
