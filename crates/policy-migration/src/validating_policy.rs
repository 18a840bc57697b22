//! A rule with `validate.pattern` or `anyPattern` as a `ValidatingPolicy`.
//!
//! A rule that does not match, or whose pattern does not apply, is a condition of the policy; what the pattern demands is its
//! one validation. An enforcing rule lets updates of objects that fail already through, as the classic one does.

use serde_json::{Map, Value, json};

use crate::document_value::{list, says, text, variable_in};
use crate::formula::Formula;
use crate::operations::allowed_by;
use crate::pattern_to_cel::{Drawing, draw};
use crate::policy_frame::Frame;
use crate::selection::Selection;
use crate::translation::{Said, Unsaid};

/// Longest expression that is written, in bytes.
const MOST_EXPRESSION_BYTES: usize = 32 * 1024;

/// A policy, and what its reader should know.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) policies: Vec<Value>,
    pub(crate) notes: Vec<String>,
}

/// Says `rule`, which stands at `path`, as policies.
///
/// # Errors
/// The first part of it that can't be said.
pub(crate) fn say(frame: &mut Frame<'_>, rule: &Value, path: &str) -> Said<Written> {
    let validate = rule.get("validate").unwrap_or(&Value::Null);
    let at = format!("{path}.validate");
    let operations = preamble(rule, path)?;
    let operations: Vec<_> = operations.into_iter().filter(|one| *one != "DELETE").collect();
    let selection = Selection::read(rule, path, operations)?;
    let rule_name = text(rule, "name").to_owned();
    let widened = frame.is_widened(&rule_name);
    if widened && !selection.is_pods_alone() {
        let reason = "rules for controllers are written only for policies that name nothing but Pods";
        return Err(Unsaid::new(format!("{path}.match"), reason));
    }
    if says(validate, "failureActionOverrides") {
        let reason = "validationActions are the same in every namespace";
        return Err(Unsaid::new(format!("{at}.failureActionOverrides"), reason));
    }
    let drawing = pattern(validate, "object", &at)?;
    let action = text(validate, "failureAction").to_owned();
    let mut conditions = frame.match_conditions();
    let mut condition = |name: &str, formula: Formula| {
        if formula != Formula::TRUE {
            conditions.push(json!({"name": name, "expression": formula.write()}));
        }
    };
    condition("selected", selection.condition("object")?);
    condition("pattern-applies", drawing.skips.clone().not());
    let lets_old_faults_pass =
        validate.get("allowExistingViolations").and_then(Value::as_bool) != Some(false);
    if frame.enforces(&action) && lets_old_faults_pass && drawing.passes != Formula::FALSE {
        let old = pattern(validate, "oldObject", &at)?;
        condition(
            "not-a-fault-already",
            Formula::any([
                Formula::test("request.operation != 'UPDATE'"),
                drawing.passes.clone(),
                selection.condition("oldObject")?.not(),
                old.passes,
                old.skips,
            ]),
        );
    }
    is_short_enough(&conditions, &drawing.passes, &at)?;
    let mut spec = Map::new();
    let rules = selection.resource_rules(widened);
    if rules.is_empty() {
        return Err(Unsaid::new(
            path,
            "the rule is about no operation that patterns are judged on",
        ));
    }
    spec.insert("matchConstraints".to_owned(), json!({"resourceRules": rules}));
    if !conditions.is_empty() {
        spec.insert("matchConditions".to_owned(), conditions.into());
    }
    spec.insert(
        "validations".to_owned(),
        json!([validation(validate, &drawing.passes, &at)?]),
    );
    spec.insert("validationActions".to_owned(), frame.actions(&action));
    let controllers = frame.controllers(&rule_name);
    if let Some(controllers) = controllers.filter(|_| selection.speaks_of_pods()) {
        spec.insert(
            "autogen".to_owned(),
            json!({"podControllers": {"controllers": controllers}}),
        );
    }
    Ok(finish(frame, &rule_name, "ValidatingPolicy", spec, widened))
}

