//! What a rule matches, and what its pattern asks for there.

use super::*;

#[test]
fn a_pods_pattern_for_deployments_is_told() {
    let kinds = "match: {any: [{resources: {kinds: [Pod, apps/v1/Deployment, Job]}}]}";
    let told = fires(
        LintCode::PatternPath,
        &check(kinds, "{pattern: {spec: {containers: [{image: 'gcr.io/*'}]}}}"),
    );
    assert!(
        told.message
            .contains("asks for `spec.containers`, which no Deployment, Job has: every one fails"),
        "{told}"
    );
    assert_eq!(
        (told.write_instead.as_deref(), told.place.unwrap().line),
        (Some("kinds: [Pod]"), 8)
    );
    let told = fires(
        LintCode::PatternPath,
        &check(PODS, "{pattern: {spec: {container: [{image: x}]}}}"),
    );
    assert_eq!(told.write_instead.as_deref(), Some("containers:"));
    fires(
        LintCode::PatternPath,
        &check(
            PODS,
            "{pattern: {spec: {=(securityContexts): {runAsNonRoot: true}}}}",
        ),
    );
    for quiet in [
        "{pattern: {spec: {containers: [{=(securityContext): {X(privileged): null}}]}}}",
        "{pattern: {metadata: {labels: {app.kubernetes.io/name: '?*'}, =(annotations): {'team/*': x}}}}",
        "{pattern: {spec: {containers: [{resources: {limits: {memory: '?*'}}}]}}}",
        "{pattern: {status: {phase: Running}}}",
        "{anyPattern: [{spec: {hostNetwork: false}}, {spec: {=(hostNetwork): false}}]}",
    ] {
        is_silent(LintCode::PatternPath, &check(PODS, quiet));
    }
}

#[test]
fn alternatives_and_anchors_for_several_kinds_are_a_design() {
    let kinds = "match: {any: [{resources: {kinds: [Pod, Deployment]}}]}";
    is_silent(
        LintCode::PatternPath,
        &check(
            kinds,
            "{anyPattern: [{spec: {containers: [{image: x}]}}, {spec: {template: {spec: {containers: [{image: x}]}}}}]}",
        ),
    );
    is_silent(
        LintCode::PatternPath,
        &check(
            kinds,
            "{pattern: {spec: {=(containers): [{image: x}], =(template): {}}}}",
        ),
    );
    let other = "match: {any: [{resources: {kinds: [Pod, Deployment, example.com/v1/Thing]}}]}";
    fires(
        LintCode::PatternPath,
        &check(other, "{anyPattern: [{spec: {hostIPC: false}}]}"),
    );
}

#[test]
fn a_patch_of_a_field_that_no_kind_has_is_told() {
    let patch = |field: &str| {
        let policy = check(PODS, "{message: x, deny: {}}");
        with(
            &policy,
            "validate: {message: x, deny: {}}",
            &format!("mutate: {{patchStrategicMerge: {{spec: {{{field}: 1}}}}}}"),
        )
    };
    fires(LintCode::PatternPath, &patch("+(priorityy)"));
    is_silent(LintCode::PatternPath, &patch("+(priority)"));
}

#[test]
fn a_rule_that_never_matches_is_told() {
    let deny = "{message: x, deny: {}}";
    let never = |matched: &str| fires(LintCode::NeverMatches, &check(matched, deny));
    never("match: {all: [{resources: {kinds: [Pod]}}, {resources: {kinds: [Service]}}]}");
    never(
        "match: {any: [{resources: {kinds: [Pod], namespaces: [shop]}}]}\n    exclude: {any: [{resources: {kinds: [Pod]}}]}",
    );
    never("match: {any: [{resources: {kinds: [ClusterRole], namespaces: [shop]}}]}");
    let told =
        never("match: {any: [{resources: {kinds: [Namespace], namespaceSelector: {matchLabels: {a: b}}}}]}");
    assert_eq!(told.write_instead.as_deref(), Some("selector:"));
    for quiet in [
        "match: {all: [{resources: {kinds: [Pod, Service]}}, {resources: {kinds: [Service]}}]}",
        "match: {any: [{resources: {kinds: [Pod]}}]}\n    exclude: {any: [{resources: {kinds: [Pod], namespaces: [shop]}}]}",
        "match: {any: [{resources: {kinds: [Pod, Service]}}]}\n    exclude: {any: [{resources: {kinds: [Pod]}}]}",
        "match: {any: [{resources: {kinds: [Namespace], namespaces: [shop]}}]}",
    ] {
        is_silent(LintCode::NeverMatches, &check(quiet, deny));
    }
}

