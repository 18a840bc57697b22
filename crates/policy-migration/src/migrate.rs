//! A policy, rule by rule, and the check that what was written loads.

use manifest::Document;
use policy_engine::LoadedPolicies;
use serde_json::Value;

use crate::document_value::{list, says, text};
use crate::policy_frame::Frame;
use crate::translation::{Pair, Refusal, Said, Translation, Unsaid};
use crate::validating_policy::Written;
use crate::{image_policy, image_policy_back, validating_policy};

/// Says a `ClusterPolicy` or `Policy` in Common Expression Language.
///
/// `document` is checked and has every default filled in, as [`policy_types::load_policies`] leaves it.
#[must_use]
pub fn migrate(document: &Value) -> Translation {
    let mut translation = Translation::default();
    let mut frame = match Frame::read(document) {
        Ok(frame) => frame,
        Err(unsaid) => {
            translation.refusals.push(unsaid.of_rule(""));
            return translation;
        }
    };
    for (index, rule) in list(frame.spec(), "rules").iter().enumerate() {
        let name = text(rule, "name");
        let path = format!("spec.rules[{index}]");
        match said(&mut frame, rule, &path).and_then(|written| loads(&written, &path)) {
            Ok(written) => {
                let names = written.policies.iter().map(name_of).collect();
                translation.pairs.push(Pair {
                    rule: name.to_owned(),
                    policies: names,
                });
                translation.policies.extend(written.policies);
                translation.notes.extend(written.notes);
            }
            Err(unsaid) => translation.refusals.push(unsaid.of_rule(name)),
        }
    }
    translation
}

/// Says an `ImageValidatingPolicy` (or the namespaced kind) as a classic policy.
///
/// `document` is checked, as [`policy_types::load_policies`] leaves it.
#[must_use]
pub fn migrate_back(document: &Value) -> Translation {
    match back(document) {
        Ok((policy, rule)) => Translation {
            pairs: vec![Pair {
                rule,
                policies: vec![name_of(&policy)],
            }],
            policies: vec![policy],
            ..Translation::default()
        },
        Err(refusal) => Translation {
            refusals: vec![refusal],
            ..Translation::default()
        },
    }
}

fn said(frame: &mut Frame<'_>, rule: &Value, path: &str) -> Said<Written> {
    if says(rule, "verifyImages") {
        return image_policy::say(frame, rule, path);
    }
    let validate = rule.get("validate").unwrap_or(&Value::Null);
    if says(validate, "pattern") || says(validate, "anyPattern") {
        return validating_policy::say(frame, rule, path);
    }
    let field = ["mutate", "generate"].into_iter().find(|field| says(rule, field));
    let check = ["deny", "foreach", "podSecurity", "cel", "manifests", "assert"];
    let check = check
        .into_iter()
        .find(|field| says(validate, field) || validate.get(field).is_some_and(Value::is_object));
    let place = match (field, check) {
        (Some(field), _) => format!("{path}.{field}"),
        (None, Some(check)) => format!("{path}.validate.{check}"),
        (None, None) => path.to_owned(),
    };
    Err(Unsaid::new(
        place,
        "only validate.pattern, validate.anyPattern and verifyImages are translated",
    ))
}

/// Refuses what the engine itself would not load: then the translation is at fault, not the rule.
fn loads(written: &Written, path: &str) -> Said<Written> {
    for policy in &written.policies {
        if let Some(fault) = fault_of(policy) {
            return Err(Unsaid::new(
                path,
                format!("what it would be does not load: {fault}"),
            ));
        }
    }
    Ok(Written {
        policies: written.policies.clone(),
        notes: written.notes.clone(),
    })
}

fn fault_of(policy: &Value) -> Option<String> {
    let documents = match document_of(policy) {
        Ok(documents) => documents,
        Err(fault) => return Some(fault),
    };
    let loaded = LoadedPolicies::load(documents);
    loaded
        .faults
        .first()
        .map(|fault| format!("{}: {}", fault.path, fault.message))
}

fn document_of(policy: &Value) -> Result<Vec<Document>, String> {
    manifest::read(policy.to_string().as_bytes(), "translation").map_err(|faults| {
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        told.join("; ")
    })
}

fn back(document: &Value) -> Result<(Value, String), Refusal> {
    let refused = |unsaid: Unsaid| unsaid.of_rule("");
    if !text(document, "kind").ends_with("ImageValidatingPolicy") {
        let unsaid = Unsaid::new(
            "kind",
            "only ImageValidatingPolicies are translated back: patterns can't be read off expressions",
        );
        return Err(refused(unsaid));
    }
    let classic = image_policy_back::read(document).map_err(refused)?;
    let fault = |reason: String| Unsaid::new("spec", format!("no classic policy says this: {reason}"));
    let documents = document_of(&classic).map_err(|reason| refused(fault(reason)))?;
    let loading = policy_types::load_policies(documents);
    let Some(loaded) = loading.policies.first() else {
        let told: Vec<String> = loading.faults.iter().map(ToString::to_string).collect();
        return Err(refused(fault(told.join("; "))));
    };
    let forward = migrate(&loaded.document.value);
    if let Some(refusal) = forward.refusals.into_iter().next() {
        return Err(refusal);
    }
    match forward.policies.first() {
        Some(policy) => match image_policy_back::difference(document, policy) {
            Some(refusal) => Err(refusal),
            None => Ok((classic, name_of(document))),
        },
        None => Err(refused(fault("it has no rule".to_owned()))),
    }
}

fn name_of(policy: &Value) -> String {
    let name = policy.pointer("/metadata/name").and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}
