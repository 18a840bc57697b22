//! Expected results against found ones, one row for each rule and resource.

use std::collections::BTreeSet;
use std::sync::Arc;

use policy_engine::Decision;
use policy_engine::decision::RuleResult;
use policy_engine::outcome::RuleKind;
use policy_reports::ReportedResult;
use policy_types::cli_kyverno_io::test::TestResult;
use serde_json::Value;

use super::comparison::{Compared, ExpectedObjects};
use super::responses::Responses;
use super::selector::TestSelector;
use super::suite::Suite;
use crate::input::{InputError, RefusedPolicy, Resource};

/// The reason of rows about policies that do not load, in Kyverno's words.
const INVALID: &str = "Invalid Policy";

/// One row of a suite's table.
#[derive(Debug, Clone)]
pub(super) struct TestRow {
    pub(super) policy: String,
    pub(super) rule: String,
    /// `apiVersion/Kind/namespace/name`
    pub(super) resource: String,
    pub(super) verdict: RowVerdict,
    /// `Ok`, `Want pass, got fail`, `Excluded`, …
    pub(super) reason: String,
    /// Message of the rule.
    pub(super) message: String,
}

/// How a row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowVerdict {
    /// As expected.
    Pass,
    /// Not as expected.
    Fail,
    /// Counted apart: expected to be skipped, or no rule spoke.
    Skip,
    /// As expected, by a policy that does not load.
    NotJudged,
}

/// The rows of a suite.
///
/// # Errors
/// [`InputError`] where a file of expected objects can't be read.
pub(super) fn rows(
    suite: &Suite,
    responses: &Responses,
    selector: &TestSelector,
) -> Result<Vec<TestRow>, InputError> {
    let mut rows = Vec::new();
    for expected in suite
        .test
        .results
        .iter()
        .filter(|expected| selector.selects(expected))
    {
        let check = Check {
            suite,
            responses,
            expected,
            objects: expected_objects(suite, expected)?,
        };
        rows.extend(check.rows(selector));
    }
    rows.extend(unexpected_refusals(suite, selector));
    Ok(rows)
}

/// One row for each document that does not load and that no result speaks of: what it was to say is said of nothing.
fn unexpected_refusals(suite: &Suite, selector: &TestSelector) -> Vec<TestRow> {
    // A policy in force may bear the name of an exception that does not load: results speak of the policy then.
    let is_expected = |name: &str| {
        !suite.has_in_force(name)
            && suite
                .test
                .results
                .iter()
                .any(|expected| policy_name(expected) == name)
    };
    let unexpected = suite
        .refused
        .iter()
        .filter(|refused| !is_expected(&refused.name) && selector.selects_policy(&refused.name));
    let row = |refused: &RefusedPolicy| TestRow {
        policy: refused.name.clone(),
        rule: String::new(),
        resource: String::new(),
        verdict: RowVerdict::Fail,
        reason: INVALID.to_owned(),
        message: refused.reasons.join("\n"),
    };
    unexpected.map(row).collect()
}

/// The last part of `policy`.
fn policy_name(expected: &TestResult) -> &str {
    expected.policy.rsplit('/').next().unwrap_or_default()
}

fn expected_objects(suite: &Suite, expected: &TestResult) -> Result<Option<ExpectedObjects>, InputError> {
    let file = [&expected.patched_resources, &expected.patched_resource]
        .into_iter()
        .find(|file| !file.is_empty());
    file.map(|file| ExpectedObjects::load(&suite.at(file)))
        .transpose()
}

/// One expectation under check.
struct Check<'c> {
    suite: &'c Suite,
    responses: &'c Responses,
    expected: &'c TestResult,
    objects: Option<ExpectedObjects>,
}

