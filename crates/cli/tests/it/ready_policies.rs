//! The policies of `policies/`, as they stand there, against images that meet them and images that do not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rehearsal::authority::{EntryKind, Identity, LogVersion, Signer};
use rehearsal::repository::PushedImage;
use rehearsal::statement::Statement;
use rehearsal::{Algorithm, Authority, Content, Registry, Repository, SigningKey, instant};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::terminal::{Folder, Said, pod, vouchsafe};

const WORKFLOW: &str = "https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main";
const FORK: &str = "https://github.com/mallory/shop/.github/workflows/release.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const NAME: &str = "registry.example.com/shop";

#[expect(
    clippy::disallowed_methods,
    reason = "evidence is judged as of now, so it is made as of now"
)]
fn ago(hours: u64) -> SystemTime {
    SystemTime::now() - Duration::from_secs(hours * 3_600)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies")
}

fn policy(name: &str) -> String {
    let path = folder().join(name).join("policy.yaml");
    path.to_str().unwrap().to_owned()
}

/// Names of all policies.
fn names() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A registry, everybody who vouches, and a scratch folder.
struct Yard {
    scratch: Folder,
    authority: Authority,
    repository: Repository,
    registry: Registry,
    key: SigningKey,
    _runtime: Runtime,
}

impl Yard {
    fn open() -> Self {
        let authority = Authority::new(ago(24 * 30)).unwrap();
        let scratch = Folder::new();
        scratch.file("root.json", &authority.trusted_root().unwrap());
        let content = Content::new();
        let runtime = Runtime::new().unwrap();
        let registry = Registry::start(content.clone(), rehearsal::registry::Options::default());
        Self {
            registry: runtime.block_on(registry).unwrap(),
            repository: Repository::new(&content, "shop", NAME, ago(1)),
            key: SigningKey::generate(Algorithm::P256).unwrap(),
            scratch,
            authority,
            _runtime: runtime,
        }
    }

    fn image(&self, tag: &str, config: &Value) -> PushedImage {
        self.repository
            .image(tag, &json!({ "os": "linux", "config": config }))
            .unwrap()
    }

    fn plain(&self, tag: &str) -> PushedImage {
        self.image(tag, &json!({ "Labels": { "tag": tag } }))
    }

    /// Signs by a workflow, an hour ago.
    fn vouch(&self, image: &PushedImage, subject: &str, statement: &Statement) {
        let at = ago(1);
        let identity = Identity::uri(subject, ISSUER);
        let credential = self.authority.credential(&identity, at).unwrap();
        let log = LogVersion::V1(EntryKind::Dsse);
        let signer = Signer::Certificate(&credential);
        let bundle = self.authority.bundle(signer, statement, log, at).unwrap();
        self.repository
            .refer_bundle(image, &statement.predicate_type, &bundle)
            .unwrap();
    }

    fn attest(&self, image: &PushedImage, subject: &str, kind: &str, predicate: Value) {
        let statement = Statement::attestation(NAME, image.digest(), kind, predicate);
        self.vouch(image, subject, &statement);
    }

    fn apply(&self, name: &str, tag: &str) -> Said {
        let pod = self
            .scratch
            .file("pod.yaml", &pod("web", &format!("{NAME}:{tag}")));
        let secret = STANDARD.encode(self.key.public_pem());
        let secrets = self.scratch.file(
            "secrets.yaml",
            &format!(
                "apiVersion: v1\nkind: Secret\nmetadata: {{name: cosign, namespace: security}}\ndata: {{cosign.pub: {secret}}}\n"
            ),
        );
        let mirror = format!("registry.example.com={}", self.registry.url());
        let root = self
            .scratch
            .file("root.json", &self.authority.trusted_root().unwrap());
        let policy = policy(name);
        vouchsafe(&[
            "apply",
            &policy,
            "--resource",
            &pod,
            "--registry",
            "--registry-mirror",
            &mirror,
            "--trusted-root",
            &root,
            "--secrets",
            &secrets,
        ])
    }

