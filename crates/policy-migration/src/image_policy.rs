//! A rule with `verifyImages` as `ImageValidatingPolicy`s, one for each of its entries.

use serde_json::{Map, Value, json};

use crate::attested_conditions::conditions;
use crate::document_value::{list, says, text, variable_in};
use crate::formula::Formula;
use crate::image_attestors::{Attestors, Defaults, Demand};
use crate::image_references::references;
use crate::policy_frame::Frame;
use crate::selection::Selection;
use crate::translation::{Said, Unsaid};
use crate::validating_policy::{Written, finish, preamble};

/// Every image that the policy means.
const IMAGES: &str = "(images.containers + images.initContainers + images.ephemeralContainers)";
/// Kinds that images are found in by themselves.
const WITH_IMAGES: [&str; 8] = [
    "Pod",
    "DaemonSet",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "Job",
    "CronJob",
    "ReplicationController",
];

/// Says `rule`, which stands at `path`, as policies.
///
/// # Errors
/// The first part of it that can't be said.
pub(crate) fn say(frame: &mut Frame<'_>, rule: &Value, path: &str) -> Said<Written> {
    let operations = preamble(rule, path)?;
    let operations: Vec<_> = operations
        .into_iter()
        .filter(|one| matches!(*one, "CREATE" | "UPDATE"))
        .collect();
    let selection = Selection::read(rule, path, operations)?;
    let name = text(rule, "name").to_owned();
    let widened = frame.is_widened(&name);
    if widened && !selection.is_pods_alone() {
        let reason = "rules for controllers are written only for policies that name nothing but Pods";
        return Err(Unsaid::new(format!("{path}.match"), reason));
    }
    if let Some(kind) = selection.kind_beside(&WITH_IMAGES) {
        let reason = format!("images of `{kind}` are found by no built-in extractor");
        return Err(Unsaid::new(format!("{path}.match"), reason));
    }
    let mut written = Written {
        policies: Vec::new(),
        notes: Vec::new(),
    };
    let entries = list(rule, "verifyImages");
    let mut specs = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        specs.push(entry_spec(
            frame,
            &selection,
            &name,
            entry,
            &format!("{path}.verifyImages[{index}]"),
        )?);
    }
    for spec in specs {
        let one = finish(frame, &name, "ImageValidatingPolicy", spec, widened);
        written.policies.extend(one.policies);
        written.notes.extend(one.notes);
    }
    Ok(written)
}

fn entry_spec(
    frame: &Frame<'_>,
    selection: &Selection<'_>,
    rule: &str,
    entry: &Value,
    path: &str,
) -> Said<Map<String, Value>> {
    if let Some(place) = variable_in_attestors(entry, path) {
        return Err(Unsaid::new(place, "variables in attestors can't be said"));
    }
    for field in [
        "key",
        "issuer",
        "subject",
        "roots",
        "annotations",
        "additionalExtensions",
    ] {
        if says(entry, field) {
            return Err(Unsaid::new(
                format!("{path}.{field}"),
                "deprecated: say it in `attestors`",
            ));
        }
    }
    if text(entry, "type") == "SigstoreBundle" {
        let reason = "attestors of the other kind take signatures that are no bundles, too";
        return Err(Unsaid::new(format!("{path}.type"), reason));
    }
    if says(entry, "validate") {
        return Err(Unsaid::new(
            format!("{path}.validate"),
            "conditions over all of the object can't be said",
        ));
    }
    let mut attestors = Attestors::default();
    let (attestations, validations) = demands(entry, path, &mut attestors)?;
    if validations.is_empty() {
        return Err(Unsaid::new(path, "nothing is demanded of the images"));
    }
    let mut spec = Map::new();
    let mut set = |field: &str, value: Value| {
        spec.insert(field.to_owned(), value);
    };
    let widened = frame.is_widened(rule);
    set(
        "matchConstraints",
        json!({"resourceRules": selection.resource_rules(widened)}),
    );
    let mut when = frame.match_conditions();
    let condition = selection.condition("object")?;
    if condition != Formula::TRUE {
        when.push(json!({"name": "selected", "expression": condition.write()}));
    }
    if !when.is_empty() {
        set("matchConditions", when.into());
    }
    set("matchImageReferences", references(entry, path)?.into());
    let mut digests = Map::new();
    for field in ["mutateDigest", "verifyDigest", "required"] {
        digests.insert(field.to_owned(), entry.get(field).cloned().unwrap_or(true.into()));
    }
    set("validationConfigurations", Value::Object(digests));
    if says(entry, "imageRegistryCredentials") {
        set(
            "credentials",
            entry.get("imageRegistryCredentials").cloned().unwrap_or_default(),
        );
    }
    set("attestors", attestors.written.into());
    if !attestations.is_empty() {
        set("attestations", attestations.into());
    }
    set("validations", validations.into());
    set("validationActions", frame.actions(text(entry, "failureAction")));
    if let Some(controllers) = frame.controllers(rule).filter(|_| selection.speaks_of_pods()) {
        set("autogen", json!({"podControllers": {"controllers": controllers}}));
    }
    Ok(spec)
}

