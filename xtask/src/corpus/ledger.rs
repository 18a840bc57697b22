//! The ledger: how many cases must agree at least, and which do not and why.
//!
//! `floor.txt`: section, cases that must agree, all cases, fingerprint of the data; a floor may only rise.
//! `known-gaps.txt`: section, case, reason, separated by tabs; a gap that has closed must be struck out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::runner::Counted;
use crate::failure::{Failure, Outcome};
use crate::place;
use crate::report::say;

/// Disagreements shown before the rest are counted only.
const SHOWN: usize = 20;
const FLOOR_HEADER: &str = "# Corpus section, cases that must agree, all cases, fingerprint of the data they were counted on.\n\
                            # `cargo xtask corpus --record` raises a floor; nothing lowers one.\n";
const GAPS_HEADER: &str = "# Where we are known to disagree with the recorded behaviour: section, case, reason, separated by tabs.\n\
                           # A line whose case agrees fails the run: strike it out. docs/compat.md is printed from here.\n";
/// The reason that `--record` writes and a person must replace.
const UNEXPLAINED: &str = "?";

/// Floors and gaps.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    folder: PathBuf,
    floors: BTreeMap<String, Floor>,
    /// Section and case, to reason.
    gaps: BTreeMap<(String, String), String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Floor {
    passed: u64,
    total: u64,
    fingerprint: String,
}

impl Ledger {
    /// Reads both files; a file that is missing is empty.
    pub(super) fn read(folder: &Path) -> Outcome<Self> {
        let mut ledger = Self {
            folder: folder.to_owned(),
            ..Self::default()
        };
        for (number, line) in lines(&ledger.floor_file())? {
            let wrong = || {
                fault(
                    &ledger.floor_file(),
                    number,
                    "is not `section passed total fingerprint`",
                )
            };
            let words: Vec<_> = line.split_whitespace().collect();
            let [section, passed, total, fingerprint] = words.as_slice() else {
                return Err(wrong());
            };
            let (Ok(passed), Ok(total)) = (passed.parse(), total.parse()) else {
                return Err(wrong());
            };
            let floor = Floor {
                passed,
                total,
                fingerprint: (*fingerprint).to_owned(),
            };
            if ledger.floors.insert((*section).to_owned(), floor).is_some() {
                return Err(fault(&ledger.floor_file(), number, "names a section twice"));
            }
        }
        for (number, line) in lines(&ledger.gaps_file())? {
            let mut parts = line.split('\t').map(str::trim);
            let (Some(section), Some(case), Some(reason), None) =
                (parts.next(), parts.next(), parts.next(), parts.next())
            else {
                return Err(fault(
                    &ledger.gaps_file(),
                    number,
                    "is not section, case and reason, separated by tabs",
                ));
            };
            if ledger
                .gaps
                .insert((section.to_owned(), case.to_owned()), reason.to_owned())
                .is_some()
            {
                return Err(fault(&ledger.gaps_file(), number, "names a case twice"));
            }
        }
        Ok(ledger)
    }

    /// A line for a section that does not exist would never be checked.
    pub(super) fn check_names(&self, sections: &[&str]) -> Outcome {
        let named = self
            .floors
            .keys()
            .chain(self.gaps.keys().map(|(section, _)| section));
        match named.into_iter().find(|name| !sections.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(Failure::Found(format!(
                "the ledger names `{name}`, which is no corpus section"
            ))),
        }
    }

    /// How many cases of a section must agree, of how many.
    pub(super) fn floor(&self, section: &str) -> Option<(u64, u64)> {
        self.floors.get(section).map(|floor| (floor.passed, floor.total))
    }

    /// Section, case and reason of every known gap.
    pub(super) fn gaps(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let gaps = self.gaps.iter();
        gaps.map(|((section, case), reason)| (section.as_str(), case.as_str(), reason.as_str()))
    }

