//! Fields that a pattern or patch asks for and a matched kind does not have.
//!
//! A plain key that is not there makes every object of the kind fail. A key under an anchor that is not there checks
//! nothing; several kinds under one rule are often told apart so, and it is told only where no kind has the field.

use manifest::{FieldPath, Segment};
use policy_types::kyverno_io::rule::Rule;
use serde_json::Value;

use crate::code::LintCode;
use crate::finding::Report;
use crate::kubernetes::{Kind, Shape, Step};
use crate::source::{Source, kinds_of};

/// Fields of a Pod that are also looked for in what makes Pods: the usual mistake.
const POD_SPEC: Shape = Shape::Object("PodSpec");

/// Fields told of for one pattern and kind, in number: they are compared with each other, and more say nothing new.
const MOST_MISSING: usize = 50;

/// A field that is not there.
#[derive(Debug, Clone)]
struct Missing {
    path: FieldPath,
    /// As the author would write it below the object: `spec.containers`.
    field: String,
    /// Under a plain key all the way, and so demanded.
    is_demanded: bool,
    nearest: Option<&'static str>,
}

/// Looks at `validate.pattern`, `validate.anyPattern` and `mutate.patchStrategicMerge` of each rule.
pub(crate) fn check(source: &Source<'_>, report: &mut Report<'_>) {
    for (rule, path) in source.rules() {
        let kinds = kinds_of(&rule.matches);
        // A kind that isn't known might have the field; what is said of the known ones still holds.
        if kinds.is_empty() {
            continue;
        }
        if let Some(validation) = &rule.validate {
            let path = path.key("validate");
            one_pattern(&validation.pattern, &path.key("pattern"), &kinds, report);
            any_pattern(&validation.any_pattern, &path.key("anyPattern"), &kinds, report);
        }
        patch(rule, &path.key("mutate"), &kinds, report);
    }
}

fn one_pattern(pattern: &Value, path: &FieldPath, kinds: &[Kind], report: &mut Report<'_>) {
    let found: Vec<(Kind, Vec<Missing>)> = kinds
        .iter()
        .map(|kind| (*kind, missing(pattern, path, *kind)))
        .collect();
    tell(&found, kinds.len(), report);
}

/// One alternative for each kind is a design: a kind is told of only if no alternative suits it.
fn any_pattern(patterns: &Value, path: &FieldPath, kinds: &[Kind], report: &mut Report<'_>) {
    let patterns: Vec<&Value> = patterns.as_array().into_iter().flatten().collect();
    let of_kind = |kind: &Kind| -> Vec<Vec<Missing>> {
        let listed = patterns.iter().enumerate();
        listed
            .map(|(index, pattern)| missing(pattern, &path.index(index), *kind))
            .collect()
    };
    let unsuited = |alternatives: &Vec<Vec<Missing>>| {
        alternatives
            .iter()
            .all(|missing| missing.iter().any(|one| one.is_demanded))
    };
    let found: Vec<(Kind, Vec<Missing>)> = kinds
        .iter()
        .map(|kind| (*kind, of_kind(kind)))
        .filter(|(_, alternatives)| unsuited(alternatives))
        .map(|(kind, alternatives)| (kind, alternatives.into_iter().flatten().collect()))
        .collect();
    tell(&found, kinds.len(), report);
}

/// Says once for each field which kinds lack it.
fn tell(found: &[(Kind, Vec<Missing>)], kinds: usize, report: &mut Report<'_>) {
    let mut told: Vec<&FieldPath> = Vec::new();
    for one in found.iter().flat_map(|(_, missing)| missing) {
        if told.contains(&&one.path) {
            continue;
        }
        told.push(&one.path);
        let lacking: Vec<&Kind> = found
            .iter()
            .filter(|(_, missing)| missing.iter().any(|other| other.path == one.path))
            .map(|(kind, _)| kind)
            .collect();
        if !one.is_demanded && lacking.len() < kinds {
            continue;
        }
        let names: Vec<&str> = lacking.iter().map(|kind| kind.name).collect();
        let field = &one.field;
        let effect = if one.is_demanded {
            "every one fails"
        } else {
            "nothing is checked there"
        };
        let message = format!(
            "the pattern asks for `{field}`, which no {} has: {effect}",
            names.join(", ")
        );
        tell_one(one, &lacking, message, report);
    }
}

