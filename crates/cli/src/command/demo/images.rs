//! The images of the demo, with the evidence that lies beside them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use rehearsal::authority::{EntryKind, Identity, LogVersion, Signer};
use rehearsal::repository::{PushedImage, Shelf};
use rehearsal::statement::Statement;
use rehearsal::{
    Algorithm, Authority, Content, RehearsalError, Repository, SigningKey, instant, simple_signing,
};
use serde_json::json;

/// The registry that policies name; the process stands in for it.
pub(super) const HOST: &str = "registry.example.com";

/// How long ago images were signed.
const SIGNED_AGO: Duration = Duration::from_secs(3_600);
/// How long ago the stale scan was made: longer than the week that the policy allows.
const STALE_AGO: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Since when the throw-away authority is valid.
const FOUNDED_AGO: Duration = Duration::from_secs(60 * 24 * 3_600);

/// The images, by tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// Signed with the key, in cosign's classic layout.
    Signed,
    /// Signed with the key, as a Sigstore bundle.
    SignedBundle,
    /// Not signed.
    Unsigned,
    /// Signed with another key.
    Stranger,
    /// With a scan of today.
    ScannedToday,
    /// With a scan of a month ago.
    ScannedLongAgo,
}

impl Tag {
    const ALL: [Self; 6] = [
        Self::Signed,
        Self::SignedBundle,
        Self::Unsigned,
        Self::Stranger,
        Self::ScannedToday,
        Self::ScannedLongAgo,
    ];

    /// The whole reference.
    pub(super) fn image(self) -> &'static str {
        match self {
            Self::Signed => "registry.example.com/shop:signed",
            Self::SignedBundle => "registry.example.com/shop:signed-bundle",
            Self::Unsigned => "registry.example.com/shop:unsigned",
            Self::Stranger => "registry.example.com/shop:signed-by-a-stranger",
            Self::ScannedToday => "registry.example.com/shop:scanned-today",
            Self::ScannedLongAgo => "registry.example.com/shop:scanned-long-ago",
        }
    }

    fn tag(self) -> &'static str {
        self.image().rsplit_once(':').map_or("latest", |(_, tag)| tag)
    }
}

/// What was signed, with what, and what vouches for it.
#[derive(Debug)]
pub(super) struct Evidence {
    /// What the registry holds.
    pub(super) content: Content,
    /// The key that the policy knows, PEM.
    pub(super) public_key: String,
    /// The throw-away authority as `trusted_root.json`.
    pub(super) trusted_root: String,
}

/// Makes everything, as of `now`.
///
/// # Errors
/// [`RehearsalError`] where the library refuses, never in practice.
pub(super) fn make(now: SystemTime) -> Result<Evidence, RehearsalError> {
    let ago = |time: Duration| now.checked_sub(time).unwrap_or(SystemTime::UNIX_EPOCH);
    let authority = Authority::new(ago(FOUNDED_AGO))?;
    let key = SigningKey::generate(Algorithm::P256)?;
    let stranger = SigningKey::generate(Algorithm::P256)?;
    let content = Content::new();
    let workshop = Workshop {
        repository: Repository::new(&content, "shop", &format!("{HOST}/shop"), ago(SIGNED_AGO)),
        authority: &authority,
    };
    for tag in Tag::ALL {
        let image = workshop
            .repository
            .image(tag.tag(), &json!({"config": {"Labels": {"tag": tag.tag()}}}))?;
        match tag {
            Tag::Unsigned => {}
            Tag::Signed => workshop.sign(&image, &key)?,
            Tag::Stranger => workshop.sign(&image, &stranger)?,
            Tag::SignedBundle => workshop.sign_bundle(&image, &key)?,
            Tag::ScannedToday => workshop.attest_scan(&image, ago(SIGNED_AGO))?,
            Tag::ScannedLongAgo => workshop.attest_scan(&image, ago(STALE_AGO))?,
        }
    }
    Ok(Evidence {
        public_key: key.public_pem(),
        trusted_root: authority.trusted_root()?,
        content,
    })
}

struct Workshop<'a> {
    repository: Repository,
    authority: &'a Authority,
}

impl Workshop<'_> {
    /// `cosign sign --key`, entered in the log.
    fn sign(&self, image: &PushedImage, key: &SigningKey) -> Result<(), RehearsalError> {
        let payload = simple_signing::payload(self.repository.name(), image.digest(), &BTreeMap::new())?;
        let layer = self
            .authority
            .signature_layer(Signer::Key(key), payload, self.repository.at())?;
        self.repository.attach(image, Shelf::Signatures, layer)?;
        Ok(())
    }

    /// The same as a bundle.
    fn sign_bundle(&self, image: &PushedImage, key: &SigningKey) -> Result<(), RehearsalError> {
        let statement = Statement::signature(image.digest(), &BTreeMap::new());
        let log = LogVersion::V1(EntryKind::Dsse);
        let bundle = self
            .authority
            .bundle(Signer::Key(key), &statement, log, self.repository.at())?;
        self.repository
            .refer_bundle(image, &statement.predicate_type, &bundle)?;
        Ok(())
    }

    /// `cosign attest --type vuln` without a key: a scanner's certificate, entered in the log, all at `at`.
    fn attest_scan(&self, image: &PushedImage, at: SystemTime) -> Result<(), RehearsalError> {
        let scanner = Identity::uri("https://ci.example.com/shop/scan", "https://ci.example.com");
        let credential = self.authority.credential(&scanner, at)?;
        let finished = instant::rfc3339(at)?;
        let predicate = json!({
            "invocation": {"uri": "https://ci.example.com/shop/scan/1"},
            "scanner": {"uri": "https://scanner.example.com", "version": "1.0", "result": {"vulnerabilities": []}},
            "metadata": {"scanStartedOn": finished, "scanFinishedOn": finished},
        });
        let statement = Statement::attestation(self.repository.name(), image.digest(), "vuln", predicate);
        let layer = self
            .authority
            .attestation_layer(Signer::Certificate(&credential), &statement, at)?;
        self.repository.attach(image, Shelf::Attestations, layer)?;
        Ok(())
    }
}
