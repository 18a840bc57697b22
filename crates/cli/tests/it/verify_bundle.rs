//! `verify-bundle` as the conformance suite calls it.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, SystemTime};

use rehearsal::Authority;
use rehearsal::authority::{EntryKind, Identity, LogVersion, Signer};
use rehearsal::statement::Statement;
use serde_json::json;

use crate::terminal::{Folder, Said, vouchsafe};
use crate::tuf::{Edition, Keys};

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

/// What a verifier that stumbles must not say: gitsign panicked over certificates that were none, and its exit code was 0.
#[test]
fn what_is_no_bundle_never_ends_with_success_cve_2026_44310() {
    let folder = signed();
    let genuine: serde_json::Value = serde_json::from_str(&folder.read("bundle.json")).unwrap();
    let artifact = folder.path("artifact");
    let with = |pointer: &str, value: serde_json::Value| {
        let mut bundle = genuine.clone();
        *bundle.pointer_mut(pointer).unwrap() = value;
        bundle.to_string()
    };
    let material = "/verificationMaterial";
    let certificate = "/verificationMaterial/certificate/rawBytes";
    for hostile in [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        with("/mediaType", json!(null)),
        with(material, json!({})),
        with(material, json!({ "certificate": {} })),
        with(
            material,
            json!({ "x509CertificateChain": { "certificates": [] } }),
        ),
        with(certificate, json!("")),
        with(certificate, json!("AAAA")),
        with(certificate, json!("MAA=")),
        with("/dsseEnvelope", json!({})),
        with("/dsseEnvelope/signatures", json!([])),
        with("/dsseEnvelope/signatures/0/sig", json!("")),
        with("/verificationMaterial/tlogEntries", json!([{}])),
    ] {
        folder.file("bundle.json", &hostile);
        let said = verify(&folder, NAME, &artifact);
        assert_eq!(said.code, 1, "{hostile}: {}", said.err);
        assert!(
            said.err.starts_with("refused: ") && said.out.is_empty(),
            "{}",
            said.err
        );
    }
}

/// A TUF mirror, which ends with the process of the tests; its address.
fn mirror(files: BTreeMap<String, Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4_096];
            let read = stream.read(&mut head).unwrap();
            let path = String::from_utf8_lossy(&head[..read]);
            let path = path
                .split(' ')
                .nth(1)
                .unwrap_or_default()
                .trim_start_matches('/')
                .to_owned();
            let (status, body) = files.get(&path).map_or((404, &[][..]), |body| (200, body));
            let length = body.len();
            let reply =
                format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            stream.write_all(&[reply.as_bytes(), body].concat()).unwrap();
        }
    });
    address
}

/// The trusted root comes from a mirror, by the root that it is pinned to, and the next time out of the folder.
#[test]
fn a_mirror_s_trusted_root_judges_a_bundle_and_its_cache_does_offline() {
    const NEVER: &str = "2999-01-01T00:00:00Z";
    let (folder, keys) = (signed(), Keys::fresh());
    let edition = Edition {
        timestamp_expires: NEVER,
        snapshot_expires: NEVER,
        ..Edition::number(1, &folder.read("root.json"))
    };
    let address = mirror(keys.files(&edition));
    let pinned = |name: &str, keys: &Keys| {
        let root = String::from_utf8(keys.root(1, None)).unwrap();
        folder.file(name, &root)
    };
    let (ours, strangers) = (
        pinned("1.root.json", &keys),
        pinned("strangers.json", &Keys::fresh()),
    );
    let (bundle, cache, artifact) = (
        folder.path("bundle.json"),
        folder.path("cache"),
        folder.path("artifact"),
    );
    let judge = |root: &str, more: &[&str]| {
        let flags = [
            "verify-bundle",
            "--bundle",
            &bundle,
            "--certificate-identity",
            NAME,
            "--certificate-oidc-issuer",
            ISSUER,
            "--tuf-mirror",
            &address,
            "--tuf-root",
            root,
        ];
        vouchsafe(&[&flags[..], more, &[&artifact]].concat())
    };
    let said = judge(&strangers, &[]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("[KEY_UNAVAILABLE]"), "{}", said.err);
    let kept = ["--tuf-cache", &cache];
    assert_eq!(
        judge(&ours, &[&kept[..], &["--offline"]].concat()).code,
        1,
        "nothing is kept yet"
    );
    let said = judge(&ours, &kept);
    assert_eq!(said.code, 0, "{}", said.err);
    let said = judge(&ours, &[&kept[..], &["--offline"]].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    let root = folder.path("root.json");
    assert_eq!(
        judge(&ours, &["--trusted-root", &root]).code,
        2,
        "one or the other"
    );
}
