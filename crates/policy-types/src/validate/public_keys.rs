//! Whether text that claims to be PEM is: armour, base64 and the outline of the DER within.
//!
//! Keys and certificates are parsed in full where they are used; a placeholder is caught here, where its place is known.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use manifest::FieldPath;

use crate::report::Report;
use crate::variables::has_variable;

/// Tag of a DER sequence.
const SEQUENCE: u8 = 0x30;
/// Tag of a DER bit string.
const BIT_STRING: u8 = 0x03;

/// Checks `publicKeys`: PEM keys, or a reference to keys elsewhere.
pub(super) fn validate_public_keys(text: &str, path: &FieldPath, report: &mut Report) {
    let text = text.trim();
    if !text.starts_with("-----BEGIN") || has_variable(text) {
        return;
    }
    validate_pem(text, "PUBLIC KEY", path, report);
}

/// Checks a PEM public key of a log.
pub(super) fn validate_log_key(text: &str, path: &FieldPath, report: &mut Report) {
    validate_public_keys(text, path, report);
}

/// Checks PEM certificates. `cert` may also be base64 of PEM, which is not looked into.
pub(super) fn validate_certificates(text: &str, path: &FieldPath, report: &mut Report) {
    let text = text.trim();
    if text.starts_with("-----BEGIN") && !has_variable(text) {
        validate_pem(text, "CERTIFICATE", path, report);
    }
}

fn validate_pem(text: &str, label: &str, path: &FieldPath, report: &mut Report) {
    let what = if label == "PUBLIC KEY" {
        "public key"
    } else {
        "certificate"
    };
    let blocks = blocks(text);
    let several = blocks.len() > 1;
    for (index, block) in blocks.into_iter().enumerate() {
        if let Err(why) = block.and_then(|block| outline(&block, label)) {
            let which = if several {
                format!(" (block {})", index.saturating_add(1))
            } else {
                String::new()
            };
            report.invalid(path, format!("holds no valid PEM {what}{which}: {why}"));
        }
    }
}

/// One PEM block, its base64 decoded.
struct Block {
    label: String,
    der: Vec<u8>,
}

/// The blocks of `text`, each decoded or told why it cannot be.
fn blocks(text: &str) -> Vec<Result<Block, String>> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let label = line
            .strip_prefix("-----BEGIN ")
            .and_then(|rest| rest.strip_suffix("-----"));
        let Some(label) = label else {
            if line.starts_with("-----") {
                blocks.push(Err(format!("`{line}` is no PEM header")));
            }
            continue;
        };
        let end = format!("-----END {label}-----");
        let mut body = String::new();
        let mut closed = false;
        for line in lines.by_ref() {
            if line == end {
                closed = true;
                break;
            }
            body.push_str(line);
        }
        blocks.push(if closed {
            decoded(label, &body)
        } else {
            Err(format!("`{end}` is missing"))
        });
    }
    blocks
}

fn decoded(label: &str, body: &str) -> Result<Block, String> {
    match STANDARD.decode(body) {
        Ok(der) => Ok(Block {
            label: label.to_owned(),
            der,
        }),
        Err(error) => Err(format!("not base64: {error}")),
    }
}

/// Whether the DER is a sequence that fills the block; for a key, one of a sequence and a bit string.
fn outline(block: &Block, label: &str) -> Result<(), String> {
    if block.label != label {
        return Err(format!("expected a block `{label}`, found `{}`", block.label));
    }
    let (content, rest) = element(&block.der, SEQUENCE).ok_or("not a DER sequence")?;
    if !rest.is_empty() {
        return Err("bytes follow the DER sequence".to_owned());
    }
    let (_, after) = element(content, SEQUENCE).ok_or("the DER sequence does not start with one")?;
    if label != "PUBLIC KEY" {
        return Ok(());
    }
    match element(after, BIT_STRING) {
        Some((_, [])) => Ok(()),
        _ => Err("not a SubjectPublicKeyInfo".to_owned()),
    }
}

/// The content of the DER element with `tag` at the start of `der`, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0x00..=0x7f => (usize::from(*length), rest),
        // Keys and certificates are below 64 KiB: one or two bytes of length.
        0x81 | 0x82 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (
                bytes
                    .iter()
                    .fold(0, |length, byte| (length << 8) | usize::from(*byte)),
                rest,
            )
        }
        _ => return None,
    };
    (*first == tag).then_some(())?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use manifest::Document;

    use super::*;

    const KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8nXRh950IZbRj8Ra/N9sbqOPZrfM\n\
        5/KAQN0/KjHcorm/J5yctVd7iEcnessRQjU917hmKO6JWVGHpDguIyakZA==\n-----END PUBLIC KEY-----\n";

    fn faults(text: &str) -> Vec<String> {
        let mut report = Report::new(&Document::without_text(serde_json::Value::Null, ""));
        validate_public_keys(text, &FieldPath::root().key("publicKeys"), &mut report);
        report.faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn genuine_keys_and_references_pass() {
        for text in [
            KEY,
            &format!("{KEY}{KEY}"),
            "k8s://ns/name",
            "awskms:///alias/x",
            "{{ keys.data.cosign }}",
        ] {
            assert_eq!(faults(text), [] as [String; 0], "{text}");
        }
    }

    #[test]
    fn a_placeholder_is_named_with_its_field() {
        let text = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyourPublicKeyContentHere...\n\
                    -----END PUBLIC KEY-----\n";
        let faults = faults(text);
        assert_eq!(faults.len(), 1);
        assert!(
            faults[0].starts_with("publicKeys: holds no valid PEM public key: not base64: "),
            "{}",
            faults[0]
        );
    }

    #[test]
    fn keys_that_are_cut_mislabelled_or_padded_are_refused() {
        let cut = KEY.replace("-----END PUBLIC KEY-----\n", "");
        let short = KEY.replace("5/KAQN0/KjHcorm/J5yctVd7iEcnessRQjU917hmKO6JWVGHpDguIyakZA==", "");
        let mislabelled = KEY.replace("PUBLIC KEY", "RSA PUBLIC KEY");
        for (text, why) in [
            (cut, "`-----END PUBLIC KEY-----` is missing"),
            (short, "not a DER sequence"),
            (
                mislabelled,
                "expected a block `PUBLIC KEY`, found `RSA PUBLIC KEY`",
            ),
            (
                format!("{KEY}-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----"),
                "(block 2)",
            ),
        ] {
            let faults = faults(&text);
            assert!(faults.len() == 1 && faults[0].contains(why), "{faults:?}");
        }
    }
}
