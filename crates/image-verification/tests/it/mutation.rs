//! No mutation of genuine evidence verifies, but of fields that the protocol leaves unauthenticated, each listed here.

use std::panic::{AssertUnwindSafe, catch_unwind};

use image_trust::{ArtifactKind, LogEntry, SignedMaterial};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::genuine::{Genuine, matrix};

/// Each genuine artifact must have at least so many single mutations that are refused.
const LEAST_REFUSED: usize = 20;

/// Fields that nobody signs, as pointers with `*` for a number, and why their change changes nothing.
const UNAUTHENTICATED: [(&str, &str); 11] = [
    (
        "/verificationMaterial/publicKey/hint",
        "a key is demanded by the policy, never chosen by a hint",
    ),
    (
        "/verificationMaterial/tlogEntries/*/logId/keyId",
        "version 2: the checkpoint's signature says which log it is",
    ),
    (
        "/verificationMaterial/tlogEntries/*/inclusionProof/logIndex",
        "version 2: read from the entry itself",
    ),
    (
        "/verificationMaterial/tlogEntries/*/inclusionProof/treeSize",
        "version 2: read from the checkpoint",
    ),
    (
        "/verificationMaterial/tlogEntries/*/inclusionProof/rootHash",
        "version 2: read from the checkpoint",
    ),
    (
        "/verificationMaterial/x509CertificateChain/certificates/*/rawBytes",
        "the root: the policy has its own",
    ),
    (
        "/verificationMaterial/timestampVerificationData",
        "a timestamp that is not there is not demanded",
    ),
    ("/annotations/predicateType", "the statement says its type itself"),
    (
        "/annotations/dev.sigstore.cosign~1chain",
        "certificates that the trust root has itself",
    ),
    (
        "/annotations/dev.sigstore.cosign~1rfc3161timestamp",
        "a timestamp that is not there is not demanded",
    ),
    (
        "/annotations/dev.cosignproject.cosign~1signature",
        "an envelope holds its signatures itself",
    ),
];

/// An artifact as one JSON document, so that one mutator fits all.
fn document(artifact: &ArtifactKind) -> Value {
    match artifact {
        ArtifactKind::Bundle { json } => serde_json::from_slice(json).expect("a bundle"),
        ArtifactKind::SimpleSigning {
            payload: bytes,
            material,
        }
        | ArtifactKind::Dsse {
            envelope: bytes,
            material,
        } => {
            let mut annotations = material.annotations.clone();
            annotations.remove(rehearsal::layer::BUNDLE);
            let log = material
                .log_entry
                .as_ref()
                .map(|entry| serde_json::from_str::<Value>(&entry.0).expect("an entry"));
            json!({ "bytes": String::from_utf8(bytes.clone()).expect("text"), "annotations": annotations, "log": log })
        }
        ArtifactKind::Notary { .. } | ArtifactKind::NotaryAttestation { .. } => panic!("not of this matrix"),
    }
}

/// The artifact out of its document.
fn artifact(document: &Value, like: &ArtifactKind) -> ArtifactKind {
    if matches!(like, ArtifactKind::Bundle { .. }) {
        return ArtifactKind::Bundle {
            json: serde_json::to_vec(document).expect("JSON"),
        };
    }
    let bytes = document["bytes"].as_str().unwrap_or_default().as_bytes().to_vec();
    let annotation = |name: &str| document["annotations"][name].as_str().map(str::to_owned);
    let material = SignedMaterial {
        signature: annotation(rehearsal::layer::SIGNATURE).unwrap_or_default(),
        certificate: annotation(rehearsal::layer::CERTIFICATE),
        chain: annotation(rehearsal::layer::CHAIN),
        log_entry: (!document["log"].is_null()).then(|| LogEntry(document["log"].to_string())),
        timestamp: annotation(rehearsal::layer::TIMESTAMP),
        annotations: std::collections::BTreeMap::new(),
    };
    match like {
        ArtifactKind::SimpleSigning { .. } => ArtifactKind::SimpleSigning {
            payload: bytes,
            material,
        },
        _ => ArtifactKind::Dsse {
            envelope: bytes,
            material,
        },
    }
}

/// Pointers to every leaf.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                leaves(
                    value,
                    &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")),
                    found,
                );
            }
        }
        Value::Array(items) => {
            for (number, value) in items.iter().enumerate() {
                leaves(value, &format!("{at}/{number}"), found);
            }
        }
        Value::Null => {}
        Value::String(_) | Value::Number(_) | Value::Bool(_) => found.push(at.to_owned()),
    }
}

