//! `cargo xtask corpus`: the binary against recorded behaviour, counted, with a floor that may only rise.
//!
//! In: the folder `$VOUCHSAFE_SHARED`, `tests/corpus/floor.txt`, `tests/corpus/known-gaps.txt`.
//! Out: `passed N of M` for each section; `--record` raises floors and writes them into `docs/compat.md`. Each disagreement must be a known gap with its reason, and each known gap
//! must still be one. On the data that the floor was recorded for, the floor holds too; on other data of the same
//! shape there is no floor and the gaps alone decide. A missing or empty folder is a failure, never a skip.

mod section;
mod ledger;
mod numbers;
mod runner;
mod recorded_tests;

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::program::step;
use crate::{binary, place};
use ledger::Ledger;
use section::{SECTIONS, Section};

/// Reads the arguments and runs the sections named, or all.
pub(crate) fn run(mut arguments: Arguments) -> Outcome {
    let record = arguments.flag("--record");
    let jobs = arguments.value("--jobs")?.unwrap_or_else(|| "2".to_owned());
    let shared = place::shared()?;
    let binary = binary::named_or_built(&mut arguments)?;
    let sections = chosen(&mut arguments)?;
    let all = sections.len() == SECTIONS.len();
    let mut ledger = Ledger::read(&place::root().join("tests").join("corpus"))?;
    ledger.check_names(&SECTIONS.map(|section| section.name))?;
    let mut failed = Vec::new();
    for section in sections {
        let outcome = step(&format!("corpus {}", section.name), || {
            let counted = runner::count(section, &shared, &binary, &jobs)?;
            if record {
                ledger.record(section.name, &counted)?;
            }
            ledger.judge(section.name, &counted)
        });
        if let Err(failure) = outcome {
            failed.push(format!("{}: {failure}", section.name));
        }
    }
    let numbers = if record { numbers::write } else { numbers::check };
    if let Err(failure) = numbers(&SECTIONS, &ledger) {
        failed.push(failure.to_string());
    }
    if all && let Err(failure) = recorded_tests::run(&shared) {
        failed.push(failure.to_string());
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::Several(failed))
    }
}

fn chosen(arguments: &mut Arguments) -> Outcome<Vec<&'static Section>> {
    let mut chosen = Vec::new();
    while let Some(name) = arguments.word() {
        let fits = |section: &&Section| section.name == name || section.name.starts_with(&format!("{name}-"));
        let found: Vec<_> = SECTIONS.iter().filter(fits).collect();
        if found.is_empty() {
            let names = SECTIONS.map(|section| section.name).join(", ");
            return Err(Failure::Usage(format!(
                "there is no corpus section `{name}`; there are {names}"
            )));
        }
        chosen.extend(found);
    }
    Ok(if chosen.is_empty() {
        SECTIONS.iter().collect()
    } else {
        chosen
    })
}
