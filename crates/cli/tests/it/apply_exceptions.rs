//! Which PolicyExceptions `apply` lets count, and until when.

use crate::terminal::{Folder, Said, TAG_IS_ONE, pod, policy, vouchsafe};

/// Judges a Pod that breaks the rule, under an exception of `version` with `metadata` and `spec` fields of its own.
fn excused(version: &str, metadata: &str, spec: &str) -> Said {
    let folder = Folder::new();
    let policy = folder.file("policy.yaml", &policy("tags", "Enforce", TAG_IS_ONE));
    let pods = folder.file("pods.yaml", &pod("web", "nginx:2"));
    let exception = format!(
        "apiVersion: kyverno.io/{version}\nkind: PolicyException\nmetadata: {{name: old, namespace: ops{metadata}}}\nspec:\n  \
         match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n  exceptions: [{{policyName: tags, ruleNames: [r]}}]\n{spec}"
    );
    let exception = folder.file("exception.yaml", &exception);
    vouchsafe(&["apply", &policy, "-r", &pods, "--exception", &exception])
}

#[test]
fn exceptions_of_every_version_excuse() {
    for version in ["v2", "v2beta1", "v2alpha1"] {
        let said = excused(version, "", "");
        assert!(
            said.out.contains("fail: 0, warn: 0, error: 0, skip: 1"),
            "{}{}",
            said.err,
            said.out
        );
    }
    let said = excused("v1", "", "");
    assert_eq!(said.code, 1);
    assert!(
        said.err
            .contains("expected kyverno.io/v2, kyverno.io/v2beta1 or kyverno.io/v2alpha1"),
        "{}",
        said.err
    );
}

#[test]
fn an_exception_past_its_end_excuses_nothing_and_that_is_told() {
    let day_past = ", labels: {cleanup.kyverno.io/ttl: '2001-02-03'}";
    let life_past = ", creationTimestamp: '2001-02-03T00:00:00Z', labels: {cleanup.kyverno.io/ttl: 720h}";
    for (metadata, spec) in [
        ("", "  expiresAt: '2001-02-03T00:00:00Z'\n"),
        (day_past, ""),
        (life_past, ""),
        (day_past, "  expiresAt: '2901-02-03T00:00:00Z'\n"),
    ] {
        let said = excused("v2", metadata, spec);
        assert!(
            said.out.contains("pass: 0, fail: 1"),
            "{metadata}{spec}{}",
            said.out
        );
        assert!(
            said.err.contains("PolicyException ops/old has expired"),
            "{}",
            said.err
        );
    }
}

#[test]
fn an_exception_before_its_end_excuses() {
    let not_begun = ", labels: {cleanup.kyverno.io/ttl: 720h}";
    for (metadata, spec) in [("", "  expiresAt: '2901-02-03T00:00:00Z'\n"), (not_begun, "")] {
        let said = excused("v2", metadata, spec);
        assert_eq!(said.code, 0, "{metadata}{spec}{}{}", said.err, said.out);
    }
}

#[test]
fn an_exception_whose_end_cant_be_read_is_refused() {
    let said = excused("v2", "", "  expiresAt: soon\n");
    assert_eq!(said.code, 1);
    assert!(
        said.err
            .contains("spec.expiresAt: expected a time as RFC 3339 writes it"),
        "{}",
        said.err
    );
}

#[test]
fn a_generated_exception_excuses_the_pod_security_controls_that_failed_and_no_others() {
    let folder = Folder::new();
    let rule = "    validate: {podSecurity: {level: baseline, version: latest}}\n";
    let policy = folder.file("policy.yaml", &policy("pss", "Enforce", rule));
    let spec = |more: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers:\n  - {{name: c, image: 'nginx:1', \
             securityContext: {{privileged: true}}}}\n{more}"
        )
    };
    let privileged = folder.file("pods.yaml", &spec(""));
    let said = vouchsafe(&["apply", &policy, "-r", &privileged, "--generate-exceptions"]);
    assert!(
        said.out.contains("- controlName: Privileged Containers\n"),
        "{}",
        said.out
    );
    assert!(said.out.contains("nginx*"), "{}", said.out);
    let exceptions = folder.file("exceptions.yaml", &said.out);
    let said = vouchsafe(&["apply", &policy, "-r", &privileged, "--exception", &exceptions]);
    assert!(
        said.out.contains("fail: 0, warn: 0, error: 0, skip: 1"),
        "{}{}",
        said.err,
        said.out
    );
    let worse = folder.file("worse.yaml", &spec("  hostNetwork: true\n"));
    let said = vouchsafe(&["apply", &policy, "-r", &worse, "--exception", &exceptions]);
    assert!(said.out.contains("fail: 1"), "{}{}", said.err, said.out);
}
