//! Runs the corpus tool on one section and reads what it counted.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rehearsal::oci::digest_of;

use super::section::{Images, Section};
use crate::failure::{Failure, Outcome};
use crate::images;
use crate::place;
use crate::program::Program;

/// What a section gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// Cases that agree.
    pub(super) passed: u64,
    /// Cases that do not.
    pub(super) failed: u64,
    /// The disagreements, without what was got: their names in the ledger.
    pub(super) disagreements: BTreeSet<String>,
    /// The same, in full.
    pub(super) lines: Vec<String>,
    /// Which data this was: changes with the name or length of any file.
    pub(super) fingerprint: String,
}

/// Runs `section`, its images served where it needs them.
pub(super) fn count(section: &Section, shared: &Path, binary: &Path, jobs: &str) -> Outcome<Counted> {
    let folder = shared.join(section.folder);
    let missing = || {
        Failure::Found(format!(
            "there is no corpus at `{}`; set VOUCHSAFE_SHARED to the folder that holds `{}`",
            folder.display(),
            section.folder
        ))
    };
    if !folder.is_dir() {
        return Err(missing());
    }
    let cases = match section.policies {
        None => folder.clone(),
        Some(policies) => composed(section, &folder, &place::root().join(policies))?,
    };
    let fingerprint = fingerprint(&cases)?.ok_or_else(missing)?;
    let report = match section.images {
        Images::None => tool(section, shared, &cases, binary, jobs)?,
        Images::WithReferrers | Images::WithoutReferrers => {
            let served = served(&folder, section.images == Images::WithReferrers)?;
            let runtime = images::runtime()?;
            let (registry, _) = runtime.block_on(served.start())?;
            let report = tool(section, shared, &cases, binary, jobs);
            runtime.block_on(registry.shutdown());
            report?
        }
    };
    let mut counted = read(&report)?;
    if counted.passed + counted.failed == 0 {
        return Err(missing());
    }
    counted.fingerprint = fingerprint;
    Ok(counted)
}

fn tool(section: &Section, shared: &Path, folder: &Path, binary: &Path, jobs: &str) -> Outcome<String> {
    let mut program = Program::new("python3")
        .args([
            shared.join("tools").join("corpus").as_os_str(),
            section.mode.as_ref(),
        ])
        .args([binary, folder])
        .args(["--verbose", "--jobs", jobs]);
    if let Some(class) = section.class {
        program = program.args(["--class", class]);
    }
    Ok(program.capture()?.expect_success()?.stdout)
}

/// A folder of the same shape with policies of our own: those of which `folder` says what to expect.
fn composed(section: &Section, folder: &Path, policies: &Path) -> Outcome<PathBuf> {
    let cases = place::root().join("target").join("corpus").join(section.name);
    let unwritable = |source| Failure::File {
        path: cases.clone(),
        source,
    };
    if cases.exists() {
        fs::remove_dir_all(&cases).map_err(unwritable)?;
    }
    fs::create_dir_all(cases.join("policies")).map_err(unwritable)?;
    for name in ["repository.json", "digests.tsv"] {
        place::write(&cases.join(name), &place::read(&folder.join(name))?)?;
    }
    let expected = place::read(&folder.join("expected.json"))?;
    place::write(&cases.join("expected.json"), &expected)?;
    let expected: serde_json::Value =
        serde_json::from_str(&expected).map_err(|error| Failure::Found(format!("expected.json: {error}")))?;
    let unreadable = |source| Failure::File {
        path: policies.to_owned(),
        source,
    };
    for entry in fs::read_dir(policies.join("policies")).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let (Some(stem), Some(name)) = (path.file_stem(), path.file_name()) else {
            continue;
        };
        if expected.get(&*stem.to_string_lossy()).is_some() {
            place::write(&cases.join("policies").join(name), &place::read(&path)?)?;
        }
    }
    Ok(cases)
}

/// The images of `folder` under the name that its policies use: `repository.json` says `host:port/name`.
fn served(folder: &Path, referrers_api: bool) -> Outcome<images::Images> {
    let path = folder.join("repository.json");
    let text = place::read(&path)?;
    let wrong = || {
        Failure::Found(format!(
            "`{}` is no JSON string like \"127.0.0.1:5012/acme\"",
            path.display()
        ))
    };
    let repository: String = serde_json::from_str(&text).map_err(|_| wrong())?;
    let (address, name) = repository.split_once('/').ok_or_else(wrong)?;
    let address: SocketAddr = address.parse().map_err(|_| wrong())?;
    Ok(images::Images {
        layout: folder.join("layout"),
        name: name.to_owned(),
        address,
        referrers_api,
    })
}

