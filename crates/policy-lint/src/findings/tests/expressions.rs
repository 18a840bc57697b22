//! Policies in Common Expression Language.

use super::*;

/// An image policy without a finding: what the cases below are made of.
const GOOD_IMAGES: &str = r#"
apiVersion: policies.kyverno.io/v1
kind: ImageValidatingPolicy
metadata: {name: signed}
spec:
  webhookConfiguration: {timeoutSeconds: 30}
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], resources: [pods], operations: [CREATE, UPDATE]}]}
  matchImageReferences: [{glob: "ghcr.io/acme/*"}]
  attestors:
  - name: ci
    cosign:
      keyless:
        identities:
        - subject: https://github.com/acme/app/.github/workflows/build.yaml@refs/heads/main
          issuer: https://token.actions.githubusercontent.com
  validations:
  - expression: images.containers.map(i, verifyImageSignatures(i, [attestors.ci])).all(e, e > 0)
"#;

/// A check without a finding.
const GOOD: &str = r#"
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: labelled}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], resources: [pods], operations: [CREATE, UPDATE]}]}
  validations: [{expression: "has(object.metadata.labels)"}]
"#;

const CI: &str = "verifyImageSignatures(i, [attestors.ci])";
const SUBJECT: &str = "subject: https://github.com/acme/app/.github/workflows/build.yaml@refs/heads/main";
const KEYLESS_ISSUER: &str = "          issuer: https://token.actions.githubusercontent.com\n";

#[test]
fn a_well_written_policy_in_expressions_has_no_finding() {
    assert_eq!(found(GOOD_IMAGES), []);
    assert_eq!(found(GOOD), []);
}

#[test]
fn globs_that_miss_forms_of_an_image_are_told() {
    let glob = |glob: &str| with(GOOD_IMAGES, "ghcr.io/acme/*", glob);
    for (missed, instead) in [
        ("docker.io/acme/*", "acme/*"),
        ("nginx*", "docker.io/nginx*"),
        ("docker.io/*", "parseImageReference"),
    ] {
        let told = fires(LintCode::WrittenForm, &glob(missed));
        assert!(told.write_instead.unwrap().contains(instead), "{missed}");
    }
    for fine in [
        "*",
        "ghcr.io/acme/*",
        "localhost/app*",
        "docker.io/acme/*\"}, {glob: \"acme/*",
        "*/acme/*",
    ] {
        is_silent(LintCode::WrittenForm, &glob(fine));
    }
    fires(LintCode::OpenEndedPattern, &glob("ghcr.io/acme*"));
    fires(LintCode::TagPattern, &glob("ghcr.io/acme/app:*"));
    is_silent(
        LintCode::TagPattern,
        &glob("ghcr.io/acme/app:*\"}, {glob: \"ghcr.io/acme/app@*"),
    );
    for never in ["https://ghcr.io/acme/*", "ghcr.io/Acme/app*", "ghcr.io/acme/* "] {
        fires(LintCode::NeverMatches, &glob(never));
    }
}

#[test]
fn identities_that_leave_something_open_are_told() {
    let subject = |written: &str| with(GOOD_IMAGES, SUBJECT, written);
    fires(LintCode::OpenIdentity, &with(GOOD_IMAGES, KEYLESS_ISSUER, ""));
    fires(LintCode::OpenIdentity, &subject("subjectRegExp: .*"));
    fires(
        LintCode::UnanchoredRegex,
        &subject("subjectRegExp: https://github.com/acme/app/.+"),
    );
    fires(
        LintCode::WideIdentity,
        &subject("subjectRegExp: ^https://github.com/.*$"),
    );
    let told = fires(
        LintCode::LiteralWildcard,
        &subject("subject: https://github.com/acme/app/*"),
    );
    assert_eq!(
        told.write_instead.unwrap(),
        r"subjectRegExp: ^https://github\.com/acme/app/[^/]*$"
    );
    let waived = with(
        GOOD_IMAGES,
        "    cosign:\n",
        "    cosign:\n      ctlog: {insecureIgnoreTlog: true, insecureIgnoreSCT: true}\n",
    );
    assert_eq!(codes(&waived), [LintCode::LogWaived; 2]);
}

/// The attack: an annotation names the key that is to have signed.
#[test]
fn a_signer_whom_the_requester_chooses_is_told() {
    let subject = |expression: &str| {
        let variable =
            "  variables: [{name: owner, expression: object.metadata.labels.owner}]\n  validations:\n";
        with(
            &with(
                GOOD_IMAGES,
                SUBJECT,
                &format!("subjectExpression: \"{expression}\""),
            ),
            "  validations:\n",
            variable,
        )
    };
    for chosen in [
        "object.metadata.annotations.signer",
        "'ci@' + variables.owner",
        "request.object.metadata.name",
        "dyn(request).object.metadata.name",
        "request.namespace + dyn(request)['object'].metadata.name",
    ] {
        fires(LintCode::SignerFromRequest, &subject(chosen));
    }
    for given in [
        "'ci@acme.example'",
        "'ci@' + request.namespace",
        "[request.namespace].map(requested, 'ci@' + requested)[0]",
    ] {
        is_silent(LintCode::SignerFromRequest, &subject(given));
    }
}

