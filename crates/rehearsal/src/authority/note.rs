//! Checkpoints: a tree's size and root as a signed note.
//!
//! Source: C2SP tlog-checkpoint and signed-note; Rekor 1's key hint is the start of its log id.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::merkle::Tree;
use crate::error::RehearsalError;
use crate::keys::{Algorithm, SigningKey};

/// Length of an Ed25519 public key, which ends its DER.
const ED25519_BYTES: usize = 32;

/// The id of a log: SHA-256 of its key in DER, or for Ed25519 of name, type and key as signed notes have it.
pub(super) fn log_id(name: &str, key: &SigningKey) -> [u8; 32] {
    if key.algorithm() != Algorithm::Ed25519 {
        return key.key_id();
    }
    let der = key.public_der();
    let raw = der
        .get(der.len().saturating_sub(ED25519_BYTES)..)
        .unwrap_or_default();
    Sha256::digest([name.as_bytes(), b"\n\x01", raw].concat()).into()
}

/// The checkpoint of `tree`, signed as `name`.
pub(super) fn checkpoint(
    name: &str,
    origin: &str,
    key: &SigningKey,
    tree: &Tree,
) -> Result<String, RehearsalError> {
    let text = format!("{origin}\n{}\n{}\n", tree.size(), STANDARD.encode(tree.root()));
    let id = log_id(name, key);
    let hint = id.get(..4).unwrap_or_default();
    let signature = [hint, &key.sign(text.as_bytes())?].concat();
    Ok(format!(
        "{text}\n\u{2014} {name} {}\n",
        STANDARD.encode(signature)
    ))
}
