//! `verify` on images of a registry in the process, signed with throw-away keys and identities.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use rehearsal::authority::{EntryKind, Identity, LogVersion, Signer};
use rehearsal::repository::Shelf;
use rehearsal::statement::Statement;
use rehearsal::{Algorithm, Authority, Content, Registry, Repository, SigningKey, simple_signing};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::terminal::{Folder, Said, vouchsafe};

const RELEASE: &str = "https://ci.example.com/shop/release";
const ISSUER: &str = "https://ci.example.com";

/// A registry with an image for each kind of evidence; keys and the trusted root as files.
struct Shop {
    folder: Folder,
    _runtime: Runtime,
    registry: Registry,
}

#[expect(
    clippy::disallowed_methods,
    reason = "evidence is judged as of now, so it is made as of now"
)]
fn an_hour_ago() -> SystemTime {
    SystemTime::now() - Duration::from_secs(3_600)
}

impl Shop {
    fn open() -> Self {
        let folder = Folder::new();
        let at = an_hour_ago();
        let authority = Authority::new(at - Duration::from_secs(3_600)).unwrap();
        let (key, stranger) = (key(), key());
        let content = Content::new();
        let repository = Repository::new(&content, "shop", "registry.example.com/shop", at);
        let image = |tag: &str| {
            repository
                .image(tag, &json!({"config": {"Labels": {"tag": tag}}}))
                .unwrap()
        };
        let none = BTreeMap::new();
        image("unsigned");
        for (tag, key) in [("signed", &key), ("stranger", &stranger)] {
            let image = image(tag);
            let payload = simple_signing::payload(repository.name(), image.digest(), &none).unwrap();
            let layer = authority.signature_layer(Signer::Key(key), payload, at).unwrap();
            repository.attach(&image, Shelf::Signatures, layer).unwrap();
        }
        for (tag, subject) in [
            ("keyless", RELEASE),
            ("keyless-evil", "https://ci.example.com/evil/release"),
        ] {
            let image = image(tag);
            let credential = authority.credential(&Identity::uri(subject, ISSUER), at).unwrap();
            let statement = Statement::signature(image.digest(), &none);
            let log = LogVersion::V1(EntryKind::Dsse);
            let bundle = authority
                .bundle(Signer::Certificate(&credential), &statement, log, at)
                .unwrap();
            repository
                .refer_bundle(&image, &statement.predicate_type, &bundle)
                .unwrap();
        }
        folder.file("key.pub", &key.public_pem());
        folder.file("root.json", &authority.trusted_root().unwrap());
        let runtime = Runtime::new().unwrap();
        let registry = runtime
            .block_on(Registry::start(content, rehearsal::registry::Options::default()))
            .unwrap();
        Self {
            folder,
            _runtime: runtime,
            registry,
        }
    }

    /// `verify` of the image with this tag.
    fn verify(&self, tag: &str, flags: &[&str]) -> Said {
        let mirror = format!("registry.example.com={}", self.registry.url());
        let (root, image) = (
            self.folder.path("root.json"),
            format!("registry.example.com/shop:{tag}"),
        );
        let common = ["verify", "--registry-mirror", &mirror, "--trusted-root", &root];
        vouchsafe(&[&common, flags, &[image.as_str()]].concat())
    }

    fn key(&self) -> String {
        self.folder.path("key.pub")
    }
}

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::P256).unwrap()
}