fn is_short_enough(conditions: &[Value], passes: &Formula, path: &str) -> Said<()> {
    let written = conditions
        .iter()
        .map(|condition| text(condition, "expression").len());
    if written
        .chain([passes.write().len()])
        .any(|bytes| bytes > MOST_EXPRESSION_BYTES)
    {
        let reason = format!("the expression is longer than {MOST_EXPRESSION_BYTES} bytes");
        return Err(Unsaid::new(path, reason));
    }
    Ok(())
}

/// What every rule may begin with; gives the operations it is about.
pub(crate) fn preamble(rule: &Value, path: &str) -> Said<Vec<&'static str>> {
    for field in ["context", "celPreconditions", "imageExtractors"] {
        if says(rule, field) {
            let reason = "data and conditions of this kind can't be said in expressions by a program";
            return Err(Unsaid::new(format!("{path}.{field}"), reason));
        }
    }
    let preconditions = rule.get("preconditions").filter(|value| !value.is_null());
    preconditions.map_or_else(
        || Ok(crate::operations::OPERATIONS.to_vec()),
        |written| allowed_by(written, &format!("{path}.preconditions")),
    )
}

/// The policy itself, and for Pods with controllers one more about what is added to running Pods.
pub(crate) fn finish(
    frame: &mut Frame<'_>,
    rule: &str,
    kind: &str,
    spec: Map<String, Value>,
    adds_to_running_pods: bool,
) -> Written {
    let is_only = list(frame.spec(), "rules").len() == 1;
    let name = frame.name(rule, is_only);
    let mut notes = Vec::new();
    if frame.is_widened(rule) && frame.controllers(rule).is_none() {
        notes.push(format!(
            "`{name}`: ReplicationControllers have no rule of their own in this kind; the Pods they make are judged"
        ));
    }
    let mut policies = vec![frame.policy(kind, &name, spec.clone())];
    if adds_to_running_pods {
        let mut spec = spec;
        let rules = json!({"resourceRules": [{
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "resources": ["pods/ephemeralcontainers"],
            "operations": ["UPDATE"],
        }]});
        spec.insert("matchConstraints".to_owned(), rules);
        spec.insert(
            "autogen".to_owned(),
            json!({"podControllers": {"controllers": []}}),
        );
        let name = frame.name(&format!("{rule}-ephemeral"), false);
        policies.push(frame.policy(kind, &name, spec));
    }
    Written { policies, notes }
}

fn pattern(validate: &Value, object: &str, at: &str) -> Said<Drawing> {
    if let Some(pattern) = validate.get("pattern").filter(|pattern| !pattern.is_null()) {
        return drawn(pattern, object, format!("{at}.pattern"));
    }
    let mut drawings = Vec::new();
    for (index, pattern) in list(validate, "anyPattern").iter().enumerate() {
        drawings.push(drawn(pattern, object, format!("{at}.anyPattern[{index}]"))?);
    }
    if drawings.is_empty() {
        return Err(Unsaid::new(at, "there is no pattern"));
    }
    Ok(Drawing::first_of(drawings))
}

fn drawn(pattern: &Value, object: &str, path: String) -> Said<Drawing> {
    if let Some(place) = variable_in(pattern, &path) {
        return Err(Unsaid::new(
            place,
            "variables and references in patterns can't be said",
        ));
    }
    if !pattern.is_object() {
        return Err(Unsaid::new(path, "a pattern of an object is a map"));
    }
    draw(pattern, object, &path)
}

fn validation(validate: &Value, passes: &Formula, at: &str) -> Said<Value> {
    if let Some(message) = validate.get("message")
        && let Some(place) = variable_in(message, &format!("{at}.message"))
    {
        return Err(Unsaid::new(place, "variables in messages can't be said"));
    }
    let mut validation = Map::new();
    validation.insert("expression".to_owned(), passes.write().into());
    let message = text(validate, "message").trim();
    if !message.is_empty() {
        validation.insert("message".to_owned(), message.into());
    }
    Ok(Value::Object(validation))
}