#[test]
fn a_kind_that_no_cluster_serves_is_told() {
    let deny = "{message: x, deny: {}}";
    for (kind, instead) in [
        ("pods", "Pod"),
        ("extensions/v1beta1/Ingress", "Ingress"),
        ("Deploymnt", "Deployment"),
    ] {
        let told = fires(
            LintCode::UnknownKind,
            &check(
                &format!("match: {{any: [{{resources: {{kinds: [{kind}]}}}}]}}"),
                deny,
            ),
        );
        assert_eq!(told.write_instead.as_deref(), Some(instead));
    }
    for kind in [
        "Ingress",
        "networking.k8s.io/v1/Ingress",
        "IngressRoute",
        "Pod/exec",
        "'*/Deployment'",
    ] {
        is_silent(
            LintCode::UnknownKind,
            &check(
                &format!("match: {{any: [{{resources: {{kinds: [{kind}]}}}}]}}"),
                deny,
            ),
        );
    }
}

#[test]
fn a_rule_about_pods_that_is_not_extended_tells_why() {
    let deny = "{message: x, deny: {}}";
    for (matched, why) in [
        (
            "match: {any: [{resources: {kinds: [Pod], selector: {matchLabels: {a: b}}}}]}",
            "chosen by `selector`",
        ),
        (
            "match: {any: [{resources: {kinds: [v1/Pod]}}]}",
            "no rule names the kind as `Pod`",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod, Service]}}]}",
            "in one list with other kinds",
        ),
        (
            "match: {any: [{resources: {kinds: [Pod]}}]}\n    exclude: {any: [{resources: {kinds: [Service]}}]}",
            "excludes Service",
        ),
    ] {
        let told = fires(LintCode::NoGeneratedRules, &check(matched, deny));
        assert!(told.message.contains(why), "{told}");
    }
    is_silent(
        LintCode::NoGeneratedRules,
        &check("match: {any: [{resources: {kinds: [Pod, Deployment]}}]}", deny),
    );
    is_silent(
        LintCode::NoGeneratedRules,
        &check("match: {any: [{resources: {kinds: [Service]}}]}", deny),
    );
    let deletion = "match: {any: [{resources: {kinds: [Pod], names: [a], operations: [DELETE]}}]}";
    is_silent(LintCode::NoGeneratedRules, &check(deletion, deny));
    let off = with(
        &check("match: {any: [{resources: {kinds: [Pod], names: [a]}}]}", deny),
        "metadata: {name: p}",
        "metadata: {name: p, annotations: {pod-policies.kyverno.io/autogen-controllers: none}}",
    );
    is_silent(LintCode::NoGeneratedRules, &off);
}

#[test]
fn blanks_in_the_list_of_controllers_are_told() {
    let listed = |list: &str| {
        let annotations = format!(
            "metadata: {{name: p, annotations: {{pod-policies.kyverno.io/autogen-controllers: '{list}'}}}}"
        );
        with(
            &check(PODS, "{message: x, deny: {}}"),
            "metadata: {name: p}",
            &annotations,
        )
    };
    let told = fires(LintCode::GeneratedFor, &listed("Deployment, Job"));
    assert!(
        told.write_instead
            .unwrap()
            .ends_with("autogen-controllers: Deployment,Job")
    );
    is_silent(LintCode::GeneratedFor, &listed("Deployment,Job"));
    is_silent(LintCode::GeneratedFor, &listed("none"));
}

#[test]
fn image_rules_for_kinds_without_images_are_told() {
    fires(
        LintCode::NoImages,
        &with(GOOD_IMAGE_RULE, "kinds: [Pod]", "kinds: [Pod, ConfigMap]"),
    );
    fires(
        LintCode::NoImages,
        &with(GOOD_IMAGE_RULE, "kinds: [Pod]", "kinds: [tekton.dev/v1/Task]"),
    );
    is_silent(
        LintCode::NoImages,
        &with(GOOD_IMAGE_RULE, "kinds: [Pod]", "kinds: [Deployment]"),
    );
    let extracted = with(GOOD_IMAGE_RULE, "kinds: [Pod]", "kinds: [tekton.dev/v1/Task]");
    let extracted = with(
        &extracted,
        "    verifyImages:",
        "    imageExtractors: {Task: [{path: /spec/steps/*/image}]}\n    verifyImages:",
    );
    is_silent(LintCode::NoImages, &extracted);
}

#[test]
fn a_field_that_nothing_reads_is_told() {
    let text = with(
        &check(
            PODS,
            "{message: x, deny: {conditions: {all: [{key: a, operator: Equals, value: b, note: c}]}}}",
        ),
        "kind: ClusterPolicy",
        "kind: ClusterPolicy",
    );
    fires(LintCode::FieldWithoutEffect, &text);
    is_silent(LintCode::FieldWithoutEffect, &with(&text, ", note: c", ""));
}

/// The attack: a policy made to keep the linter busy.
#[test]
fn a_pattern_with_very_many_unknown_fields_is_soon_done() {
    let fields: Vec<String> = (0..20_000).map(|number| format!("field{number}: x")).collect();
    let text = check(PODS, &format!("{{pattern: {{spec: {{{}}}}}}}", fields.join(", ")));
    assert_eq!(found(&text).len(), 50);
}