    /// Holds a count against floor and gaps.
    pub(super) fn judge(&self, section: &str, counted: &Counted) -> Outcome {
        let total = counted.passed + counted.failed;
        let known: BTreeSet<_> = self
            .gaps
            .keys()
            .filter(|(name, _)| name == section)
            .map(|(_, case)| case.clone())
            .collect();
        say(format!(
            "{section}: passed {} of {total}, known gaps {}",
            counted.passed,
            known.len()
        ));
        let floor = self.floors.get(section);
        let recorded = floor.filter(|floor| floor.fingerprint == counted.fingerprint);
        let mut faults = Vec::new();
        let unknown: Vec<_> = counted.disagreements.difference(&known).collect();
        if !unknown.is_empty() {
            for case in unknown.iter().take(SHOWN) {
                let full = counted.lines.iter().find(|line| line.starts_with(case.as_str()));
                say(format!("  ✗ {}", full.unwrap_or(case)));
            }
            faults.push(format!("{} disagreements are no known gaps", unknown.len()));
        }
        match recorded {
            None => {
                let why = if floor.is_none() {
                    "no floor is recorded"
                } else {
                    "this is other data than the floor's"
                };
                say(format!("  {why}: known gaps alone decide"));
            }
            Some(floor) => {
                if total != floor.total {
                    faults.push(format!(
                        "{total} cases were counted, {} are recorded",
                        floor.total
                    ));
                }
                if counted.passed < floor.passed {
                    faults.push(format!(
                        "{} cases agree, the floor is {}",
                        counted.passed, floor.passed
                    ));
                }
                let closed: Vec<_> = known.difference(&counted.disagreements).collect();
                for case in closed.iter().take(SHOWN) {
                    say(format!("  ✓ `{case}` agrees now: strike it from known-gaps.txt"));
                }
                if !closed.is_empty() {
                    faults.push(format!("{} known gaps have closed", closed.len()));
                }
            }
        }
        let unexplained = known.iter().filter(|case| {
            self.gaps
                .get(&(section.to_owned(), (*case).clone()))
                .is_some_and(|reason| reason == UNEXPLAINED)
        });
        let unexplained = unexplained.count();
        if unexplained > 0 {
            faults.push(format!("{unexplained} known gaps have no reason"));
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Failure::Found(faults.join("; ")))
        }
    }

    /// Raises the floor and writes the gaps as they are now, keeping the reasons that were given.
    pub(super) fn record(&mut self, section: &str, counted: &Counted) -> Outcome {
        let total = counted.passed + counted.failed;
        let old = self
            .floors
            .get(section)
            .filter(|old| old.fingerprint == counted.fingerprint);
        if let Some(old) = old.filter(|old| old.passed > counted.passed) {
            let lower = format!(
                "{} cases agree, the floor is {}: it may only rise",
                counted.passed, old.passed
            );
            return Err(Failure::Found(lower));
        }
        let floor = Floor {
            passed: counted.passed,
            total,
            fingerprint: counted.fingerprint.clone(),
        };
        self.floors.insert(section.to_owned(), floor);
        self.gaps
            .retain(|(name, case), _| name != section || counted.disagreements.contains(case));
        for case in &counted.disagreements {
            let place = (section.to_owned(), case.clone());
            self.gaps.entry(place).or_insert_with(|| UNEXPLAINED.to_owned());
        }
        let floors = self
            .floors
            .iter()
            .map(|(name, floor)| format!("{name} {} {} {}\n", floor.passed, floor.total, floor.fingerprint));
        place::write(
            &self.floor_file(),
            &format!("{FLOOR_HEADER}{}", floors.collect::<String>()),
        )?;
        let gaps = self
            .gaps
            .iter()
            .map(|((name, case), reason)| format!("{name}\t{case}\t{reason}\n"));
        place::write(
            &self.gaps_file(),
            &format!("{GAPS_HEADER}{}", gaps.collect::<String>()),
        )
    }

    fn floor_file(&self) -> PathBuf {
        self.folder.join("floor.txt")
    }

    fn gaps_file(&self) -> PathBuf {
        self.folder.join("known-gaps.txt")
    }
}

fn lines(path: &Path) -> Outcome<Vec<(usize, String)>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = place::read(path)?;
    let numbered = text
        .lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line.trim().to_owned()));
    Ok(numbered
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .collect())
}

fn fault(path: &Path, number: usize, what: &str) -> Failure {
    Failure::Found(format!("{}:{number} {what}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(passed: u64, gaps: &[&str]) -> Counted {
        Counted {
            passed,
            failed: gaps.len() as u64,
            disagreements: gaps.iter().map(|case| (*case).to_owned()).collect(),
            lines: Vec::new(),
            fingerprint: "f".to_owned(),
        }
    }

    fn ledger(passed: u64, gaps: &[&str]) -> Ledger {
        let floor = Floor {
            passed,
            total: passed + gaps.len() as u64,
            fingerprint: "f".to_owned(),
        };
        let gaps = gaps
            .iter()
            .map(|case| (("s".to_owned(), (*case).to_owned()), "because".to_owned()));
        Ledger {
            folder: PathBuf::new(),
            floors: [("s".to_owned(), floor)].into(),
            gaps: gaps.collect(),
        }
    }

    #[test]
    fn the_recorded_count_is_fine() {
        assert!(ledger(9, &["a"]).judge("s", &counted(9, &["a"])).is_ok());
    }

    #[test]
    fn a_case_that_newly_disagrees_fails_even_where_another_agrees_for_it() {
        assert!(ledger(9, &["a"]).judge("s", &counted(9, &["b"])).is_err());
    }

    #[test]
    fn a_gap_that_has_closed_fails_until_it_is_struck_out() {
        assert!(ledger(9, &["a"]).judge("s", &counted(10, &[])).is_err());
    }

    #[test]
    fn fewer_cases_than_the_floor_fail() {
        assert!(ledger(9, &[]).judge("s", &counted(8, &[])).is_err());
    }

    #[test]
    fn other_data_is_held_to_the_gaps_alone() {
        let mut other = counted(3, &["a"]);
        other.fingerprint = "g".to_owned();
        assert!(ledger(9, &["a"]).judge("s", &other).is_ok());
        other.disagreements.insert("c".to_owned());
        assert!(ledger(9, &["a"]).judge("s", &other).is_err());
    }

    #[test]
    fn a_gap_without_a_reason_fails() {
        let mut ledger = ledger(9, &["a"]);
        ledger
            .gaps
            .insert(("s".to_owned(), "a".to_owned()), UNEXPLAINED.to_owned());
        assert!(ledger.judge("s", &counted(9, &["a"])).is_err());
    }

    #[test]
    fn a_line_for_an_unknown_section_is_a_fault() {
        assert!(ledger(9, &[]).check_names(&["t"]).is_err());
        assert!(ledger(9, &[]).check_names(&["s"]).is_ok());
    }
}
