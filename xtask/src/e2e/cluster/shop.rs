//! The images of the scenarios in a throw-away registry that stands in for `registry.example.com`.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use rehearsal::authority::{Identity, Signer};
use rehearsal::registry::Options;
use rehearsal::repository::{PushedImage, Shelf};
use rehearsal::statement::Statement;
use rehearsal::{
    Algorithm, Authority, Content, Registry, RehearsalError, Repository, SigningKey, instant, simple_signing,
};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::failure::{Failure, Outcome};
use crate::images::runtime;

/// The registry that policies name.
pub(super) const HOST: &str = "registry.example.com";
const HOUR: Duration = Duration::from_secs(3_600);
const MONTH: Duration = Duration::from_secs(30 * 24 * 3_600);

/// The registry, with all that stands in it.
pub(super) struct Shop {
    /// The key that policies know, PEM.
    pub(super) key: String,
    /// The key of the stranger, whom policies do not know, PEM.
    pub(super) strangers_key: String,
    /// Whom to believe, as `trusted_root.json`.
    pub(super) trusted_root: String,
    registry: Registry,
    repository: Repository,
    /// The key behind `key`.
    pub(super) trusted: SigningKey,
    stranger: SigningKey,
    /// Who certifies and logs.
    pub(super) authority: Authority,
    /// Serves the registry: must live as long.
    pub(super) runtime: Runtime,
}

impl Shop {
    /// Signs everything, as of now, and serves it.
    pub(super) fn open() -> Outcome<Self> {
        let now = now();
        let authority = Authority::new(ago(now, MONTH * 2))?;
        let trusted = SigningKey::generate(Algorithm::P256)?;
        let stranger = SigningKey::generate(Algorithm::P256)?;
        let content = Content::new();
        let runtime = runtime()?;
        let registry = runtime.block_on(Registry::start(content.clone(), Options::default()))?;
        let shop = Self {
            key: trusted.public_pem(),
            strangers_key: stranger.public_pem(),
            trusted_root: authority.trusted_root()?,
            repository: Repository::new(&content, "shop", &format!("{HOST}/shop"), ago(now, HOUR)),
            registry,
            trusted,
            stranger,
            authority,
            runtime,
        };
        shop.push("unsigned")?;
        shop.sign(&shop.push("signed")?, &shop.trusted)?;
        shop.sign(&shop.push("signed-by-a-stranger")?, &shop.stranger)?;
        shop.attest_scan(&shop.push("scanned-today")?, ago(now, HOUR))?;
        shop.attest_scan(&shop.push("scanned-long-ago")?, ago(now, MONTH))?;
        Ok(shop)
    }

    /// The registry itself, for tests that make it fail or count what it is asked.
    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Where it really is, as `--registry-mirror` takes it.
    pub(super) fn mirror(&self) -> String {
        format!("{HOST}={}", self.registry.url())
    }

    /// Pushes one more image that the key has signed; gives its tagged reference.
    pub(super) fn push_signed(&self, tag: &str) -> Outcome<String> {
        self.sign(&self.push(tag)?, &self.trusted)?;
        Ok(image(tag))
    }

    /// Pushes one more image that only the stranger has signed; gives its tagged reference.
    pub(super) fn push_strange(&self, tag: &str) -> Outcome<String> {
        self.sign(&self.push(tag)?, &self.stranger)?;
        Ok(image(tag))
    }

    /// Takes the signature of an image away, as somebody may who may write to the registry.
    pub(super) fn forget_signature(&self, tag: &str) -> Outcome {
        let signature = Shelf::Signatures.tag(&self.digest(tag)?);
        if self.registry.content().untag("shop", &signature) {
            return Ok(());
        }
        Err(Failure::Found(format!("`{tag}` has no signature to take away")))
    }

    /// The digest of an image.
    pub(super) fn digest(&self, tag: &str) -> Outcome<String> {
        Ok(self.push(tag)?.digest().to_owned())
    }

    fn push(&self, tag: &str) -> Result<PushedImage, RehearsalError> {
        self.repository
            .image(tag, &json!({"os": "linux", "config": {"Labels": {"tag": tag}}}))
    }

    /// `cosign sign --key`, entered in the log.
    fn sign(&self, image: &PushedImage, key: &SigningKey) -> Result<(), RehearsalError> {
        let payload = simple_signing::payload(self.repository.name(), image.digest(), &BTreeMap::new())?;
        let signer = Signer::Key(key);
        let layer = self
            .authority
            .signature_layer(signer, payload, self.repository.at())?;
        self.repository.attach(image, Shelf::Signatures, layer).map(drop)
    }

    /// `cosign attest --type vuln` with a scanner's certificate, entered in the log, all at `at`.
    fn attest_scan(&self, image: &PushedImage, at: SystemTime) -> Result<(), RehearsalError> {
        let scanner = Identity::uri("https://ci.example.com/shop/scan", "https://ci.example.com");
        let credential = self.authority.credential(&scanner, at)?;
        let finished = instant::rfc3339(at)?;
        let predicate = json!({
            "scanner": {"uri": "https://scanner.example.com", "version": "1.0", "result": {}},
            "metadata": {"scanStartedOn": finished, "scanFinishedOn": finished},
        });
        let statement = Statement::attestation(self.repository.name(), image.digest(), "vuln", predicate);
        let signer = Signer::Certificate(&credential);
        let layer = self.authority.attestation_layer(signer, &statement, at)?;
        self.repository
            .attach(image, Shelf::Attestations, layer)
            .map(drop)
    }
}

/// The reference of a tag of the shop.
pub(super) fn image(tag: &str) -> String {
    format!("{HOST}/shop:{tag}")
}

#[expect(
    clippy::disallowed_methods,
    reason = "the cluster's clock is real, so must be the dates of its images"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

/// So long before now, as the images of the shop.
pub(super) fn before_now(time: Duration) -> SystemTime {
    ago(now(), time)
}

fn ago(now: SystemTime, time: Duration) -> SystemTime {
    now.checked_sub(time).unwrap_or(SystemTime::UNIX_EPOCH)
}