    /// Holds the policy against images; each by tag, whether it is accepted, and what a refusal must say.
    fn holds(&self, name: &str, expected: &[(&str, Result<(), &str>)]) {
        for (tag, verdict) in expected {
            let said = self.apply(name, tag);
            let is_refused = said.code != 0;
            assert!(said.out.contains("error: 0"), "{name} on {tag}: {said:?}");
            match verdict {
                Ok(()) => assert!(
                    !is_refused && !said.out.contains("pass: 0"),
                    "{name} on {tag}: {said:?}"
                ),
                Err(why) => assert!(is_refused && said.out.contains(why), "{name} on {tag}: {said:?}"),
            }
        }
    }
}

#[test]
fn every_ready_policy_loads_with_a_title_and_no_fault_and_is_in_the_index() {
    let index = std::fs::read_to_string(folder().join("README.md")).unwrap();
    for name in names() {
        assert!(
            index.contains(&format!("[{name}]({name}/policy.yaml)")),
            "{name} is not in the index"
        );
        let text = std::fs::read_to_string(policy(&name)).unwrap();
        assert!(text.contains("policies.kyverno.io/title: "), "{name}");
        let said = vouchsafe(&["lint", &policy(&name)]);
        assert!(said.err.contains("0 faults"), "{name}: {said:?}");
    }
}