/// What is attested, and one validation for each set of attestors and each attestation.
fn demands(entry: &Value, path: &str, attestors: &mut Attestors) -> Said<(Vec<Value>, Vec<Value>)> {
    let is_notary = text(entry, "type") == "Notary";
    let defaults = Defaults {
        is_notary,
        repository: text(entry, "repository"),
        splits_keys: true,
    };
    let mut validations = Vec::new();
    for demand in attestors.sets(entry, path, defaults)? {
        let call = format!(
            "verifyImageSignatures(image, {}) >= {}",
            demand.list(),
            demand.count
        );
        validations.push(validation(&call, &format!("signed by {}", named(&demand))));
    }
    let mut attestations = Vec::new();
    for (index, attestation) in list(entry, "attestations").iter().enumerate() {
        let at = format!("{path}.attestations[{index}]");
        let name = format!("attestation{index}");
        let kind = Some(text(attestation, "type")).filter(|kind| !kind.is_empty());
        let kind = kind.unwrap_or_else(|| text(attestation, "predicateType"));
        let field = if is_notary { "referrer" } else { "intoto" };
        attestations.push(json!({"name": name, field: {"type": kind}}));
        let defaults = Defaults {
            splits_keys: false,
            ..defaults
        };
        let mut wanted = attestors.sets(attestation, &at, defaults)?;
        if wanted.is_empty() {
            wanted.push(attestors.anyone());
        }
        if is_notary && says(attestation, "conditions") {
            return Err(Unsaid::new(
                format!("{at}.conditions"),
                "conditions over a referrer's content can't be said",
            ));
        }
        let calls = wanted.iter().map(|demand| {
            let list = demand.list();
            let count = demand.count;
            Formula::test(format!(
                "verifyAttestationSignatures(image, attestations.{name}, {list}) >= {count}"
            ))
        });
        let predicate = format!("extractPayload(image, attestations.{name}).predicate");
        let test = Formula::all(calls).and(conditions(attestation, &at, &predicate)?);
        let who: Vec<String> = wanted.iter().map(named).collect();
        validations.push(validation(
            &test.write(),
            &format!("attested as {kind} by {}", who.join(" and ")),
        ));
    }
    Ok((attestations, validations))
}

fn validation(test: &str, what: &str) -> Value {
    json!({
        "expression": format!("{IMAGES}.all(image, {test})"),
        "message": format!("an image is not {what}"),
    })
}

fn named(demand: &Demand) -> String {
    format!("{} of {}", demand.count, demand.names.join(", "))
}

fn variable_in_attestors(entry: &Value, path: &str) -> Option<String> {
    let attestors = entry.get("attestors").unwrap_or(&Value::Null);
    variable_in(attestors, &format!("{path}.attestors")).or_else(|| {
        let places = list(entry, "attestations").iter().enumerate();
        places
            .map(|(index, one)| {
                (
                    one.get("attestors"),
                    format!("{path}.attestations[{index}].attestors"),
                )
            })
            .find_map(|(attestors, at)| variable_in(attestors?, &at))
    })
}