/// Every single mutation of one leaf: some characters changed, a number counted up, the leaf taken away.
fn mutations(document: &Value, pointer: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut push = |change: &dyn Fn(&mut Value)| {
        let mut mutated = document.clone();
        change(mutated.pointer_mut(pointer).expect("a leaf"));
        all.push(mutated);
    };
    match document.pointer(pointer) {
        Some(Value::String(text)) if !pointer.contains("imestamp") => {
            // Long texts hold many fields, so that they are touched in many places.
            let places = if text.len() > 64 { 20 } else { 3 };
            let letters: Vec<usize> = text
                .char_indices()
                .filter(|(_, letter)| letter.is_ascii_alphanumeric())
                .map(|(at, _)| at)
                .collect();
            for place in 0..places.min(letters.len()) {
                let at = letters[place * letters.len() / places.min(letters.len())];
                // Never the same letter in the other case: hexadecimal reads both.
                let other = if text[at..=at].eq_ignore_ascii_case("b") {
                    "C"
                } else {
                    "B"
                };
                let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
                push(&|leaf| *leaf = Value::String(changed.clone()));
            }
        }
        Some(Value::Number(number)) => {
            let next = number.as_i64().expect("a whole number") + 1;
            push(&|leaf| *leaf = json!(next));
        }
        _ => {}
    }
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let mut without = document.clone();
    if let Some(Value::Object(fields)) = without.pointer_mut(parent) {
        fields.remove(&name.replace("~1", "/").replace("~0", "~"));
        all.push(without);
    }
    all
}

fn is_unauthenticated(pointer: &str, original: &Value, mutated: &Value) -> bool {
    let general: String = pointer
        .split('/')
        .map(|step| if step.parse::<u32>().is_ok() { "*" } else { step })
        .collect::<Vec<_>>()
        .join("/");
    // The line with a checkpoint's signature repeats the log's name; only text and signature are the checkpoint.
    let checkpoint = |document: &Value| {
        let envelope = document
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let (text, lines) = envelope
            .split_once("\n\n")
            .map(|(text, lines)| (text.to_owned(), lines.to_owned()))?;
        Some((
            text,
            lines.rsplit_once(' ').map(|(_, signature)| signature.to_owned()),
        ))
    };
    let is_same_checkpoint =
        general.ends_with("/checkpoint/envelope") && checkpoint(original) == checkpoint(mutated);
    is_same_checkpoint
        || UNAUTHENTICATED
            .iter()
            .any(|(listed, _)| general.starts_with(listed))
}

/// What went wrong with one artifact's mutations, and how many were refused.
fn refused_mutations(genuine: &Genuine) -> Result<usize, String> {
    let document = document(&genuine.artifact);
    let mut pointers = Vec::new();
    leaves(&document, "", &mut pointers);
    let mut refused = 0;
    for pointer in &pointers {
        for mutated in mutations(&document, pointer) {
            let verdict = genuine.judge(artifact(&mutated, &genuine.artifact));
            if verdict.is_err() {
                refused += 1;
            } else if !is_unauthenticated(pointer, &document, &mutated) {
                return Err(format!(
                    "{}: accepted with {pointer} = {:?}",
                    genuine.name,
                    mutated.pointer(pointer)
                ));
            }
        }
    }
    Ok(refused)
}

#[test]
fn no_mutation_of_genuine_evidence_verifies() {
    let mut wrong = Vec::new();
    for genuine in matrix() {
        assert!(
            genuine
                .judge(artifact(&document(&genuine.artifact), &genuine.artifact))
                .is_ok(),
            "{}",
            genuine.name
        );
        match refused_mutations(&genuine) {
            Err(why) => wrong.push(why),
            Ok(refused) if refused < LEAST_REFUSED => wrong.push(format!("{}: only {refused}", genuine.name)),
            Ok(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_changed_anywhere_never_panic_and_never_prove_another_statement(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<bool>(),
    ) {
        thread_local!(static MATRIX: Vec<Genuine> = matrix());
        MATRIX.with(|matrix| {
            let genuine = which.get(matrix);
            let mut artifact = genuine.artifact.clone();
            let bytes = match &mut artifact {
                ArtifactKind::Bundle { json } => json,
                ArtifactKind::SimpleSigning { payload, .. } => payload,
                ArtifactKind::Dsse { envelope, .. } => envelope,
                ArtifactKind::Notary { .. } | ArtifactKind::NotaryAttestation { .. } => return Ok(()),
            };
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] = byte }
            let verdict = catch_unwind(AssertUnwindSafe(|| genuine.judge(artifact)));
            let verdict = verdict.map_err(|_| TestCaseError::fail("it panicked"))?;
            let original = genuine.judge(genuine.artifact.clone()).expect("genuine");
            if let Ok(proof) = verdict {
                prop_assert_eq!(proof.signed_by(), original.signed_by());
                prop_assert_eq!(proof.statements(), original.statements());
            }
            Ok(())
        })?;
    }
}
