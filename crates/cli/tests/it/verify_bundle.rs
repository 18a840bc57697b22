//! `verify-bundle` as the conformance suite calls it.

use std::time::{Duration, SystemTime};

use rehearsal::Authority;
use rehearsal::authority::{EntryKind, Identity, LogVersion, Signer};
use rehearsal::statement::Statement;
use serde_json::json;

use crate::terminal::{Folder, Said, vouchsafe};

const NAME: &str = "release@acme.example";
const ISSUER: &str = "https://accounts.acme.example";
/// SHA-256 of `artifact`.
const DIGEST: &str = "sha256:c7c5c1d70c5dec4416ab6158afd0b223ef40c29b1dc1f97ed9428b94d4cadb1c";

/// A file named `artifact`, its bundle and the root that vouches for it.
fn signed() -> Folder {
    let folder = Folder::new();
    let at = an_hour_ago();
    let authority = Authority::new(at - Duration::from_secs(3_600)).unwrap();
    let credential = authority.credential(&Identity::email(NAME, ISSUER), at).unwrap();
    let statement = Statement::attestation("artifact", DIGEST, "https://acme.example/release/v1", json!({}));
    let log = LogVersion::V1(EntryKind::Dsse);
    let bundle = authority
        .bundle(Signer::Certificate(&credential), &statement, log, at)
        .unwrap();
    folder.file("bundle.json", &serde_json::to_string(&bundle).unwrap());
    folder.file("root.json", &authority.trusted_root().unwrap());
    folder.file("artifact", "artifact");
    folder
}

#[expect(
    clippy::disallowed_methods,
    reason = "evidence is judged as of now, so it is made as of now"
)]
fn an_hour_ago() -> SystemTime {
    SystemTime::now() - Duration::from_secs(3_600)
}

fn verify(folder: &Folder, name: &str, artifact: &str) -> Said {
    let (bundle, root) = (folder.path("bundle.json"), folder.path("root.json"));
    let flags = ["verify-bundle", "--bundle", &bundle, "--trusted-root", &root];
    vouchsafe(
        &[
            &flags[..],
            &[
                "--certificate-identity",
                name,
                "--certificate-oidc-issuer",
                ISSUER,
                artifact,
            ],
        ]
        .concat(),
    )
}

#[test]
fn a_bundle_verifies_the_file_and_its_digest() {
    let folder = signed();
    for artifact in [folder.path("artifact").as_str(), DIGEST] {
        let said = verify(&folder, NAME, artifact);
        assert_eq!(said.code, 0, "{artifact}: {}", said.err);
        assert!(
            said.out.starts_with("verified: signed by ") && said.out.contains(NAME),
            "{}",
            said.out
        );
    }
}

#[test]
fn a_bundle_of_another_file_or_another_name_is_refused() {
    let folder = signed();
    let other = folder.file("other", "other");
    assert_eq!(verify(&folder, NAME, &other).code, 1);
    let said = verify(&folder, "mallory@evil.example", &folder.path("artifact"));
    assert_eq!(said.code, 1);
    assert!(said.err.starts_with("refused: "), "{}", said.err);
    folder.file("bundle.json", "{}");
    assert_eq!(verify(&folder, NAME, &folder.path("artifact")).code, 1);
}

#[test]
fn a_wrong_call_is_no_verdict() {
    let folder = signed();
    let (bundle, artifact) = (folder.path("bundle.json"), folder.path("artifact"));
    for arguments in [
        &["verify-bundle", "--bundle", bundle.as_str(), artifact.as_str()][..],
        &[
            "verify-bundle",
            "--bundle",
            "none.json",
            "--key",
            artifact.as_str(),
            artifact.as_str(),
        ],
        &["verify-bundle", artifact.as_str()],
    ] {
        let said = vouchsafe(arguments);
        assert_eq!(said.code, 2, "{arguments:?}: {}", said.err);
    }
    assert_eq!(verify(&folder, NAME, "sha256:12").code, 2);
}
