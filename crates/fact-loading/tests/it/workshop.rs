//! Who signs, and when: one throw-away authority for all tests.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use rehearsal::authority::{Credential, Identity, Signer};
use rehearsal::layer::Layer;
use rehearsal::repository::PushedImage;
use rehearsal::{Algorithm, Authority, SigningKey, simple_signing};

/// The identity that may sign.
pub(crate) const SUBJECT: &str = "ci@acme.example";
/// The issuer that vouches for it.
pub(crate) const ISSUER: &str = "https://accounts.acme.example";
/// The repository of all images, as it is named in references and claims.
pub(crate) const NAME: &str = "registry.example.com/app";
/// A predicate type of nobody's.
pub(crate) const REVIEW: &str = "https://example.com/review/v1";

/// Fulcio, Rekor, the certificate log and the timestamp authority.
pub(crate) static AUTHORITY: LazyLock<Authority> =
    LazyLock::new(|| Authority::new(signing_time() - Duration::from_secs(86_400)).unwrap());

/// When everything is signed.
pub(crate) fn signing_time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000)
}

/// When everything is judged: an hour later, nanoseconds since the Unix epoch.
pub(crate) fn judging_ns() -> i128 {
    1_750_003_600_i128 * 1_000_000_000
}

/// A fresh key.
pub(crate) fn fresh_key() -> SigningKey {
    SigningKey::generate(Algorithm::P256).unwrap()
}

/// A leaf for `subject` of [`ISSUER`].
pub(crate) fn credential(subject: &str) -> Credential {
    AUTHORITY
        .credential(&Identity::email(subject, ISSUER), signing_time())
        .unwrap()
}

/// Pairs as a claim carries them.
pub(crate) fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// The claim about an image.
pub(crate) fn claim(image: &PushedImage, annotations: &[(&str, &str)]) -> Vec<u8> {
    simple_signing::payload(NAME, image.digest(), &pairs(annotations)).unwrap()
}

/// A classic signature on an image, with a log entry.
pub(crate) fn logged_signature(
    signer: Signer<'_>,
    image: &PushedImage,
    annotations: &[(&str, &str)],
) -> Layer {
    AUTHORITY
        .signature_layer(signer, claim(image, annotations), signing_time())
        .unwrap()
}
