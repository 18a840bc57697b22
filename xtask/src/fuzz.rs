//! `cargo xtask fuzz`: a smoke of each fuzz target, where nightly and cargo-fuzz are there.
//!
//! The oracles run on every commit by proptest (`crates/fact-loading/tests/it/fuzzing.rs`), in CI too: building under
//! libFuzzer takes minutes there and finds in its first seconds what proptest finds. At length it is for a person's machine.

use std::path::Path;

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::place;
use crate::program::{Program, step};
use crate::report::say;

/// Seconds for each target unless told otherwise.
const SECONDS: u32 = 30;

/// Runs each target named, or all of them, for some seconds; says so in one line where that can't be.
pub(crate) fn run(mut arguments: Arguments) -> Outcome {
    let seconds = match arguments.value("--seconds")? {
        None => SECONDS,
        Some(text) => text
            .parse()
            .map_err(|_| Failure::Usage(format!("`--seconds {text}`: expected a number")))?,
    };
    let known = targets(&place::root().join("fuzz/fuzz_targets"))?;
    let mut wanted = Vec::new();
    while let Some(word) = arguments.word() {
        if !known.contains(&word) {
            return Err(Failure::Usage(format!(
                "there is no target `{word}`: {}",
                known.join(", ")
            )));
        }
        wanted.push(word);
    }
    if let Some(why) = obstacle() {
        say(format!(
            "fuzz: skipped: {why}; `cargo test -p vouchsafe-fact-loading fuzzing` drives the same oracles"
        ));
        return Ok(());
    }
    let wanted = if wanted.is_empty() { known } else { wanted };
    for target in wanted {
        step(&format!("fuzz {target} for {seconds} s"), || {
            fuzz(&target, seconds)
        })?;
    }
    Ok(())
}

fn fuzz(target: &str, seconds: u32) -> Outcome {
    let time = format!("-max_total_time={seconds}");
    Program::new("cargo")
        .args([
            "+nightly",
            "fuzz",
            "run",
            target,
            "--",
            &time,
            "-timeout=25",
            "-rss_limit_mb=2048",
        ])
        .folder(&place::root().join("fuzz"))
        .run()
}

/// Why nothing can be fuzzed here.
fn obstacle() -> Option<String> {
    if place::in_ci() {
        return Some("CI runs the oracles by proptest".to_owned());
    }
    let found = Program::new("cargo")
        .args(["+nightly", "fuzz", "--version"])
        .capture();
    match found {
        Ok(found) if found.succeeded() => None,
        Ok(found) if found.stderr.contains("toolchain") => {
            Some("there is no nightly toolchain (`rustup toolchain install nightly`)".to_owned())
        }
        Ok(_) => Some("cargo-fuzz is not installed (`cargo install cargo-fuzz`)".to_owned()),
        Err(failure) => Some(failure.to_string()),
    }
}

/// Names of the targets, sorted.
fn targets(folder: &Path) -> Outcome<Vec<String>> {
    let unreadable = |source| Failure::File {
        path: folder.to_owned(),
        source,
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        names.extend(
            name.to_str()
                .and_then(|name| name.strip_suffix(".rs"))
                .map(str::to_owned),
        );
    }
    names.sort();
    if names.is_empty() {
        return Err(Failure::Found(format!(
            "no fuzz targets in `{}`",
            folder.display()
        )));
    }
    Ok(names)
}