/// Reads the tool's report: `FAIL case: why` lines and, last, `N passed, N failed`.
fn read(report: &str) -> Outcome<Counted> {
    let mut counted = Counted::default();
    let mut failures: Vec<String> = Vec::new();
    for line in report.lines() {
        // A tab separates the ledger's columns.
        let line = line.replace('\t', " ");
        match (line.strip_prefix("FAIL "), failures.last_mut()) {
            (Some(failure), _) => failures.push(failure.to_owned()),
            (None, Some(open)) if !is_count(&line) => {
                open.push('↵');
                open.push_str(&line);
            }
            (None, _) => break,
        }
    }
    counted.disagreements = failures.iter().map(|failure| named(failure).to_owned()).collect();
    counted.lines = failures;
    let summary = report.lines().last().unwrap_or_default();
    let numbers = summary
        .strip_suffix(" failed")
        .and_then(|rest| rest.split_once(" passed, "));
    let parsed = numbers.and_then(|(passed, failed)| Some((passed.parse().ok()?, failed.parse().ok()?)));
    let Some((passed, failed)) = parsed else {
        return Err(Failure::Found(format!(
            "the corpus tool ended with `{summary}`, not with its count"
        )));
    };
    (counted.passed, counted.failed) = (passed, failed);
    Ok(counted)
}

/// `group: passed/all`: the first line behind the disagreements.
fn is_count(line: &str) -> bool {
    let numbers = line
        .rsplit_once(": ")
        .and_then(|(_, numbers)| numbers.split_once('/'));
    numbers.is_some_and(|(passed, all)| passed.parse::<u64>().is_ok() && all.parse::<u64>().is_ok())
}

/// The part of a disagreement that names the case and what was recorded, and not what we said.
fn named(failure: &str) -> &str {
    let case = failure.split_once(": ").map_or(failure, |(case, _)| case);
    if case.ends_with("kyverno-test.yaml") {
        return case;
    }
    let recorded = failure.contains(": recorded") || failure.contains(": expected");
    let before = failure.split_once(", got ").filter(|_| recorded);
    before.map_or(failure, |(name, _)| name)
}

/// A digest over names and lengths of all files, or `None` where there are none.
fn fingerprint(folder: &Path) -> Outcome<Option<String>> {
    let mut listed = BTreeSet::new();
    walk(folder, folder, &mut listed)?;
    let text: String = listed
        .iter()
        .map(|(path, length)| format!("{length} {path}\n"))
        .collect();
    let digest = digest_of(text.as_bytes());
    Ok((!listed.is_empty()).then(|| digest.trim_start_matches("sha256:").chars().take(16).collect()))
}

fn walk(root: &Path, folder: &Path, listed: &mut BTreeSet<(String, u64)>) -> Outcome {
    let unreadable = |source| Failure::File {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        let about = fs::metadata(&path).map_err(unreadable)?;
        if about.is_dir() {
            walk(root, &path, listed)?;
        } else {
            let name = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned();
            listed.insert((name, about.len()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tools_report_is_read_and_disagreements_named_without_what_we_said() {
        let report = "FAIL a.json: p/r/Pod/default/x: recorded pass, got None\n\
                      FAIL policies/key.yaml: replayed: expected fail, got pass (why)\n\
                      FAIL other/rec/kyverno-test.yaml: exit status 1\n\
                      FAIL answers.json: a.yaml: x |\n y: recorded 1, got 2\n\
                      all: 1/4\nin 0.1 s, 2 cases\n1 passed, 4 failed\n";
        let counted = read(report).unwrap();
        assert_eq!((counted.passed, counted.failed), (1, 4));
        let names: Vec<_> = counted.disagreements.iter().map(String::as_str).collect();
        let expected = [
            "a.json: p/r/Pod/default/x: recorded pass",
            "answers.json: a.yaml: x |↵ y: recorded 1",
            "other/rec/kyverno-test.yaml",
            "policies/key.yaml: replayed: expected fail",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_report_without_a_count_is_a_failure() {
        assert!(read("").is_err());
        assert!(read("FAIL x: y\n").is_err());
    }
}
