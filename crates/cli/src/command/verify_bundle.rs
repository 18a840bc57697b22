//! `vouchsafe verify-bundle`: one Sigstore bundle over one file or digest, as the Sigstore conformance suite asks.
//!
//! Exit 0: verified; 1: refused; 2: called wrongly. Nothing is fetched, but the trusted root where flags say so.

use std::sync::Arc;

use clap::Args;
use fact_loading::{LoaderOptions, trust_material};
use image_verification::{BundleIdentity, BundlePolicy, SignedArtifact, verify_bundle_file};
use jiff::Timestamp;

use crate::console::Console;
use crate::exit_code::{EXIT_AGAINST, EXIT_OK, EXIT_USAGE};
use crate::host::{async_runtime, now_ns};
use crate::input::{InputError, read_file, read_text};
use crate::trust::TrustArguments;

/// What stands before a digest given instead of a file.
const DIGEST_PREFIX: &str = "sha256:";

/// Flags of `verify-bundle`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// Bundle, JSON
    #[arg(long, value_name = "FILE")]
    bundle: String,
    /// Public key that must have signed, PEM
    #[arg(long, value_name = "FILE", conflicts_with_all = ["certificate_identity", "certificate_identity_regexp", "certificate_oidc_issuer", "certificate_oidc_issuer_regexp"])]
    key: Option<String>,
    /// Identity that the signing certificate must carry
    #[arg(long, value_name = "NAME")]
    certificate_identity: Option<String>,
    /// Regular expression for the identity, matched anywhere in it
    #[arg(long, value_name = "REGEXP")]
    certificate_identity_regexp: Option<String>,
    /// OIDC issuer that the signing certificate must carry
    #[arg(long, value_name = "URL")]
    certificate_oidc_issuer: Option<String>,
    /// Regular expression for the OIDC issuer, matched anywhere in it
    #[arg(long, value_name = "REGEXP")]
    certificate_oidc_issuer_regexp: Option<String>,
    #[command(flatten)]
    trust: TrustArguments,
    /// Ask nobody for the trusted root: what `--tuf-cache` holds must do
    #[arg(long)]
    offline: bool,
    /// Signed file, or its digest as sha256:HEX
    #[arg(value_name = "FILE|sha256:HEX")]
    artifact: String,
}

/// Runs `verify-bundle`.
pub(crate) fn run(arguments: &Arguments, console: &mut Console) -> u8 {
    match verify(arguments, console) {
        Ok(Ok(signed_by)) => {
            console.line(&format!("verified: signed by {signed_by}"));
            EXIT_OK
        }
        Ok(Err(refused)) => {
            console.note(&format!("refused: {refused}"));
            EXIT_AGAINST
        }
        Err(error) => {
            console.note(&format!("Error: {error}"));
            EXIT_USAGE
        }
    }
}

/// Who signed, or why the bundle is refused. The outer error is a call that can't be followed.
fn verify(arguments: &Arguments, console: &mut Console) -> Result<Result<String, String>, InputError> {
    let policy = policy(arguments)?;
    let bundle = read_file(&arguments.bundle)?;
    let (bytes, digest) = artifact(&arguments.artifact)?;
    let artifact = match digest {
        Some(digest) => SignedArtifact::Sha256(digest),
        None => SignedArtifact::Bytes(&bytes),
    };
    let options = LoaderOptions {
        trusted_root: arguments.trust.given()?,
        tuf: arguments.trust.tuf()?,
        offline: arguments.offline,
        ..LoaderOptions::default()
    };
    let at = Timestamp::from_nanosecond(now_ns()).unwrap_or(Timestamp::UNIX_EPOCH);
    let trust = async_runtime()?
        .block_on(trust_material(&options))
        .map_err(Box::new);
    let verified = trust.and_then(|(trust, stale)| {
        if let Some(why) = stale {
            console.note(&format!("the trust root is not fresh: {why}"));
        }
        verify_bundle_file(&bundle, artifact, &policy, &trust, at)
    });
    Ok(verified.map_err(|refusal| {
        let demanded = match refusal.demanded.as_str() {
            "" => String::new(),
            demanded => format!("; demanded {demanded}"),
        };
        format!("{}{demanded} [{}]", refusal.message, refusal.code.as_str())
    }))
}

fn policy(arguments: &Arguments) -> Result<BundlePolicy, InputError> {
    if let Some(path) = &arguments.key {
        return Ok(BundlePolicy::Key(Arc::from(read_text(path)?)));
    }
    let identity = BundleIdentity {
        subject: arguments.certificate_identity.clone(),
        subject_regexp: arguments.certificate_identity_regexp.clone(),
        issuer: arguments.certificate_oidc_issuer.clone(),
        issuer_regexp: arguments.certificate_oidc_issuer_regexp.clone(),
    };
    let has = |one: &Option<String>, other: &Option<String>| one.is_some() || other.is_some();
    if !has(&identity.subject, &identity.subject_regexp) || !has(&identity.issuer, &identity.issuer_regexp) {
        let expected =
            "say who must have signed: `--key`, or `--certificate-identity` with `--certificate-oidc-issuer`";
        return Err(InputError::Malformed(expected.to_owned()));
    }
    Ok(BundlePolicy::Identity(identity))
}

/// The bytes of the artifact, or its digest where that was given. A file of such a name is the artifact.
fn artifact(written: &str) -> Result<(Vec<u8>, Option<[u8; 32]>), InputError> {
    match written.strip_prefix(DIGEST_PREFIX) {
        Some(hex) if !std::path::Path::new(written).exists() => {
            let digest = digest_of(hex).ok_or_else(|| {
                InputError::Malformed(format!("`{written}`: expected 64 hexadecimal digits"))
            })?;
            Ok((Vec::new(), Some(digest)))
        }
        Some(_) | None => Ok((read_file(written)?, None)),
    }
}

fn digest_of(hex: &str) -> Option<[u8; 32]> {
    let digits: Option<Vec<u8>> = hex
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()))
        .collect();
    let bytes: Vec<u8> = digits?
        .chunks(2)
        .map(|pair| pair.iter().fold(0_u8, |byte, digit| byte.wrapping_shl(4) | digit))
        .collect();
    if hex.len() == 64 {
        bytes.try_into().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_has_64_hexadecimal_digits() {
        assert_eq!(digest_of(&"0f".repeat(32)), Some([15; 32]));
        assert_eq!(digest_of(&"0f".repeat(31)), None);
        assert_eq!(digest_of(&"0g".repeat(32)), None);
    }
}