#[test]
fn the_suites_of_the_ready_policies_hold() {
    let said = vouchsafe(&["test", folder().to_str().unwrap()]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(!said.out.contains("Invalid Policy"), "{said:?}");
    assert!(
        said.out.contains("13 tests passed and 0 tests failed"),
        "{said:?}"
    );
}

#[test]
fn policies_about_metadata_read_it_from_the_registry() {
    let yard = Yard::open();
    yard.image("root", &json!({}));
    yard.image("signed-zero", &json!({ "User": "+0:0" }));
    yard.image("nobody", &json!({ "User": "65532" }));
    yard.holds(
        "disallow-root-images",
        &[
            ("nobody", Ok(())),
            ("root", Err("runs as root")),
            ("signed-zero", Err("runs as root")),
        ],
    );
    yard.image(
        "web",
        &json!({ "ExposedPorts": { "80/tcp": {}, "8080/tcp": {} } }),
    );
    yard.holds(
        "restrict-image-ports",
        &[("nobody", Ok(())), ("web", Err("port below 1024"))],
    );
    yard.image("secret", &json!({ "Env": ["PATH=/bin", "API_KEY=1234"] }));
    yard.holds(
        "disallow-secrets-in-images",
        &[("nobody", Ok(())), ("secret", Err("in its environment"))],
    );
    let labels = json!({ "Labels": {
        "org.opencontainers.image.source": "https://github.com/acme/shop",
        "org.opencontainers.image.revision": "1f0c2b7d",
    }});
    yard.image("labelled", &labels);
    yard.holds(
        "require-image-labels",
        &[("labelled", Ok(())), ("nobody", Err("must carry the labels"))],
    );
}

#[test]
fn policies_about_signatures_tell_the_right_signer_from_another_and_from_none() {
    let yard = Yard::open();
    let stranger = SigningKey::generate(Algorithm::P256).unwrap();
    yard.plain("unsigned");
    for (tag, key) in [("by-key", &yard.key), ("by-stranger", &stranger)] {
        let image = yard.plain(tag);
        yard.repository.sign(&image, key, &BTreeMap::new()).unwrap();
    }
    yard.holds(
        "require-signature-by-key",
        &[
            ("by-key", Ok(())),
            ("by-stranger", Err("WRONG_SIGNER")),
            ("unsigned", Err("UNSIGNED")),
        ],
    );
    for (tag, subject) in [("by-workflow", WORKFLOW), ("by-fork", FORK)] {
        let image = yard.plain(tag);
        yard.vouch(
            &image,
            subject,
            &Statement::signature(image.digest(), &BTreeMap::new()),
        );
    }
    yard.holds(
        "require-signature-by-workflow",
        &[
            ("by-workflow", Ok(())),
            ("by-fork", Err(FORK)),
            ("unsigned", Err("UNSIGNED")),
        ],
    );
}

/// A policy about attestations: what meets it, what does not, and cosign's name or the type itself.
struct Attested {
    policy: &'static str,
    kind: &'static str,
    good: Value,
    bad: Value,
}

fn case(policy: &'static str, kind: &'static str, good: Value, bad: Value) -> Attested {
    Attested {
        policy,
        kind,
        good,
        bad,
    }
}

fn attested() -> Vec<Attested> {
    let scan =
        |hours: u64| json!({ "metadata": { "scanFinishedOn": instant::rfc3339(ago(hours)).unwrap() } });
    let provenance = |builder: &str| {
        json!({
            "buildDefinition": { "externalParameters": { "workflow": { "repository": "https://github.com/acme/shop" } } },
            "runDetails": { "builder": { "id": builder } },
        })
    };
    let older = |builder: &str| {
        json!({
            "builder": { "id": builder },
            "invocation": { "configSource": { "uri": "git+https://github.com/acme/shop@refs/heads/main" } },
        })
    };
    let generator =
        "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/g.yml@refs/tags/v2.1.0";
    let component = |purl: &str| json!({ "bomFormat": "CycloneDX", "components": [{ "purl": purl }, { "purl": "pkg:npm/left-pad@1.3.0" }] });
    let summary = |level: &str| json!({ "verificationResult": "PASSED", "verifiedLevels": [level] });
    vec![
        case("require-fresh-scan", "vuln", scan(24), scan(24 * 8)),
        case(
            "require-provenance-of-builder",
            "slsaprovenance1",
            provenance("https://github.com/actions/runner/github-hosted"),
            provenance("https://github.com/actions/runner/self-hosted"),
        ),
        case(
            "require-provenance-v0.2-of-builder",
            "slsaprovenance",
            older(generator),
            older("https://builder.mallory.example"),
        ),
        case(
            "disallow-components-in-sbom",
            "cyclonedx",
            component("pkg:maven/org.apache.logging.log4j/log4j-core@2.24.3"),
            component("pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"),
        ),
        case(
            "require-verification-summary",
            "https://slsa.dev/verification_summary/v1",
            summary("SLSA_BUILD_LEVEL_3"),
            summary("SLSA_BUILD_LEVEL_1"),
        ),
    ]
}

/// Words of other formats, and components that the list does not name as it writes them.
fn attested_otherwise() -> [Attested; 4] {
    let vex = |status: &str| json!({ "statements": [{ "status": "fixed" }, { "status": status }] });
    [
        case(
            "disallow-affected-by-vex",
            "openvex",
            vex("not_affected"),
            vex("exploitable"),
        ),
        case(
            "disallow-affected-by-vex",
            "openvex",
            vex("fixed"),
            vex("Affected"),
        ),
        case(
            "disallow-components-in-sbom",
            "cyclonedx",
            json!({ "components": [{ "purl": "pkg:npm/left-pad@1.3.0" }, { "type": "file", "name": "a" }] }),
            json!({ "components": [{ "purl": "pkg:npm/left-pad@1.3.0" }, { "type": "library", "name": "log4j-core" }] }),
        ),
        case(
            "disallow-components-in-sbom",
            "cyclonedx",
            json!({ "components": [{ "purl": "pkg:npm/event-stream@3.3.5" }] }),
            json!({ "components": [{ "purl": "pkg:npm/event-stream@3.3.6?vcs_url=x" }] }),
        ),
    ]
}

/// Documents of many statements: one that says nothing, or says it within an expression, has said no good.
fn attested_of_each() -> Vec<Attested> {
    let package = |licence: &str| json!({ "spdxVersion": "SPDX-2.3", "packages": [{ "licenseConcluded": "MIT" }, { "licenseConcluded": licence }] });
    let silent_package =
        json!({ "spdxVersion": "SPDX-2.3", "packages": [{ "licenseConcluded": "MIT" }, {}] });
    let vex = |status: &str| json!({ "statements": [{ "status": "fixed" }, { "status": status }] });
    let silent_vex = json!({ "statements": [{ "status": "fixed" }, {}] });
    let refused_licences = [
        "AGPL-3.0",
        "AGPL-3.0+",
        "AGPL-1.0-only",
        "agpl-3.0-or-later",
        "MIT AND NOASSERTION",
    ];
    let licences = refused_licences.map(|licence| {
        case(
            "require-licences-in-sbom",
            "spdxjson",
            package("GPL-3.0-only"),
            package(licence),
        )
    });
    // A list of nothing, and one of what is nothing.
    let empty = [
        json!({ "packages": [], "components": [], "statements": [] }),
        json!({ "packages": [null], "components": [{}], "statements": [null] }),
    ]
    .into_iter()
    .flat_map(|nothing| {
        let sbom = json!({ "components": [{ "purl": "pkg:npm/left-pad@1.3.0" }] });
        [
            case(
                "require-licences-in-sbom",
                "spdxjson",
                package("MIT"),
                nothing.clone(),
            ),
            case("disallow-components-in-sbom", "cyclonedx", sbom, nothing.clone()),
            case("disallow-affected-by-vex", "openvex", vex("fixed"), nothing),
        ]
    });
    let said = vec![
        case(
            "require-licences-in-sbom",
            "spdxjson",
            package("Apache-2.0"),
            package("NOASSERTION"),
        ),
        case(
            "require-licences-in-sbom",
            "spdxjson",
            package("MIT OR Apache-2.0"),
            silent_package,
        ),
        case(
            "require-licences-in-sbom",
            "spdxjson",
            package("MIT"),
            package("MIT AND AGPL-3.0-only"),
        ),
        case(
            "disallow-affected-by-vex",
            "openvex",
            vex("not_affected"),
            vex("affected"),
        ),
        case("disallow-affected-by-vex", "openvex", vex("fixed"), silent_vex),
    ];
    said.into_iter()
        .chain(licences)
        .chain(empty)
        .chain(attested_otherwise())
        .collect()
}

#[test]
fn policies_about_attestations_read_every_statement_of_the_right_signer() {
    let yard = Yard::open();
    for (number, case) in attested().into_iter().chain(attested_of_each()).enumerate() {
        let Attested {
            policy,
            kind,
            good,
            bad,
        } = case;
        let tag = |suffix: &str| format!("{number}-{suffix}");
        let image = |suffix: &str| yard.plain(&tag(suffix));
        image("bare");
        yard.attest(&image("good"), WORKFLOW, kind, good.clone());
        yard.attest(&image("bad"), WORKFLOW, kind, bad.clone());
        yard.attest(&image("forged"), FORK, kind, good.clone());
        let both = image("both");
        yard.attest(&both, WORKFLOW, kind, bad);
        yard.attest(&both, WORKFLOW, kind, good);
        yard.holds(
            policy,
            &[
                (&tag("good"), Ok(())),
                (&tag("bad"), Err("cosign attest --replace")),
                // What was attested since does not take the place of what was attested before.
                (&tag("both"), Err("cosign attest --replace")),
                (&tag("forged"), Err(FORK)),
                (&tag("bare"), Err("ATTESTATION_MISSING")),
            ],
        );
    }
}

#[test]
fn every_ready_policy_has_a_test_of_its_own() {
    let tested: Vec<&str> = attested()
        .iter()
        .chain(&attested_of_each())
        .map(|case| case.policy)
        .collect();
    for name in names() {
        let has_suite = folder().join(&name).join("test").is_dir();
        let is_signature = name.starts_with("require-signature-");
        assert!(
            has_suite || is_signature || tested.contains(&name.as_str()),
            "{name}"
        );
    }
}
