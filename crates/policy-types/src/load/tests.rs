use super::*;

fn load(text: &str) -> Loading {
    load_policies(manifest::read(text.as_bytes(), "p.yaml").unwrap())
}

fn lines(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}

const HEAD: &str = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: p}\n";

#[test]
fn defaults_are_filled_in_as_the_api_server_fills_them_in() {
    let text = format!(
        "{HEAD}spec:\n  rules:\n  - name: r\n    match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n    \
         verifyImages: [{{imageReferences: ['*'], mutateDigest: false, attestors: [{{entries: [{{keys: {{kms: 'k://x'}}}}]}}]}}]\n"
    );
    let loading = load(&text);
    assert_eq!(lines(&loading.faults), [] as [String; 0]);
    let spec = &loading.policies[0].object.spec;
    assert_eq!(
        (spec.admission, spec.background, spec.emit_warning),
        (Some(true), Some(true), Some(false))
    );
    let entry = &spec.rules[0].verify_images[0];
    assert!(!entry.mutate_digest && entry.verify_digest && entry.required && entry.use_cache);
    assert_eq!(
        entry.attestors[0].entries[0]
            .keys
            .as_ref()
            .unwrap()
            .signature_algorithm,
        "sha256"
    );
}

#[test]
fn all_faults_of_all_documents_are_told_at_once() {
    let text = format!(
        "{HEAD}spec:\n  validationFailureAction: enforced\n  rules:\n  - nam: r\n    match: {{}}\n---\n\
         apiVersion: kyverno.io/v7\nkind: Policy\n"
    );
    assert_eq!(
        lines(&load(&text).faults)[..4],
        [
            "p.yaml:5:28: spec.validationFailureAction: unknown value `enforced`; expected one of `audit`, `enforce`, \
             `Audit`, `Enforce` (did you mean `enforce`?)",
            "p.yaml:7:5: spec.rules[0].nam: unknown field `nam` (did you mean `name`?)",
            "p.yaml:7:5: spec.rules[0].name: missing field `name`; expected text",
            "p.yaml:10:13: apiVersion: Policy has no version `kyverno.io/v7`; expected kyverno.io/v1 or kyverno.io/v2beta1",
        ]
    );
}

#[test]
fn a_kind_that_is_not_loaded_here_is_kept_with_the_reason() {
    let loading =
        load("apiVersion: policies.kyverno.io/v1\nkind: MutatingPolicy\n---\napiVersion: v1\nkind: Pod\n");
    let reasons: Vec<String> = loading.others.iter().map(Other::reason).collect();
    assert_eq!(
        reasons,
        [
            "MutatingPolicy of policies.kyverno.io/v1 is not supported",
            "Pod of v1 is no policy"
        ]
    );
    assert!(loading.faults.is_empty());
}

#[test]
fn a_policy_without_namespace_stands_in_default() {
    let text = "apiVersion: kyverno.io/v1\nkind: Policy\nmetadata: {name: p}\nspec: {rules: []}\n";
    assert_eq!(load(text).policies[0].object.key(), "default/p");
}
