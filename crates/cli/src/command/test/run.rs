//! What `test` does: find the suites, judge them side by side, print them in order.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use policy_types::Fault;
use policy_types::cli_kyverno_io::test::Test;

use super::arguments::Arguments;
use super::output;
use super::responses::Responses;
use super::rows::{self, RowVerdict, TestRow};
use super::selector::TestSelector;
use super::suite::Suite;
use crate::console::Console;
use crate::exit_code::{EXIT_AGAINST, EXIT_OK};
use crate::host::now_ns;
use crate::input::{InputError, entries, read_file};

/// How deep folders are searched.
const DEEPEST_FOLDER: usize = 64;

/// Runs `test`.
pub(crate) fn run(arguments: &Arguments, console: &mut Console) -> u8 {
    match test(arguments, console) {
        Ok(code) => code,
        Err(error) => {
            console.note(&format!("Error: {error}"));
            EXIT_AGAINST
        }
    }
}

/// A suite that was judged, or why it could not be.
struct Judged {
    heading: String,
    rows: Result<Vec<TestRow>, String>,
}

fn test(arguments: &Arguments, console: &mut Console) -> Result<u8, InputError> {
    if arguments.git_branch.is_some() {
        let why = "suites are not fetched from Git: check the repository out and name its folder";
        return Err(InputError::Malformed(why.to_owned()));
    }
    let selector = TestSelector::parse(&arguments.selector)?;
    let tests = find(arguments)?;
    if tests.is_empty() {
        console.line("No test yamls available");
        return Ok(if arguments.require_tests {
            EXIT_AGAINST
        } else {
            EXIT_OK
        });
    }
    let judged = judge_side_by_side(&tests, arguments, &selector);
    let mut all_rows: Vec<TestRow> = Vec::new();
    let mut broken = 0_usize;
    for suite in judged {
        console.print(&suite.heading);
        match suite.rows {
            Ok(rows) => {
                print_suite(arguments, console, &rows);
                all_rows.extend(rows);
            }
            Err(why) => {
                console.note(&format!("  ERROR: {why}"));
                broken = broken.saturating_add(1);
            }
        }
    }
    Ok(conclude(arguments, console, &all_rows, broken))
}

