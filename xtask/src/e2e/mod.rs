//! `cargo xtask e2e`: the binary against real parts that others made.
//!
//! Parts are installed or built once into `$XDG_CACHE_HOME/vouchsafe-e2e` and said by name. Where one is missing and
//! can't be had, the test is skipped with a printed line, unless CI is set: then that is a failure.

mod parts;
mod port;
mod push;
mod debian_registry;
mod case;
mod workshop;
mod keyless;
mod matrix;
mod images;
mod cluster;

use self::cluster::{scale, soak};
use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::program::step;
use crate::report::say;
use crate::{binary, place};

/// What `all` means; `scale` is long, and `chainsaw` needs a folder of Kyverno's.
const NAMES: [&str; 5] = ["images", "matrix", "keyless", "cluster", "soak"];

/// Reads the arguments and runs the tests named, or all.
pub(crate) fn run(mut arguments: Arguments) -> Outcome {
    let binary = binary::named_or_built(&mut arguments)?;
    let choice = cluster::Choice::of(&mut arguments)?;
    let length = soak::Length::of(&mut arguments)?;
    let size = scale::Size::of(&mut arguments)?;
    let conformance = cluster::conformance::Choice::of(&mut arguments, choice.only())?;
    let mut names = Vec::new();
    while let Some(name) = arguments.word() {
        names.push(name);
    }
    if names.is_empty() {
        return Err(Failure::Usage(format!(
            "which of {}, scale, or all?",
            NAMES.join(", ")
        )));
    }
    if names == ["all"] {
        names = NAMES.map(str::to_owned).to_vec();
    }
    for name in names {
        step(&format!("e2e {name}"), || match name.as_str() {
            "images" => unless_missing(images::run(&binary)),
            "matrix" => unless_missing(matrix::run(&binary)),
            "keyless" => unless_missing(keyless::run(&binary)),
            "cluster" => unless_missing(cluster::run(&binary, &choice)),
            // Takes an hour and gigabytes: by hand, and no part of `all`.
            "scale" => scale::run(&binary, &choice, &size),
            "soak" => unless_missing(soak::run(&binary, &choice, &length)),
            "chainsaw" => unless_missing(cluster::conformance::run(&binary, choice.release(), &conformance)),
            other => Err(Failure::Usage(format!(
                "there is no e2e test `{other}`; there is {}, scale, chainsaw",
                NAMES.join(", ")
            ))),
        })?;
    }
    Ok(())
}

/// Turns a missing part into a skip where nobody relies on the answer.
fn unless_missing(outcome: Outcome) -> Outcome {
    match outcome {
        Err(Failure::Missing(part)) if !place::in_ci() => {
            say(format!("  skipped: {part}"));
            Ok(())
        }
        other => other,
    }
}