fn tell_one(one: &Missing, lacking: &[&Kind], message: String, report: &mut Report<'_>) {
    let in_pod = one.field.strip_prefix("spec.").is_some_and(|rest| {
        let first = rest.split('.').next().unwrap_or(rest);
        matches!(POD_SPEC.field(first), Step::Found { .. })
    });
    if in_pod && lacking.iter().all(|kind| kind.pod_template().is_some()) {
        let hint = "; match Pod alone: rules for what makes Pods are then generated";
        return report.replace(
            LintCode::PatternPath,
            &one.path,
            format!("{message}{hint}"),
            "kinds: [Pod]",
        );
    }
    match one.nearest {
        Some(nearest) => report.replace(LintCode::PatternPath, &one.path, message, format!("{nearest}:")),
        None => report.add(LintCode::PatternPath, &one.path, message),
    }
}

/// A patch of fields that the kind does not have: the API server drops or refuses them.
fn patch(rule: &Rule, path: &FieldPath, kinds: &[Kind], report: &mut Report<'_>) {
    let Some(mutation) = rule.mutate.as_ref().filter(|mutation| mutation.targets.is_none()) else {
        return;
    };
    let path = path.key("patchStrategicMerge");
    let found: Vec<(Kind, Vec<Missing>)> = kinds
        .iter()
        .map(|kind| (*kind, missing(&mutation.patch_strategic_merge, &path, *kind)))
        .collect();
    let Some((_, first)) = found.first() else { return };
    for one in first {
        let in_all = found
            .iter()
            .all(|(_, missing)| missing.iter().any(|other| other.path == one.path));
        if in_all {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.name).collect();
            let message = format!(
                "the patch writes `{}`, which no {} has: the API server drops it",
                one.field,
                names.join(", ")
            );
            tell_one(one, &kinds.iter().collect::<Vec<_>>(), message, report);
        }
    }
}

fn missing(pattern: &Value, path: &FieldPath, kind: Kind) -> Vec<Missing> {
    let mut search = Search {
        path: path.clone(),
        fields: Vec::new(),
        found: Vec::new(),
    };
    search.value(pattern, kind.shape(), true);
    search.found
}

struct Search {
    path: FieldPath,
    fields: Vec<String>,
    found: Vec<Missing>,
}

impl Search {
    /// Compares a pattern with a shape. Recursion is bounded by the depth of the document.
    fn value(&mut self, pattern: &Value, shape: Shape, is_demanded: bool) {
        match (pattern, shape.element()) {
            (Value::Object(fields), None) => {
                for (key, value) in fields {
                    self.field(key, value, shape, is_demanded);
                }
            }
            (Value::Array(elements), Some(shape)) => {
                for (index, element) in elements.iter().enumerate() {
                    self.path.push(Segment::Index(index));
                    self.value(element, shape, is_demanded);
                    self.path.pop();
                }
            }
            _ => {}
        }
    }

    fn field(&mut self, key: &str, value: &Value, shape: Shape, is_demanded: bool) {
        let (anchor, name) = anchored(key);
        if scalars::wildcard::has_wildcard(name) || name.contains("{{") || name.starts_with('$') {
            return;
        }
        // What may be null may be absent.
        let is_demanded = is_demanded && anchor.is_none() && !accepts_absence(value);
        self.path.push(Segment::Key(key.to_owned()));
        self.fields.push(name.to_owned());
        match shape.field(name) {
            Step::Found { shape, .. } => self.value(value, shape, is_demanded),
            Step::Unknown => {}
            Step::Missing if self.found.len() >= MOST_MISSING => {}
            Step::Missing => self.found.push(Missing {
                path: self.path.clone(),
                field: self.fields.join("."),
                is_demanded,
                nearest: shape.nearest(name),
            }),
        }
        self.fields.pop();
        self.path.pop();
    }
}

/// Patterns that an absent field meets.
fn accepts_absence(pattern: &Value) -> bool {
    pattern.is_null() || pattern.as_str().is_some_and(|text| text == "*" || text == "null")
}

/// The anchor of a key (`=`, `X`, `^`, `<`, `+`, or nothing for a condition) and its name; no anchor for a plain key.
fn anchored(key: &str) -> (Option<&str>, &str) {
    let split = key
        .trim()
        .strip_suffix(')')
        .and_then(|inner| inner.split_once('('));
    match split {
        Some((anchor, name)) if matches!(anchor, "" | "=" | "X" | "^" | "<" | "+") => (Some(anchor), name),
        Some(_) | None => (None, key),
    }
}
