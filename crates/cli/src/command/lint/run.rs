//! What `lint` does.

use policy_lint::{Finding, Level};
use policy_types::{Fault, OtherGroup};

use super::arguments::{Arguments, Output};
use super::{json, sarif, text};
use crate::console::Console;
use crate::exit_code::{EXIT_AGAINST, EXIT_OK};
use crate::input;

/// What was found.
#[derive(Debug)]
pub(super) struct Linted {
    /// Policies that were looked at.
    pub(super) policies: usize,
    /// Faults of those that could not be loaded.
    pub(super) faults: Vec<Fault>,
    /// Findings, and whether they fail the run.
    pub(super) findings: Vec<(Finding, bool)>,
    /// Policies of kinds that are not looked at, one line each.
    pub(super) skipped: Vec<String>,
}

impl Linted {
    /// How many warnings and how many notes there are.
    pub(super) fn counts(&self) -> (usize, usize) {
        let of = |level: Level| {
            self.findings
                .iter()
                .filter(|(finding, _)| finding.code.level() == level)
                .count()
        };
        (of(Level::Warning), of(Level::Note))
    }

    fn fails(&self) -> bool {
        !self.faults.is_empty() || self.findings.iter().any(|(_, is_denied)| *is_denied)
    }
}

/// Runs `lint`.
pub(crate) fn run(arguments: &Arguments, console: &mut Console) -> u8 {
    let loaded = match input::load_policies(&arguments.paths) {
        Ok(input) => input.loaded,
        Err(error) => {
            console.note(&format!("Error: {error}"));
            return EXIT_AGAINST;
        }
    };
    let findings = policy_lint::findings(&loaded);
    let is_policy = |group: OtherGroup| match group {
        OtherGroup::CelPolicy | OtherGroup::AdmissionPolicy | OtherGroup::CleanupPolicy => true,
        OtherGroup::NotAPolicy => false,
    };
    let skipped = loaded.others.iter().filter(|other| is_policy(other.group));
    let linted = Linted {
        policies: loaded.policies.len(),
        skipped: skipped
            .map(|other| format!("{}: skipped: {}", other.document.source, other.reason()))
            .collect(),
        findings: findings
            .into_iter()
            .map(|finding| {
                let is_denied = arguments.denies(finding.code);
                (finding, is_denied)
            })
            .collect(),
        faults: loaded.faults,
    };
    match arguments.output {
        Output::Text => text::print(&linted, console),
        Output::Json => console.print(&json::of(&linted)),
        Output::Sarif => console.print(&sarif::of(&linted)),
    }
    if linted.fails() { EXIT_AGAINST } else { EXIT_OK }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::io::Write;
    use std::sync::{Arc, Mutex, PoisonError};

    use serde_json::Value;

    use crate::console::Console;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    const POLICY: &str = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\nspec:\n  failurePolicy: Fail\n  \
                          rules:\n  - name: r\n    match: {any: [{resources: {kinds: [Deployment]}}]}\n    validate: {message: \
                          m, pattern: {spec: {containers: [{image: x}]}}}\n";

    /// Exit code and standard output of `vouchsafe lint` over a file with `text`.
    fn lint(text: &str, flags: &[&str]) -> (u8, String) {
        let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let path = file.path().to_string_lossy().into_owned();
        let arguments = ["vouchsafe", "lint", &path]
            .into_iter()
            .chain(flags.iter().copied());
        let out = Kept::default();
        let mut console = Console::of(Box::new(out.clone()), Box::new(Kept::default()));
        let code = crate::run(arguments.map(OsString::from), &mut console);
        let bytes = out.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (code, String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn findings_have_file_line_code_and_what_to_write_instead() {
        let (code, text) = lint(POLICY, &[]);
        assert_eq!(code, 0, "{text}");
        assert!(
            text.contains(".yaml:9:45: warning[VL001]: spec.rules[0].validate.pattern.spec.containers: "),
            "{text}"
        );
        assert!(
            text.contains("; write `webhookConfiguration: {failurePolicy: Fail}` instead"),
            "{text}"
        );
    }

    #[test]
    fn a_denied_finding_and_a_fault_fail_the_run() {
        assert_eq!(lint(POLICY, &["--deny", "pattern-path"]).0, 1);
        assert_eq!(lint(POLICY, &["--deny", "VL101,VL501"]).0, 1);
        assert_eq!(lint(POLICY, &["--deny", "VL101"]).0, 0);
        assert_eq!(lint(POLICY, &["--deny", "all"]).0, 1);
        assert_eq!(lint(POLICY, &["--deny", "VL999"]).0, 2);
        let (code, text) = lint(&POLICY.replace("name: r", "nam: r"), &[]);
        assert_eq!(code, 1);
        assert!(text.contains("error[policy::unknown-field]"), "{text}");
    }

    #[test]
    fn machines_read_the_same_findings() {
        let (_, text) = lint(POLICY, &["--output", "json", "--deny", "VL001"]);
        let json: Value = serde_json::from_str(&text).unwrap();
        let found = json["findings"].as_array().unwrap();
        let path = found.iter().find(|finding| finding["code"] == "VL001").unwrap();
        assert_eq!(
            (
                path["line"].as_u64(),
                path["denied"].as_bool(),
                path["level"].as_str()
            ),
            (Some(9), Some(true), Some("warning"))
        );
        let (_, text) = lint(POLICY, &["--output", "sarif", "--deny", "VL001"]);
        let sarif: Value = serde_json::from_str(&text).unwrap();
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), found.len());
        let path = results.iter().find(|result| result["ruleId"] == "VL001").unwrap();
        assert_eq!(path["level"], "error");
        assert_eq!(path["locations"][0]["physicalLocation"]["region"]["startLine"], 9);
    }
}
