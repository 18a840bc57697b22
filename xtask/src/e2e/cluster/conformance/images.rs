//! The images that Kyverno's tests name, signed here: in a registry that stands in for ghcr.io.
//!
//! Kyverno's own keys are not ours to sign with: where tests name one, a key made here stands. Images that a provider of
//! identities signed are signed by our rehearsal's authority under the same identity.

use std::collections::BTreeMap;
use std::time::Duration;

use rehearsal::authority::{Identity, Signer};
use rehearsal::registry::Options;
use rehearsal::repository::{PushedImage, Shelf};
use rehearsal::statement::Statement;
use rehearsal::{Algorithm, Content, Registry, RehearsalError, Repository, SigningKey, simple_signing};
use serde_json::{Value, json};

use super::super::shop::{Shop, before_now};
use crate::failure::Outcome;

const HOST: &str = "ghcr.io";
const HOUR: Duration = Duration::from_secs(3_600);
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const BUILDER: &str = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@refs/heads/main";
const SCANNER: &str =
    "https://github.com/chipzoller/zulu/.github/workflows/vulnerability-scan.yaml@refs/heads/main";

/// First and second line of the key that Kyverno's signed images are signed with.
const THEIR_KEY: [&str; 2] = [
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8nXRh950IZbRj8Ra/N9sbqOPZrfM",
    "5/KAQN0/KjHcorm/J5yctVd7iEcnessRQjU917hmKO6JWVGHpDguIyakZA==",
];

/// The registry, and how texts name what is in it.
pub(super) struct Images {
    registry: Registry,
    /// Words of Kyverno's tests, and ours for them: keys, digests.
    pub(super) words: Vec<(String, String)>,
}

impl Images {
    /// Pushes and signs everything with the shop's key and authority, and serves it.
    pub(super) fn open(shop: &Shop) -> Outcome<Self> {
        let content = Content::new();
        let registry = shop
            .runtime
            .block_on(Registry::start(content.clone(), Options::default()))?;
        let at = before_now(HOUR);
        let repository = |path: &str| Repository::new(&content, path, &format!("{HOST}/{path}"), at);
        let tested = repository("kyverno/test-verify-image");
        let stranger = SigningKey::generate(Algorithm::P256)?;
        for tag in ["unsigned", "latest"] {
            image(&tested, tag)?;
        }
        sign(
            shop,
            &tested,
            &image(&tested, "signed")?,
            Signer::Key(&shop.trusted),
        )?;
        let other = image(&tested, "signed-by-someone-else")?;
        sign(shop, &tested, &other, Signer::Key(&stranger))?;
        let private = repository("kyverno/test-verify-image-private");
        sign(
            shop,
            &private,
            &image(&private, "signed")?,
            Signer::Key(&shop.trusted),
        )?;
        let by_builder = shop.authority.credential(&Identity::uri(BUILDER, ISSUER), at)?;
        let keyless = image(&tested, "signed-keyless")?;
        sign(shop, &tested, &keyless, Signer::Certificate(&by_builder))?;
        let zulu = repository("kyverno/zulu");
        for tag in ["v0.0.14", "latest"] {
            let pushed = image(&zulu, tag)?;
            sign(shop, &zulu, &pushed, Signer::Certificate(&by_builder))?;
            let built = json!({"builder": {"id": BUILDER}, "buildType": "https://github.com/slsa-framework/slsa-github-generator/container@v1"});
            attest(
                shop,
                &zulu,
                &pushed,
                BUILDER,
                "https://slsa.dev/provenance/v0.2",
                built,
            )?;
            let scanned = json!({"scanner": {"uri": "pkg:github/aquasecurity/trivy@0.34.0", "version": "0.34.0", "result": {}}});
            attest(
                shop,
                &zulu,
                &pushed,
                SCANNER,
                "cosign.sigstore.dev/attestation/vuln/v1",
                scanned,
            )?;
        }
        let digest = |repository: &Repository, tag: &str| {
            image(repository, tag).map(|image| image.digest().to_owned())
        };
        let mut words: Vec<(String, String)> = vec![
            (
                "sha256:476b21f1a75dc90fac3579ee757f4607bb5546f476195cf645c54badf558c0db".to_owned(),
                digest(&zulu, "v0.0.14")?,
            ),
            (
                "sha256:445a99db22e9add9bfb15ddb1980861a329e5dff5c88d7eec9cbf08b6b2f4eb1".to_owned(),
                digest(&tested, "signed-keyless")?,
            ),
        ];
        let ours = shop.key.lines().filter(|line| !line.starts_with("-----"));
        words.extend(
            THEIR_KEY
                .iter()
                .zip(ours)
                .map(|(theirs, ours)| ((*theirs).to_owned(), ours.to_owned())),
        );
        Ok(Self { registry, words })
    }

    /// Where it really is, as `--registry-mirror` takes it.
    pub(super) fn mirror(&self) -> String {
        format!("{HOST}={}", self.registry.url())
    }
}

/// Pushed again, an image has the same digest.
fn image(repository: &Repository, tag: &str) -> Result<PushedImage, RehearsalError> {
    repository.image(tag, &json!({"os": "linux", "config": {"Labels": {"tag": tag}}}))
}

fn sign(
    shop: &Shop,
    repository: &Repository,
    image: &PushedImage,
    signer: Signer<'_>,
) -> Result<(), RehearsalError> {
    let payload = simple_signing::payload(repository.name(), image.digest(), &BTreeMap::new())?;
    let layer = shop.authority.signature_layer(signer, payload, repository.at())?;
    repository.attach(image, Shelf::Signatures, layer).map(drop)
}

fn attest(
    shop: &Shop,
    repository: &Repository,
    image: &PushedImage,
    who: &str,
    predicate_type: &str,
    predicate: Value,
) -> Result<(), RehearsalError> {
    let at = repository.at();
    let credential = shop.authority.credential(&Identity::uri(who, ISSUER), at)?;
    let statement = Statement::attestation(repository.name(), image.digest(), predicate_type, predicate);
    let layer = shop
        .authority
        .attestation_layer(Signer::Certificate(&credential), &statement, at)?;
    repository.attach(image, Shelf::Attestations, layer).map(drop)
}