impl Check<'_> {
    fn rows(&self, selector: &TestSelector) -> Vec<TestRow> {
        if let Some(row) = self.unknown_names() {
            return vec![row];
        }
        let mut rows = self.unknown_resources(selector);
        if !rows.is_empty() {
            return rows;
        }
        for index in self.candidates(selector) {
            let Some(resource) = self.suite.resources.get(index) else {
                continue;
            };
            for decision in self.responses.about(index, &self.expected.operation) {
                if !self.speaks_of_policy(decision) {
                    continue;
                }
                rows.extend(self.rows_of(resource, decision));
            }
        }
        if rows.is_empty() {
            rows.push(self.row("", RowVerdict::Fail, "Not found".to_owned(), ""));
        }
        rows
    }

    /// Names that nothing bears: a misspelled expectation would otherwise hold by itself.
    fn unknown_names(&self) -> Option<TestRow> {
        let wanted = self.policy_name();
        let policies = &self.suite.policies.policies;
        let refused = self.suite.refused.iter().find(|refused| refused.name == wanted);
        if let Some(refused) = refused.filter(|_| !self.suite.has_in_force(wanted)) {
            // In Kyverno such a row holds, whatever was expected; it is shown as skipped.
            let verdict = match self.wanted_result() {
                "skip" => RowVerdict::NotJudged,
                _ => RowVerdict::Fail,
            };
            return Some(self.row("", verdict, INVALID.to_owned(), &refused.reasons.join("\n")));
        }
        if let Some(reason) = self.suite.unsupported.get(wanted) {
            return Some(self.row("", RowVerdict::Fail, format!("Not supported: {reason}"), ""));
        }
        let Some(policy) = policies.iter().find(|policy| *policy.key.name == *wanted) else {
            let known: Vec<&str> = policies.iter().map(|policy| &*policy.key.name).collect();
            return Some(self.row(
                "",
                RowVerdict::Fail,
                format!("Not found: no policy `{wanted}`{}", nearest(wanted, &known)),
                "",
            ));
        };
        let rule = &self.expected.rule;
        let names: Vec<&str> = policy.rules.iter().map(|rule| &*rule.name).collect();
        let is_known = !policy.kind.is_classic() || names.iter().any(|name| is_rule(name, rule));
        if !rule.is_empty() && !is_known {
            let reason = format!("Not found: no rule `{rule}`{}", nearest(rule, &names));
            return Some(self.row("", RowVerdict::Fail, reason, ""));
        }
        None
    }

    /// Resources that are named and that the suite does not have. Kyverno takes all of its resources instead.
    fn unknown_resources(&self, selector: &TestSelector) -> Vec<TestRow> {
        let suite = self.suite;
        // Payloads bear the names of their files.
        if !suite.test.json_payloads.is_empty() || !suite.test.json_payload.is_empty() {
            return Vec::new();
        }
        let known: Vec<Named> = suite
            .resources
            .iter()
            .chain(&suite.targets)
            .map(Named::of)
            .collect();
        let single = Some(&self.expected.resource).filter(|name| !name.is_empty());
        let mut rows = Vec::new();
        for wanted in self.expected.resources.iter().chain(single) {
            let name = wanted.rsplit('/').next().unwrap_or_default();
            if !known.iter().any(|known| known.is(wanted)) && selector.selects_resource(name) {
                let known: Vec<String> = known.iter().map(|known| known.written_as(wanted)).collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let reason = format!("Not found: no resource `{wanted}`{}", nearest(wanted, &known));
                rows.push(self.row("", RowVerdict::Fail, reason, ""));
            }
        }
        rows
    }

    fn policy_name(&self) -> &str {
        policy_name(self.expected)
    }

    /// The expected result, in its field or the older one.
    fn wanted_result(&self) -> &str {
        let fields = [&self.expected.result, &self.expected.status];
        let given = fields.into_iter().find(|text| !text.is_empty());
        given.map_or("", String::as_str)
    }

    /// Whether the decision was made by the policy, whatever it said.
    fn speaks_of_policy(&self, decision: &Decision) -> bool {
        decision
            .policies
            .iter()
            .any(|policy| *policy.key.name == *self.policy_name())
    }

    /// Places of the resources that are meant; every resource where none is named, as in Kyverno.
    fn candidates(&self, selector: &TestSelector) -> Vec<usize> {
        let expected = self.expected;
        let mut wanted: BTreeSet<String> = expected.resources.iter().cloned().collect();
        if !expected.resource.is_empty() {
            wanted.insert(expected.resource.clone());
        }
        let resources = self.suite.resources.iter().enumerate();
        let named = |resource: &Resource| {
            let (namespace, name) = (resource.text("/metadata/namespace"), resource.name());
            let by_name = wanted.iter().any(|wanted| match wanted.split_once('/') {
                Some((in_namespace, wanted)) => in_namespace == namespace && wanted == name,
                None => wanted == name,
            });
            let by_spec = expected.resource_specs.iter().any(|spec| {
                let api_version = if spec.group.is_empty() {
                    spec.version.clone()
                } else {
                    format!("{}/{}", spec.group, spec.version)
                };
                (api_version.is_empty() || api_version == resource.text("/apiVersion"))
                    && (spec.namespace.is_empty() || spec.namespace == namespace)
                    && spec.name == name
            });
            (by_name || by_spec) && (expected.namespace.is_empty() || expected.namespace == namespace)
        };
        let found: Vec<usize> = resources
            .clone()
            .filter(|(_, resource)| named(resource))
            .map(|(index, _)| index)
            .collect();
        let all: Vec<usize> = if found.is_empty() {
            resources.map(|(index, _)| index).collect()
        } else {
            found
        };
        all.into_iter()
            .filter(|index| {
                self.suite
                    .resources
                    .get(*index)
                    .is_some_and(|resource| selector.selects_resource(resource.name()))
            })
            .collect()
    }

    fn rows_of(&self, resource: &Resource, decision: &Decision) -> Vec<TestRow> {
        let shown = shown(&resource.object);
        let wanted = self.policy_name();
        let mut rows = Vec::new();
        let own = decision
            .results
            .iter()
            .filter(|result| *result.policy.key.name == *wanted);
        for result in own.filter(|result| self.speaks_of_rule(result)) {
            rows.extend(self.rule_rows(resource, decision, result));
        }
        if rows.is_empty() {
            rows.push(self.row(&shown, RowVerdict::Skip, "Excluded".to_owned(), ""));
        }
        rows
    }

    /// Whether the rule is meant. Policies of the kinds in CEL have no rules to tell apart, so a name says nothing about
    /// them, as in Kyverno.
    fn speaks_of_rule(&self, result: &RuleResult) -> bool {
        let wanted = &self.expected.rule;
        wanted.is_empty() || !result.policy.kind.is_classic() || is_rule(&result.rule, wanted)
    }

    fn rule_rows(&self, resource: &Resource, decision: &Decision, result: &RuleResult) -> Vec<TestRow> {
        let message = result.message();
        let Some(objects) = &self.objects else {
            return vec![self.status_row(&shown(&resource.object), result, &message)];
        };
        let mut rows = Vec::new();
        for object in objects_of(resource, decision, result) {
            let shown = shown(&object);
            match objects.compare(&object) {
                Compared::Same => rows.push(self.status_row(&shown, result, &message)),
                Compared::Different => {
                    rows.push(self.row(&shown, RowVerdict::Fail, "Resource diff".to_owned(), &message))
                }
                Compared::Missing if self.expected.fail_on_missing_resources => {
                    rows.push(self.row(&shown, RowVerdict::Fail, "Resource error".to_owned(), &message));
                }
                Compared::Missing => {}
            }
        }
        rows
    }

    fn status_row(&self, resource: &str, result: &RuleResult, message: &str) -> TestRow {
        let found = ReportedResult::of(result.verdict.outcome, result.policy.is_scored).as_str();
        let wanted = self.wanted_result();
        if found == wanted {
            let verdict = if wanted == "skip" {
                RowVerdict::Skip
            } else {
                RowVerdict::Pass
            };
            return self.row(resource, verdict, "Ok".to_owned(), message);
        }
        self.row(
            resource,
            RowVerdict::Fail,
            format!("Want {wanted}, got {found}"),
            message,
        )
    }

    fn row(&self, resource: &str, verdict: RowVerdict, reason: String, message: &str) -> TestRow {
        TestRow {
            policy: self.expected.policy.clone(),
            rule: self.expected.rule.clone(),
            resource: resource.to_owned(),
            verdict,
            reason,
            message: message.to_owned(),
        }
    }
}