/// Judges the suites on all cores; results in the order of suites.
fn judge_side_by_side(
    tests: &[(String, Test)],
    arguments: &Arguments,
    selector: &TestSelector,
) -> Vec<Judged> {
    let next = AtomicUsize::new(0);
    let done: Vec<Mutex<Option<Judged>>> = tests.iter().map(|_| Mutex::new(None)).collect();
    let threads = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(tests.len());
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (Some((path, test)), Some(slot)) = (tests.get(index), done.get(index)) else {
                break;
            };
            let judged = judge(path, test, arguments, selector);
            if let Ok(mut slot) = slot.lock() {
                *slot = Some(judged);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    done.into_iter()
        .map(|slot| slot.into_inner().ok().flatten())
        .map(|judged| {
            judged.unwrap_or_else(|| Judged {
                heading: String::new(),
                rows: Err("the suite was not judged".to_owned()),
            })
        })
        .collect()
}

fn judge(path: &str, test: &Test, arguments: &Arguments, selector: &TestSelector) -> Judged {
    let started = format!("Loading test {} ( {path} ) ...\n", test.metadata.name);
    let suite = match Suite::load(path, test.clone()) {
        Ok(suite) => suite,
        Err(error) => {
            return Judged {
                heading: started,
                rows: Err(error.to_string()),
            };
        }
    };
    let faults: String = suite
        .policies
        .faults
        .iter()
        .map(|fault: &Fault| format!("  ERROR: {fault}\n"))
        .collect();
    let (policies, resources) = (suite.policies.policies.len(), suite.resources.len());
    let exceptions = suite.policies.exceptions.len();
    let noun = |count: usize, one: &str, many: &str| {
        if count == 1 {
            one.to_owned()
        } else {
            many.to_owned()
        }
    };
    let heading = format!(
        "{started}{faults}  Applying {policies} {} to {resources} {} with {exceptions} {} ...\n  Checking results ...\n\n",
        noun(policies, "policy", "policies"),
        noun(resources, "resource", "resources"),
        noun(exceptions, "exception", "exceptions"),
    );
    let rows = Responses::of(&suite, now_ns(), &arguments.registries)
        .and_then(|responses| rows::rows(&suite, &responses, selector))
        .map_err(|error| format!("{}: {error}", suite.name_or_path()));
    Judged { heading, rows }
}

impl Suite {
    fn name_or_path(&self) -> &str {
        if self.name.is_empty() {
            &self.path
        } else {
            &self.name
        }
    }
}

fn print_suite(arguments: &Arguments, console: &mut Console, rows: &[TestRow]) {
    if arguments.fail_only {
        return;
    }
    let rows: Vec<&TestRow> = rows.iter().collect();
    match arguments.output_format {
        Some(format) => console.print(&output::structured(&rows, format, arguments.detailed_results)),
        None => console.line(&output::table(&rows, arguments.detailed_results)),
    }
}

fn conclude(arguments: &Arguments, console: &mut Console, rows: &[TestRow], broken: usize) -> u8 {
    let failures: Vec<&TestRow> = rows
        .iter()
        .filter(|row| row.verdict == RowVerdict::Fail)
        .collect();
    let failed = failures.len().saturating_add(broken);
    let passed = rows.len().saturating_sub(failures.len());
    if arguments.fail_only {
        console.line(&format!(
            "\nTest Summary: {failed} out of {} tests failed",
            rows.len().saturating_add(broken)
        ));
        if !failures.is_empty() {
            console.line("\nAggregated Failed Test Cases : ");
            console.line(&output::table(&failures, arguments.detailed_results));
        }
    } else {
        console.line(&format!(
            "\nTest Summary: {passed} tests passed and {failed} tests failed"
        ));
        if !failures.is_empty() && rows.len() > failures.len() {
            console.line("\nAggregated Failed Test Cases : ");
            console.line(&output::table(&failures, arguments.detailed_results));
        }
    }
    if failed > 0 {
        console.note(&format!("Error: {failed} tests failed"));
        return EXIT_AGAINST;
    }
    EXIT_OK
}

/// Every test document under the paths, in the order of their names.
fn find(arguments: &Arguments) -> Result<Vec<(String, Test)>, InputError> {
    let mut files = Vec::new();
    for path in &arguments.paths {
        if Path::new(path).is_dir() {
            search(Path::new(path), &arguments.file_name, DEEPEST_FOLDER, &mut files)?;
        } else {
            files.push(PathBuf::from(path));
        }
    }
    let mut tests = Vec::new();
    let mut faults: Vec<String> = Vec::new();
    for file in files {
        let path = file.to_string_lossy().into_owned();
        match manifest::read(&read_file(&path)?, &path) {
            Err(errors) => faults.extend(errors.iter().map(ToString::to_string)),
            Ok(documents) => {
                for document in documents {
                    match policy_types::load_cli::<Test>(document) {
                        Ok(loaded) => tests.push((path.clone(), loaded.object)),
                        Err(found) => faults.extend(found.iter().map(ToString::to_string)),
                    }
                }
            }
        }
    }
    if faults.is_empty() {
        return Ok(tests);
    }
    Err(InputError::Malformed(format!(
        "found {} errors after loading tests\n{}",
        faults.len(),
        faults.join("\n")
    )))
}

fn search(folder: &Path, name: &str, deeper: usize, found: &mut Vec<PathBuf>) -> Result<(), InputError> {
    for path in entries(folder)? {
        // As Kyverno: links to folders are not followed; what Git keeps beside a checkout holds no suites.
        if path.is_dir() && (path.is_symlink() || path.file_name().is_some_and(|file| file == ".git")) {
            continue;
        }
        if path.is_dir() {
            if let Some(deeper) = deeper.checked_sub(1) {
                search(&path, name, deeper, found)?;
            }
        } else if path
            .file_name()
            .is_some_and(|file| file.to_string_lossy() == name)
        {
            found.push(path);
        }
    }
    Ok(())
}
