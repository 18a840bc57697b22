//! `migrate`: what is not translated is told, and fails the run.

use crate::terminal::{Folder, TAG_IS_ONE, policy, vouchsafe};

const EXCEPTION: &str = "apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: old, namespace: shop}\nspec:\n  \
                         exceptions: [{policyName: tags, ruleNames: [r]}]\n  match: {any: [{resources: {kinds: [Pod]}}]}\n";
const MUTATING: &str =
    "apiVersion: policies.kyverno.io/v1\nkind: MutatingPolicy\nmetadata: {name: labels}\nspec: {}\n";

#[test]
fn what_has_no_translation_is_told_and_fails_the_run() {
    let written = policy("tags", "Enforce", TAG_IS_ONE);
    for (beside, told, code) in [
        ("", "1 rule(s) translated, 0 not", 0),
        (EXCEPTION, "not translated: PolicyException shop/old", 1),
        (
            MUTATING,
            "MutatingPolicy of policies.kyverno.io/v1 is not supported",
            1,
        ),
    ] {
        let folder = Folder::new();
        let file = folder.file("policies.yaml", &format!("{written}\n---\n{beside}"));
        let said = vouchsafe(&["migrate", &file]);
        assert_eq!(said.code, code, "{}", said.err);
        assert!(said.err.contains(told), "{}", said.err);
        assert!(said.out.contains("kind: ValidatingPolicy"), "{}", said.out);
    }
}