/// The objects a rule left: the targets of a rule that changes others, else the resource itself after the policy.
fn objects_of(resource: &Resource, decision: &Decision, result: &RuleResult) -> Vec<Arc<Value>> {
    if !result.targets.is_empty() {
        return result.targets.clone();
    }
    if result.kind != RuleKind::Mutation {
        return vec![Arc::clone(&resource.object)];
    }
    let of_policy = decision
        .results
        .iter()
        .filter(|other| Arc::ptr_eq(&other.policy, &result.policy));
    let last = of_policy.filter_map(|other| other.object.as_ref()).next_back();
    vec![Arc::clone(last.unwrap_or(&resource.object))]
}

/// How results may name a resource: `name`, or `namespace/name`.
struct Named<'r> {
    namespace: &'r str,
    name: &'r str,
}

impl<'r> Named<'r> {
    fn of(resource: &'r Resource) -> Self {
        Self {
            namespace: resource.text("/metadata/namespace"),
            name: resource.text("/metadata/name"),
        }
    }

    /// Whether `wanted` is its name; one that says no namespace may be wanted in any.
    fn is(&self, wanted: &str) -> bool {
        match wanted.rsplit_once('/') {
            Some((namespace, name)) => {
                name == self.name && (namespace == self.namespace || self.namespace.is_empty())
            }
            None => wanted == self.name,
        }
    }

    /// Its name in the form that `wanted` has.
    fn written_as(&self, wanted: &str) -> String {
        if wanted.contains('/') && !self.namespace.is_empty() {
            format!("{}/{}", self.namespace, self.name)
        } else {
            self.name.to_owned()
        }
    }
}

/// Whether a rule, generated ones included, is the one of this name.
fn is_rule(found: &str, wanted: &str) -> bool {
    found == wanted
        || found
            .strip_prefix("autogen-")
            .is_some_and(|rest| rest == wanted || rest.strip_prefix("cronjob-") == Some(wanted))
}

fn nearest(wanted: &str, known: &[&str]) -> String {
    let distance = |name: &&&str| strsim::levenshtein(wanted, name);
    match known.iter().min_by_key(distance) {
        Some(name) => format!(" (did you mean `{name}`?)"),
        None => String::new(),
    }
}

fn shown(object: &Value) -> String {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    ["/apiVersion", "/kind", "/metadata/namespace", "/metadata/name"]
        .map(text)
        .join("/")
}
