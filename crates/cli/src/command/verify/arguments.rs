//! The flags of `verify`: cosign's names where cosign has the thing.

use clap::{ArgAction, Args, ValueEnum};

use crate::runtime::RegistryArguments;

/// Flags of `verify`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Arguments {
    /// Image to verify, by tag or digest
    #[arg(value_name = "IMAGE")]
    pub(crate) image: String,
    /// Judge by the verifyImages rules of these policies instead of by flags
    #[arg(
        long = "policy",
        value_name = "FILE",
        value_delimiter = ',',
        help_heading = "Policies"
    )]
    pub(crate) policies: Vec<String>,
    /// With `--policy`: namespace that the image is to run in
    #[arg(
        short,
        long,
        value_name = "NAME",
        default_value = "default",
        help_heading = "Policies"
    )]
    pub(crate) namespace: String,
    #[command(flatten)]
    pub(crate) demand: DemandArguments,
    /// Files of Secrets that hold public keys (`k8s://namespace/name`)
    #[arg(long = "secrets", value_name = "FILE", value_delimiter = ',')]
    pub(crate) secrets: Vec<String>,
    /// How the answer is written
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: AnswerFormat,
    #[command(flatten)]
    pub(crate) registries: RegistryArguments,
}

/// What is demanded of the image, by flags.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(crate) struct DemandArguments {
    /// Public key: a file, or a reference as policies write it (`https://`, `env://`, `k8s://`, KMS); of several, all must have signed
    #[arg(long = "key", value_name = "REF", help_heading = "Signers")]
    pub(crate) keys: Vec<String>,
    /// Of several keys, so many must have signed
    #[arg(long, value_name = "N", requires = "keys", help_heading = "Signers")]
    pub(crate) count: Option<u32>,
    /// Identity that the signing certificate must carry
    #[arg(long, value_name = "NAME", help_heading = "Signers")]
    pub(crate) certificate_identity: Option<String>,
    /// Regular expression for the identity, matched anywhere in it
    #[arg(long, value_name = "REGEXP", help_heading = "Signers")]
    pub(crate) certificate_identity_regexp: Option<String>,
    /// OIDC issuer that the signing certificate must carry
    #[arg(long, value_name = "URL", help_heading = "Signers")]
    pub(crate) certificate_oidc_issuer: Option<String>,
    /// Regular expression for the OIDC issuer, matched anywhere in it
    #[arg(long, value_name = "REGEXP", help_heading = "Signers")]
    pub(crate) certificate_oidc_issuer_regexp: Option<String>,
    /// Signing certificate, PEM
    #[arg(long, value_name = "FILE", help_heading = "Signers")]
    pub(crate) certificate: Option<String>,
    /// Certificates that the signing certificate must chain to, PEM
    #[arg(
        long,
        visible_alias = "ca-roots",
        value_name = "FILE",
        help_heading = "Signers"
    )]
    pub(crate) certificate_chain: Option<String>,
    /// Pair that the signature must carry
    #[arg(short, long, value_name = "KEY=VALUE", help_heading = "Signers")]
    pub(crate) annotations: Vec<String>,
    /// Verify an attestation of this predicate type, or cosign's short name of it, instead of a signature
    #[arg(
        long = "attestation",
        visible_alias = "type",
        value_name = "TYPE",
        help_heading = "Evidence"
    )]
    pub(crate) attestations: Vec<String>,
    /// Which artifacts count
    #[arg(long, value_enum, default_value_t, help_heading = "Evidence")]
    pub(crate) layout: Layout,
    /// Repository that signatures lie in, if not beside the image
    #[arg(long, value_name = "REPOSITORY", help_heading = "Evidence")]
    pub(crate) signature_repository: Option<String>,
    /// Digest algorithm of signatures made with a key
    #[arg(long, value_name = "sha224|sha256|sha384|sha512", help_heading = "Evidence")]
    pub(crate) signature_digest_algorithm: Option<String>,
    /// Do without an entry in a transparency log
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_default_value = true, hide_possible_values = true, help_heading = "Evidence")]
    pub(crate) insecure_ignore_tlog: bool,
    /// Do without a signed certificate timestamp
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t, hide_default_value = true, hide_possible_values = true, help_heading = "Evidence")]
    pub(crate) insecure_ignore_sct: bool,
    /// Public key of the transparency log, PEM, instead of the trusted root's logs
    #[arg(long, value_name = "FILE", help_heading = "Evidence")]
    pub(crate) rekor_public_key: Option<String>,
    /// Public key of the certificate transparency log, PEM, instead of the trusted root's logs
    #[arg(long, value_name = "FILE", help_heading = "Evidence")]
    pub(crate) ctlog_public_key: Option<String>,
    /// Certificates of the timestamp authority, PEM
    #[arg(long, value_name = "FILE", help_heading = "Evidence")]
    pub(crate) timestamp_certificate_chain: Option<String>,
}

/// Which artifacts beside an image count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Layout {
    /// Every layout of Sigstore: tags, referrers, bundles
    #[default]
    Sigstore,
    /// Sigstore bundles only
    Bundle,
    /// Notary Project signatures only
    Notary,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswerFormat {
    /// The decision tree
    #[default]
    Text,
    /// One JSON object
    Json,
}
