//! A TUF mirror that can't be read: judged by the last good root, or that of the build, and said so.

use crate::terminal::{Folder, vouchsafe};

const DIGEST: &str = "sha256:c7c5c1d70c5dec4416ab6158afd0b223ef40c29b1dc1f97ed9428b94d4cadb1c";
/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:1";

/// Who relies on a fresh root learns that it is none, once, beside the verdict.
#[test]
fn apply_and_verify_say_that_the_trust_root_is_not_fresh() {
    let folder = Folder::new();
    let image = format!("127.0.0.1:1/app@{DIGEST}");
    let policy = folder.file(
        "policy.yaml",
        "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: signed}
spec:
  validationFailureAction: Enforce
  rules:
    - name: signed
      match: {any: [{resources: {kinds: [Pod]}}]}
      verifyImages:
        - imageReferences: ['*']
          attestors:
            - entries:
                - keyless: {subject: dev@acme.example, issuer: https://acme.example, rekor: {url: https://rekor.sigstore.dev}}
",
    );
    let pod = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: a, image: \"{image}\"}}]}}\n"
        )
    };
    let pods = folder.file("pods.yaml", &[pod("one"), pod("two")].join("---\n"));
    let mirror = ["--tuf-mirror", NOBODY];
    let verify = [
        "verify",
        "--certificate-identity",
        "dev@acme.example",
        "--certificate-oidc-issuer",
        "https://acme.example",
        &image,
    ];
    for call in [&["apply", &policy, "--resource", &pods][..], &verify[..]] {
        let said = vouchsafe(&[call, &mirror].concat());
        assert_ne!(said.code, 0, "{}", said.out);
        let told = said.err.matches("the trust root is not fresh: ").count();
        assert_eq!(told, 1, "{call:?}: {}", said.err);
        assert!(said.err.contains(NOBODY), "{}", said.err);
        let said = vouchsafe(call);
        assert!(!said.err.contains("not fresh"), "{}", said.err);
    }
}
