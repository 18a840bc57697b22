//! What has a successor, and what needs a default.

use super::*;

#[test]
fn deprecated_fields_come_with_the_line_to_write() {
    let spec = |line: &str| with(GOOD_CHECK, "  rules:", &format!("  {line}\n  rules:"));
    for (line, instead) in [
        ("validationFailureAction: Enforce", "failureAction: Enforce"),
        (
            "webhookTimeoutSeconds: 15",
            "webhookConfiguration: {timeoutSeconds: 15}",
        ),
        (
            "failurePolicy: Ignore",
            "webhookConfiguration: {failurePolicy: Ignore}",
        ),
    ] {
        let told = fires(LintCode::DeprecatedField, &spec(line));
        assert_eq!(
            (told.write_instead.as_deref(), told.place.unwrap().line),
            (Some(instead), 6)
        );
    }
    fires(
        LintCode::DeprecatedField,
        &with(
            GOOD_CHECK,
            "match: {any: [{resources: {kinds: [Pod]}}]}",
            "match: {resources: {kinds: [Pod]}}",
        ),
    );
    let told = fires(
        LintCode::DeprecatedField,
        &with(&attestation(SIGNER), "type: https", "predicateType: https"),
    );
    assert_eq!(
        told.write_instead.as_deref(),
        Some("type: https://cosign.sigstore.dev/attestation/vuln/v1")
    );
    let list = check(
        PODS,
        "{message: x, deny: {conditions: [{key: a, operator: Equals, value: b}]}}",
    );
    assert_eq!(
        fires(LintCode::DeprecatedField, &list).write_instead.as_deref(),
        Some("all:")
    );
}

#[test]
fn deprecated_values_and_operators_come_with_the_successor() {
    let told = fires(
        LintCode::DeprecatedValue,
        &with(
            GOOD_CHECK,
            "  rules:",
            "  validationFailureAction: enforce\n  rules:",
        ),
    );
    assert_eq!(
        told.write_instead.as_deref(),
        Some("validationFailureAction: Enforce")
    );
    let condition = |operator: &str| {
        check(
            PODS,
            &format!(
                "{{message: x, deny: {{conditions: {{any: [{{key: a, operator: {operator}, value: [b]}}]}}}}}}"
            ),
        )
    };
    assert_eq!(
        fires(LintCode::DeprecatedOperator, &condition("In"))
            .write_instead
            .as_deref(),
        Some("operator: AnyIn")
    );
    is_silent(LintCode::DeprecatedOperator, &condition("AnyIn"));
}

#[test]
fn an_absent_field_without_a_default_is_told() {
    let condition = |key: &str| {
        check(
            PODS,
            &format!(
                "{{message: x, deny: {{conditions: {{any: [{{key: \"{key}\", operator: Equals, value: b}}]}}}}}}"
            ),
        )
    };
    let told = fires(
        LintCode::MissingDefault,
        &condition("{{ request.object.metadata.labels.app }}"),
    );
    assert_eq!(
        told.write_instead.as_deref(),
        Some("{{ request.object.metadata.labels.app || '' }}")
    );
    let told = fires(
        LintCode::MissingDefault,
        &condition("{{ length(request.object.spec.initContainers) }}"),
    );
    assert_eq!(
        told.write_instead.as_deref(),
        Some("request.object.spec.initContainers || `[]`")
    );
    for quiet in [
        "{{ request.object.metadata.labels.app || '' }}",
        "{{ request.object.metadata.name }}",
        "{{ request.object.spec.containers[0].image }}",
        "{{ request.object.spec.volumes[].name }}",
        "{{ request.namespace }}",
    ] {
        is_silent(LintCode::MissingDefault, &condition(quiet));
    }
    let selected = with(
        &condition("{{ request.object.metadata.labels.app }}"),
        "kinds: [Pod]",
        "kinds: [Pod], selector: {matchLabels: {app: '*'}}",
    );
    is_silent(LintCode::MissingDefault, &selected);
}

#[test]
fn a_field_that_another_condition_asks_for_is_taken_as_guarded() {
    let conditions = |first: &str| {
        check(
            PODS,
            &format!(
                "{{message: x, deny: {{conditions: {{all: [{{key: \"{{{{ {first} }}}}\", operator: NotEquals, value: ''}}, \
                 {{key: \"{{{{ request.object.spec.nodeName }}}}\", operator: Equals, value: b}}]}}}}}}"
            ),
        )
    };
    is_silent(
        LintCode::MissingDefault,
        &conditions("request.object.spec.nodeName || ''"),
    );
    fires(
        LintCode::MissingDefault,
        &conditions("request.object.spec.hostname || ''"),
    );
}

#[test]
fn a_field_is_told_once_in_a_rule() {
    let condition = "{key: '{{ request.object.spec.nodeName }}', operator: Equals, value: b}";
    let twice = check(
        PODS,
        &format!("{{message: x, deny: {{conditions: {{any: [{condition}, {condition}]}}}}}}"),
    );
    assert_eq!(codes(&twice), [LintCode::MissingDefault]);
}

/// The attack: the container leaves out the field, and is passed over.
#[test]
fn an_absent_field_of_an_element_is_told() {
    let in_loop = |key: &str| {
        check(
            PODS,
            &format!(
                "{{message: x, foreach: [{{list: 'request.object.spec.[initContainers, containers][]', preconditions: {{all: [{{key: \"{key}\", operator: Equals, value: true}}]}}, deny: {{}}}}]}}"
            ),
        )
    };
    let told = fires(
        LintCode::MissingDefault,
        &in_loop("{{ element.securityContext.privileged }}"),
    );
    assert!(told.message.contains("passed over"), "{told}");
    is_silent(
        LintCode::MissingDefault,
        &in_loop("{{ element.securityContext.privileged || `false` }}"),
    );
    is_silent(LintCode::MissingDefault, &in_loop("{{ element.name }}"));
}