#[test]
fn what_is_declared_and_not_asked_for_is_told() {
    let two = with(
        GOOD_IMAGES,
        "  attestors:\n",
        "  attestations: [{name: sbom, intoto: {type: 'https://spdx.dev/Document'}}]\n  attestors:\n  - name: other\n    cosign: {key: {kms: 'awskms:///alias/a'}}\n",
    );
    fires(LintCode::UnusedSigner, &two);
    fires(LintCode::UnusedAttestation, &two);
    let all = with(
        &two,
        CI,
        "verifyAttestationSignatures(i, attestations['sbom'], [attestors.other, attestors.ci])",
    );
    assert_eq!(codes(&all), [] as [LintCode; 0]);
    let computed = with(&two, "[attestors.ci]", "attestors.map(name, attestors[name])");
    is_silent(LintCode::UnusedSigner, &computed);
}

#[test]
fn validations_that_verify_nothing_are_told() {
    let expression = |written: &str| with(GOOD_IMAGES, &format!("map(i, {CI}).all(e, e > 0)"), written);
    fires(
        LintCode::NothingDemanded,
        &expression("all(i, i.startsWith('verifyImageSignatures('))"),
    );
    fires(LintCode::AlwaysTrue, &expression(&format!("all(i, {CI} >= 0)")));
    fires(
        LintCode::AlwaysTrue,
        &with(GOOD, "has(object.metadata.labels)", "true"),
    );
    let declared = with(
        &expression("all(i, extractPayload(i, attestations.sbom).x == 1)"),
        "  attestors:\n",
        "  attestations: [{name: sbom, intoto: {type: 'https://spdx.dev/Document'}}]\n  attestors:\n",
    );
    fires(LintCode::UnverifiedPayload, &declared);
}

#[test]
fn settings_that_switch_verification_off_are_told() {
    let set = |settings: &str| {
        with(
            GOOD_IMAGES,
            "  attestors:\n",
            &format!("  {settings}\n  attestors:\n"),
        )
    };
    fires(
        LintCode::ProofNotRequired,
        &set("validationConfigurations: {required: false}"),
    );
    fires(
        LintCode::TagsRefused,
        &set("validationConfigurations: {mutateDigest: false}"),
    );
    let unpinned = "validationConfigurations: {mutateDigest: false, verifyDigest: false}";
    fires(LintCode::TagsNotPinned, &set(unpinned));
    is_silent(
        LintCode::TagsNotPinned,
        &set(&format!("{unpinned}\n  validationActions: [Audit]")),
    );
    fires(LintCode::ErrorsAdmit, &set("failurePolicy: Ignore"));
    fires(
        LintCode::ShortTimeout,
        &with(GOOD_IMAGES, "timeoutSeconds: 30", "timeoutSeconds: 2"),
    );
}

#[test]
fn resources_that_nobody_serves_are_told() {
    let resource = |rule: &str| {
        with(
            GOOD,
            "apiGroups: [\"\"], apiVersions: [v1], resources: [pods]",
            rule,
        )
    };
    for (rule, instead) in [
        ("apiGroups: [''], apiVersions: [v1], resources: [Pod]", "pods"),
        (
            "apiGroups: [''], apiVersions: [v1], resources: [pod/exec]",
            "pods/exec",
        ),
        (
            "apiGroups: [networking.k8s.io], apiVersions: [v1], resources: [ingress]",
            "ingresses",
        ),
        (
            "apiGroups: [''], apiVersions: [v1], resources: [deployments]",
            "apiGroups: [\"apps\"]",
        ),
    ] {
        assert_eq!(
            fires(LintCode::UnknownKind, &resource(rule))
                .write_instead
                .unwrap(),
            instead
        );
    }
    for fine in [
        "apiGroups: [apps], apiVersions: [v1], resources: [deployments, deployments/scale]",
        "apiGroups: ['*'], apiVersions: ['*'], resources: ['*']",
        "apiGroups: [acme.example], apiVersions: [v1], resources: [pods, widgets]",
    ] {
        is_silent(LintCode::UnknownKind, &resource(fine));
    }
}

#[test]
fn policies_about_pods_that_stop_at_pods_are_told() {
    let named = with(GOOD, "resources: [pods]", "resources: [pods], resourceNames: [a]");
    fires(LintCode::NoGeneratedRules, &named);
    is_silent(
        LintCode::NoGeneratedRules,
        &with(
            &named,
            "spec:\n",
            "spec:\n  autogen: {podControllers: {controllers: []}}\n",
        ),
    );
    let services = with(GOOD_IMAGES, "resources: [pods]", "resources: [services]");
    fires(LintCode::NoImages, &services);
    let extracted = with(
        &services,
        "  attestors:\n",
        "  images: [{name: own, expression: \"[object.spec.image]\"}]\n  attestors:\n",
    );
    is_silent(LintCode::NoImages, &extracted);
}

#[test]
fn objects_that_an_operation_does_not_have_are_told() {
    let on = |operations: &str, expression: &str| {
        let policy = with(GOOD, "[CREATE, UPDATE]", operations);
        with(&policy, "has(object.metadata.labels)", expression)
    };
    fires(
        LintCode::AbsentObject,
        &on("['*']", "has(object.metadata.labels)"),
    );
    fires(
        LintCode::AbsentObject,
        &on("[UPDATE, DELETE]", "object.metadata.name != 'a'"),
    );
    fires(
        LintCode::AbsentObject,
        &on("[CREATE]", "oldObject.metadata.name != 'a'"),
    );
    for fine in [
        on("['*']", "object == null || has(object.metadata.labels)"),
        on("[DELETE]", "oldObject.metadata.name != 'a'"),
        on(
            "['*']",
            "request.operation == 'DELETE' || object.metadata.name == oldObject.metadata.name",
        ),
        on("[CREATE]", "oldObject == null || oldObject.metadata.name != 'a'"),
    ] {
        is_silent(LintCode::AbsentObject, &fine);
    }
}