#[test]
fn a_key_verifies_what_it_signed_and_nothing_else() {
    let shop = Shop::open();
    let said = shop.verify("signed", &["--key", &shop.key()]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(
        said.out
            .contains("\nverified: registry.example.com/shop:signed@sha256:"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("attestors[0]: signed by key SHA256:"),
        "{}",
        said.out
    );
    for (tag, code) in [
        ("stranger", "WRONG_SIGNER"),
        ("unsigned", "UNSIGNED"),
        ("none", "IMAGE_NOT_FOUND"),
    ] {
        let said = shop.verify(tag, &["--key", &shop.key(), "--insecure-ignore-tlog"]);
        assert_eq!(said.code, 1, "{tag}: {}", said.out);
        let refused = format!("\nrefused: registry.example.com/shop:{tag}: {code}: ");
        assert!(said.out.contains(&refused), "{tag}: {}", said.out);
    }
}

#[test]
fn an_identity_verifies_what_it_signed_and_the_refusal_says_who_did() {
    let shop = Shop::open();
    let exact = [
        "--certificate-identity",
        RELEASE,
        "--certificate-oidc-issuer",
        ISSUER,
    ];
    let regexps = [
        "--certificate-identity-regexp",
        "^https://ci[.]example[.]com/shop/",
        "--certificate-oidc-issuer-regexp",
        "example",
    ];
    for flags in [exact, regexps] {
        let said = shop.verify("keyless", &flags);
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
        let said = shop.verify("keyless-evil", &flags);
        assert_eq!(said.code, 1, "{}", said.out);
        assert!(
            said.out
                .contains("refused: registry.example.com/shop:keyless-evil: WRONG_IDENTITY: "),
            "{}",
            said.out
        );
        assert!(
            said.out.contains("https://ci.example.com/evil/release"),
            "{}",
            said.out
        );
    }
}

#[test]
fn a_star_in_an_identity_is_no_wildcard() {
    let shop = Shop::open();
    let any = [
        "--certificate-identity",
        "https://ci.example.com/*",
        "--certificate-oidc-issuer",
        ISSUER,
    ];
    assert_eq!(shop.verify("keyless", &any).code, 1);
}

#[test]
fn json_says_what_was_verified_and_why_not() {
    let shop = Shop::open();
    let verified: Value = serde_json::from_str(
        &shop
            .verify("signed", &["--key", &shop.key(), "--output", "json"])
            .out,
    )
    .unwrap();
    assert_eq!(
        (&verified["verified"], &verified["rules"][0]["outcome"]),
        (&json!(true), &json!("pass"))
    );
    assert!(
        verified["pinned"]
            .as_str()
            .unwrap()
            .starts_with("registry.example.com/shop:signed@sha256:")
    );
    let refused: Value =
        serde_json::from_str(&shop.verify("stranger", &["--key", &shop.key(), "-o", "json"]).out).unwrap();
    assert_eq!(
        (&refused["verified"], &refused["pinned"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(refused["rules"][0]["reason"]["code"], "WRONG_SIGNER");
    assert_eq!(refused["rules"][0]["reason"]["permanence"], "permanent");
}

#[test]
fn a_policy_that_proves_nothing_about_the_image_verifies_nothing() {
    let shop = Shop::open();
    let policy = |references: &str, rest: &str| {
        format!(
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: images}}\nspec:\n  validationFailureAction: Enforce\n  rules:\n  - name: r\n    match: {{any: \
             [{{resources: {{kinds: [Pod], namespaces: [production]}}}}]}}\n    verifyImages:\n    - imageReferences: ['{references}']\n{rest}"
        )
    };
    let signed = format!(
        "      attestors: [{{entries: [{{keys: {{publicKeys: '{}'}}}}]}}]\n",
        shop.key()
    );
    let pins = "      required: false\n      verifyDigest: false\n".to_owned();
    let judged = |text: &str, namespace: &str, tag: &str| {
        let file = shop.folder.file("policy.yaml", text);
        shop.verify(tag, &["--policy", &file, "--namespace", namespace])
    };
    let ours = policy("registry.example.com/*", &signed);
    assert_eq!(judged(&ours, "production", "signed").code, 0);
    assert_eq!(judged(&ours, "production", "stranger").code, 1);
    for (text, namespace) in [
        (&ours, "default"),
        (&policy("other.example.com/*", &signed), "production"),
        (&policy("*", &pins), "production"),
    ] {
        let said = judged(text, namespace, "signed");
        assert_eq!(said.code, 1, "{text}\n{}", said.out);
        assert!(
            said.out.contains("refused: registry.example.com/shop:signed: "),
            "{}",
            said.out
        );
    }
}

#[test]
fn a_call_that_demands_nobody_is_wrong() {
    let shop = Shop::open();
    for (flags, words) in [
        (&[][..], "say who must have signed"),
        (&["--certificate-identity", RELEASE], "--certificate-oidc-issuer"),
        (&["--certificate-oidc-issuer", ISSUER], "--certificate-identity"),
        (
            &["--key", "k.pub", "--certificate-identity", RELEASE],
            "exclude one another",
        ),
        (
            &["--key", "k.pub", "--count", "2"],
            "Count cannot exceed length of entries",
        ),
    ] {
        let said = shop.verify("signed", flags);
        assert_eq!(said.code, 2, "{flags:?}: {}", said.out);
        assert!(said.err.contains(words), "{flags:?}: {}", said.err);
    }
}

#[test]
fn a_demand_that_would_be_passed_over_is_refused() {
    let shop = Shop::open();
    let key = shop.key();
    for flags in [
        &["--policy", &key, "--key", &key][..],
        &["--policy", &key, "-a", "env=prod"],
        &["--policy", &key, "--attestation", "vuln"],
        &["--policy", &key, "--layout", "bundle"],
        &["--key", &key, "--certificate-chain", &key],
        &["--layout", "notary", "--certificate", &key, "-a", "env=prod"],
        &[
            "--layout",
            "notary",
            "--certificate",
            &key,
            "--rekor-public-key",
            &key,
        ],
    ] {
        let said = shop.verify("signed", flags);
        assert_eq!(said.code, 2, "{flags:?}: {}", said.out);
        assert!(said.err.starts_with("Error: "), "{flags:?}: {}", said.err);
    }
}

#[test]
fn offline_is_no_consent() {
    let shop = Shop::open();
    let said = shop.verify("signed", &["--key", &shop.key(), "--offline"]);
    assert_eq!(said.code, 1);
    assert!(
        said.out
            .contains("refused: registry.example.com/shop:signed: OFFLINE: "),
        "{}",
        said.out
    );
}
