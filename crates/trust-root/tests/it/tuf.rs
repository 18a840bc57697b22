//! A TUF repository, made as `tuf-on-ci` makes one: keys, metadata in canonical JSON, consistent snapshots.

use std::collections::BTreeMap;

use rehearsal::{Algorithm, SigningKey};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// An end after the time of tests.
pub(crate) const LATER: &str = "2026-06-08T00:00:00Z";

/// Versions and ends of what is published next.
#[derive(Debug, Clone)]
pub(crate) struct Edition {
    pub(crate) timestamp: u64,
    pub(crate) snapshot: u64,
    pub(crate) targets: u64,
    pub(crate) timestamp_expires: &'static str,
    pub(crate) snapshot_expires: &'static str,
    pub(crate) content: String,
    /// A role that the targets delegate the trusted root to.
    pub(crate) delegate: Option<&'static str>,
    /// What that role may speak of.
    pub(crate) delegated_paths: &'static str,
}

impl Edition {
    /// The nth of everything but the root, with this trusted root.
    pub(crate) fn number(number: u64, content: &str) -> Self {
        Self {
            timestamp: number,
            snapshot: number,
            targets: number,
            timestamp_expires: LATER,
            snapshot_expires: LATER,
            content: content.to_owned(),
            delegate: None,
            delegated_paths: "*",
        }
    }
}

/// Who signs: one key for the root, one for all else.
pub(crate) struct Keys {
    pub(crate) root: SigningKey,
    pub(crate) online: SigningKey,
}

impl Keys {
    pub(crate) fn fresh() -> Self {
        let key = || SigningKey::generate(Algorithm::P256).unwrap();
        Self {
            root: key(),
            online: key(),
        }
    }

    /// The root of this version, also signed by `also` where keys change.
    pub(crate) fn root(&self, version: u64, also: Option<&SigningKey>) -> Vec<u8> {
        self.root_with_threshold(version, also, 1)
    }

    /// The same, whose roles need this many signatures.
    pub(crate) fn root_with_threshold(
        &self,
        version: u64,
        also: Option<&SigningKey>,
        threshold: u64,
    ) -> Vec<u8> {
        let role = |key: &SigningKey| json!({ "keyids": [id(key)], "threshold": threshold });
        let keys: Map<String, Value> = [&self.root, &self.online]
            .into_iter()
            .map(|key| {
                let public = json!({ "public": key.public_pem() });
                let value = json!({ "keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": public });
                (id(key), value)
            })
            .collect();
        let signed = json!({
            "_type": "root", "spec_version": "1.0.31", "version": version, "expires": "2999-01-01T00:00:00Z",
            "consistent_snapshot": true, "keys": keys,
            "roles": { "root": role(&self.root), "timestamp": role(&self.online), "snapshot": role(&self.online),
                "targets": role(&self.online) },
        });
        let signers: Vec<&SigningKey> = std::iter::once(&self.root).chain(also).collect();
        envelope(&signed, &signers)
    }

    /// All files of an edition but its root.
    pub(crate) fn files(&self, edition: &Edition) -> BTreeMap<String, Vec<u8>> {
        let sign = |signed: &Value| envelope(signed, &[&self.online]);
        let content = edition.content.as_bytes();
        let hash = hex::encode(Sha256::digest(content));
        let target =
            json!({ "trusted_root.json": { "length": content.len(), "hashes": { "sha256": hash } } });
        let role = |targets: &Value| {
            json!({ "_type": "targets", "spec_version": "1.0.31", "version": edition.targets,
                "expires": "2999-01-01T00:00:00Z", "targets": targets })
        };
        let mut top = role(&target);
        let delegated = edition.delegate.map(|name| {
            let key = json!({ "keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256",
                "keyval": { "public": self.online.public_pem() } });
            let id = id(&self.online);
            top = role(&json!({}));
            top["delegations"] = json!({ "keys": { (id.clone()): key }, "roles": [{ "name": name,
                "keyids": [id], "threshold": 1, "terminating": true, "paths": [edition.delegated_paths] }] });
            (name, sign(&role(&target)))
        });
        let targets = sign(&top);
        let pin = |bytes: &[u8], version: u64| {
            json!({ "version": version, "length": bytes.len(),
            "hashes": { "sha256": hex::encode(Sha256::digest(bytes)) } })
        };
        let mut pins = json!({ "targets.json": pin(&targets, edition.targets) });
        if let Some((name, bytes)) = &delegated {
            pins[format!("{name}.json")] = pin(bytes, edition.targets);
        }
        let snapshot = sign(
            &json!({ "_type": "snapshot", "spec_version": "1.0.31", "version": edition.snapshot,
            "expires": edition.snapshot_expires, "meta": pins }),
        );
        let timestamp = sign(
            &json!({ "_type": "timestamp", "spec_version": "1.0.31", "version": edition.timestamp,
            "expires": edition.timestamp_expires, "meta": { "snapshot.json": pin(&snapshot, edition.snapshot) } }),
        );
        let mut files = BTreeMap::from([
            ("timestamp.json".to_owned(), timestamp),
            (format!("{}.snapshot.json", edition.snapshot), snapshot),
            (format!("{}.targets.json", edition.targets), targets),
            (format!("targets/{hash}.trusted_root.json"), content.to_vec()),
        ]);
        files.extend(delegated.map(|(name, bytes)| {
            let encoded = name.replace('/', "%2F");
            (format!("{}.{encoded}.json", edition.targets), bytes)
        }));
        files
    }
}

fn id(key: &SigningKey) -> String {
    hex::encode(Sha256::digest(key.public_der()))
}

/// Signed as canonical JSON, which for these values is compact JSON with sorted keys and newlines as they are.
pub(crate) fn envelope(signed: &Value, keys: &[&SigningKey]) -> Vec<u8> {
    let canonical = signed.to_string().replace("\\n", "\n");
    let signatures: Vec<Value> = keys
        .iter()
        .map(|key| json!({ "keyid": id(key), "sig": hex::encode(key.sign(canonical.as_bytes()).unwrap()) }))
        .collect();
    json!({ "signed": signed, "signatures": signatures })
        .to_string()
        .into_bytes()
}
