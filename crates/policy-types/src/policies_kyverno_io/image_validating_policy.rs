//! What `spec` of an `ImageValidatingPolicy` says of images; the rest is that of every policy in Common Expression Language.
//!
//! Text that is absent is empty text, as in Kyverno's own types. Source: Kyverno 1.19
//! `config/crds/policies.kyverno.io/policies.kyverno.io_imagevalidatingpolicies.yaml`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The part of `spec` about images.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImagesSpec {
    /// Which images are meant; empty: all.
    pub match_image_references: Vec<MatchImageReference>,
    /// Digests, and whether a proof is required.
    pub validation_configurations: ValidationConfigurations,
    /// How registries are reached.
    pub credentials: Option<Credentials>,
    /// Further places where images stand.
    pub images: Vec<ImageExtractor>,
    /// Whose signatures count.
    pub attestors: Vec<Attestor>,
    /// What may be attested.
    pub attestations: Vec<Attestation>,
}

/// One way in which an image is meant: exactly one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MatchImageReference {
    /// A pattern on the text of the image.
    pub glob: String,
    /// An expression on `ref`.
    pub expression: String,
}

/// What is asked of every image that is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ValidationConfigurations {
    /// The mutating call writes digests.
    pub mutate_digest: bool,
    /// The validating call refuses images without a digest.
    pub verify_digest: bool,
    /// The validating call refuses images that nobody verified.
    pub required: bool,
}

impl Default for ValidationConfigurations {
    fn default() -> Self {
        Self {
            mutate_digest: true,
            verify_digest: true,
            required: true,
        }
    }
}

/// How registries are reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Credentials {
    /// Plain HTTP is tried where HTTPS fails.
    pub allow_insecure_registry: bool,
    /// `default`, `amazon`, `azure`, `google`, `github`.
    pub providers: Vec<String>,
    /// `name`, or `namespace/name`.
    pub secrets: Vec<String>,
}

/// A place where images stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ImageExtractor {
    /// The images are `images.<name>`.
    pub name: String,
    /// Gives a list of texts.
    pub expression: String,
}

/// Whose signatures count: exactly one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Attestor {
    /// The attestor is `attestors.<name>`.
    pub name: String,
    /// Signatures of Sigstore.
    pub cosign: Option<Cosign>,
    /// Signatures of the Notary Project.
    pub notary: Option<Notary>,
}

/// Whose Sigstore signatures count: exactly one of `key`, `keyless` and `certificate`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cosign {
    /// A public key.
    pub key: Option<Key>,
    /// Identities that a certificate authority vouches for.
    pub keyless: Option<Keyless>,
    /// A certificate, a chain, or both.
    pub certificate: Option<Certificate>,
    /// Where signatures lie, if not beside the image.
    pub source: Option<Source>,
    /// The transparency log, the certificate log, the timestamp authority.
    pub ctlog: Option<CtLog>,
    /// Where the trust root comes from.
    pub tuf: Option<Tuf>,
    /// The trust root itself.
    pub trusted_root: Option<TextOrExpression>,
    /// Pairs that the same signature must carry.
    pub annotations: BTreeMap<String, String>,
}

/// A text, or an expression that gives one: exactly one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TextOrExpression {
    /// The text.
    pub value: String,
    /// Gives the text.
    pub expression: String,
}

/// A public key: exactly one of `data`, `kms` and `expression`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Key {
    /// PEM.
    pub data: String,
    /// URI of a key management service.
    pub kms: String,
    /// `sha224`, `sha256`, `sha384`, `sha512`; empty means `sha256`.
    pub hash_algorithm: String,
    /// Gives PEM.
    pub expression: String,
}

/// Identities that a certificate authority vouches for; one of them is enough.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Keyless {
    /// The identities.
    pub identities: Vec<Identity>,
    /// Certificate authorities, PEM; empty: the trust root's.
    pub roots: String,
    /// Extensions of the certificate and their values.
    pub additional_extensions: BTreeMap<String, String>,
}

/// An identity: at least one field is set, issuer and subject each at most once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Identity {
    /// The issuer, exactly.
    pub issuer: String,
    /// A regular expression on the issuer.
    #[serde(rename = "issuerRegExp")]
    pub issuer_regexp: String,
    /// The subject, exactly.
    pub subject: String,
    /// Gives a regular expression on the subject.
    pub subject_expression: String,
    /// A regular expression on the subject.
    #[serde(rename = "subjectRegExp")]
    pub subject_regexp: String,
}

/// A certificate, a chain, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Certificate {
    /// The signing certificate: PEM, or base64 of PEM.
    pub cert: Option<TextOrExpression>,
    /// The certificates it must chain to, PEM.
    pub cert_chain: Option<TextOrExpression>,
}

/// Where signatures lie.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Source {
    /// The repository.
    pub repository: String,
    /// What tags of signatures start with.
    pub tag_prefix: String,
    /// Secrets for that repository.
    #[serde(rename = "PullSecrets")]
    pub pull_secrets: Vec<SecretReference>,
}

/// A Secret by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SecretReference {
    /// Name.
    pub name: String,
}

/// The transparency log, the certificate log, the timestamp authority.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CtLog {
    /// Address of the transparency log.
    pub url: String,
    /// Its key, PEM.
    pub rekor_pub_key: String,
    /// Key of the certificate log, PEM.
    pub ct_log_pub_key: String,
    /// Chain of the timestamp authority, PEM.
    pub tsa_cert_chain: String,
    /// No entry in the transparency log is demanded.
    pub insecure_ignore_tlog: bool,
    /// No signed certificate timestamp is demanded.
    #[serde(rename = "insecureIgnoreSCT")]
    pub insecure_ignore_sct: bool,
}

/// Where the trust root comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Tuf {
    /// The first root of the repository.
    pub root: TufRoot,
    /// Address of the repository.
    pub mirror: String,
}

/// The first root of a TUF repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TufRoot {
    /// A file or an address.
    pub path: String,
    /// Base64.
    pub data: String,
}

/// Whose Notary Project signatures count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Notary {
    /// Certificates of the trust store, PEM.
    pub certs: Option<TextOrExpression>,
    /// Certificates of timestamp authorities, PEM.
    pub tsa_certs: Option<TextOrExpression>,
}

/// What may be attested: exactly one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Attestation {
    /// The attestation is `attestations.<name>`.
    pub name: String,
    /// An in-toto statement with this predicate type.
    pub intoto: Option<AttestationType>,
    /// A referrer with this artifact type.
    pub referrer: Option<AttestationType>,
}

/// A predicate type or an artifact type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AttestationType {
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
}
