//! One `verifyImages` entry, compiled: which images it means, whom it demands, what it does beside.
//!
//! In: the entry's JSON, defaults applied, variables substituted. Out: [`Entry`] with one [`ImageDemand`] whose leaves the
//! attestor trees point into. Spec: verify-images §1.2–1.6.

use std::sync::Arc;

use image_reference::ImageReference;
use image_trust::{AttestationDemand, ImageDemand, Layouts, RegistryAccess, SignerDemand};
use scalars::wildcard;
use serde_json::{Value, json};

use super::attestors::{self, AttestorSet};
use crate::compile_error::CompileError;

/// A compiled entry.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) references: Vec<String>,
    pub(crate) skipped: Vec<String>,
    pub(crate) attestors: Vec<AttestorSet>,
    pub(crate) attestations: Vec<Attestation>,
    pub(crate) demand: Arc<ImageDemand>,
    pub(crate) mutate_digest: bool,
    pub(crate) verify_digest: bool,
    pub(crate) required: bool,
}

/// One attestation demanded: its attestor sets point into the demand's signers for this attestation.
#[derive(Debug, Clone)]
pub(crate) struct Attestation {
    pub(crate) predicate_type: String,
    pub(crate) name: Option<String>,
    pub(crate) sets: Vec<AttestorSet>,
}

impl Entry {
    /// Compiles an entry.
    ///
    /// # Errors
    /// Every attestor that demands nothing or something contradictory, with its path in the entry.
    pub(crate) fn compile(entry: &Value) -> Result<Self, Vec<CompileError>> {
        let entry = &converted(entry);
        let layouts = match text(entry, "type") {
            Some("SigstoreBundle") => Layouts::BundlesOnly,
            Some("Notary") => Layouts::Notary,
            Some(_) | None => Layouts::Sigstore,
        };
        let defaults = attestors::Defaults {
            layouts,
            annotations: attestors::string_pairs(entry.get("annotations")),
            repository: text(entry, "repository").map(ToOwned::to_owned),
        };
        let mut errors = Vec::new();
        let mut signers = Vec::new();
        let sets = attestors::compile_sets(entry, &defaults, &mut signers, &mut errors);
        let mut attestation_demands = Vec::new();
        let mut attestations = Vec::new();
        let listed = entry.get("attestations").and_then(Value::as_array);
        for (index, attestation) in listed.into_iter().flatten().enumerate() {
            let compiled = compile_attestation(attestation, &defaults);
            match compiled {
                Ok((attestation, demand)) => {
                    attestations.push(attestation);
                    attestation_demands.push(demand);
                }
                Err(found) => errors.extend(
                    found
                        .into_iter()
                        .map(|e| e.under(&format!("attestations[{index}]"))),
                ),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let flag = |field: &str| entry.get(field).and_then(Value::as_bool).unwrap_or(true);
        let demand = ImageDemand {
            layouts,
            signers,
            attestations: attestation_demands,
            access: access_of(entry),
        };
        Ok(Self {
            references: strings(entry, "imageReferences"),
            skipped: strings(entry, "skipImageReferences"),
            attestors: sets,
            attestations,
            demand: Arc::new(demand),
            mutate_digest: flag("mutateDigest"),
            verify_digest: flag("verifyDigest"),
            required: flag("required"),
        })
    }

    /// Whether the entry demands any proof at all.
    pub(crate) fn demands_proof(&self) -> bool {
        !self.attestors.is_empty() || !self.attestations.is_empty()
    }

    /// Whether the entry means `image`.
    ///
    /// Wider than Kyverno in the safe direction: a digest reference is meant by every pattern of its repository, as its
    /// tag is only what the requester wrote, and all names of Docker Hub are one. See docs/compat.md#image-references.
    pub(crate) fn means(&self, image: &ImageReference) -> bool {
        let spellings = spellings(image);
        self.references.iter().any(|pattern| {
            spellings.iter().any(|(canonical, repository)| {
                wildcard::matches(pattern, canonical)
                    || (image.digest().is_some() && wildcard::matches(repository_of(pattern), repository))
            })
        })
    }

    /// Whether `skipImageReferences` names `image`: by its canonical text alone, as Kyverno does.
    pub(crate) fn skips(&self, image: &ImageReference) -> bool {
        self.skips_text(&image.canonical())
    }

    /// Whether `skipImageReferences` names the tag of an image that is pinned beside it: then the tag must still mean that
    /// digest, or any content could run under a skipped tag.
    pub(crate) fn skips_tag_of(&self, image: &ImageReference) -> bool {
        image.digest().is_some() && image.tag().is_some() && self.skips_text(&image.reference_with_tag())
    }

    fn skips_text(&self, text: &str) -> bool {
        self.skipped
            .iter()
            .any(|pattern| wildcard::matches(pattern, text))
    }
}

/// The canonical text and repository of `image` under every name its registry has.
pub(crate) fn spellings(image: &ImageReference) -> Vec<(String, String)> {
    const HUB: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];
    let suffix = image.digest().map_or_else(
        || format!(":{}", image.tag().unwrap_or("latest")),
        |digest| format!("@{digest}"),
    );
    if !HUB.contains(&image.registry()) {
        return vec![(image.canonical(), image.repository())];
    }
    let short = image.path().strip_prefix("library/").unwrap_or(image.path());
    let mut paths = vec![image.path().to_owned()];
    if !short.contains('/') {
        paths = vec![short.to_owned(), format!("library/{short}")];
    }
    let names = HUB
        .iter()
        .flat_map(|host| paths.iter().map(move |path| format!("{host}/{path}")));
    names
        .map(|repository| (format!("{repository}{suffix}"), repository))
        .collect()
}

/// The part of a pattern before its tag or digest.
pub(crate) fn repository_of(pattern: &str) -> &str {
    let pattern = pattern
        .split_once('@')
        .map_or(pattern, |(repository, _)| repository);
    let name_starts = pattern.rfind('/').map_or(0, |slash| slash.saturating_add(1));
    match pattern.rsplit_once(':') {
        Some((repository, _)) if repository.len() >= name_starts => repository,
        Some(_) | None => pattern,
    }
}

fn compile_attestation(
    attestation: &Value,
    defaults: &attestors::Defaults,
) -> Result<(Attestation, AttestationDemand), Vec<CompileError>> {
    let predicate_type = text(attestation, "type").or_else(|| text(attestation, "predicateType"));
    let Some(predicate_type) = predicate_type.map(ToOwned::to_owned) else {
        return Err(vec![CompileError::new("type", "missing type")]);
    };
    let mut errors = Vec::new();
    let mut signers: Vec<SignerDemand> = Vec::new();
    // A signature layer has annotations of its own; the entry's are demanded of signatures, not of attestations.
    let defaults = attestors::Defaults {
        annotations: std::collections::BTreeMap::new(),
        ..defaults.clone()
    };
    let mut sets = attestors::compile_sets(attestation, &defaults, &mut signers, &mut errors);
    if sets.is_empty() && errors.is_empty() {
        match attestors::anyone(&defaults) {
            Ok(anyone) => {
                sets.push(AttestorSet::of_one());
                signers.push(anyone);
            }
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let name = text(attestation, "name").map(ToOwned::to_owned);
    let demand = AttestationDemand {
        predicate_type: predicate_type.clone(),
        signers,
    };
    Ok((
        Attestation {
            predicate_type,
            name,
            sets,
        },
        demand,
    ))
}

/// The deprecated fields `image`, `key`, `issuer`, `subject`, `roots` as the attestors they stand for.
///
/// Kyverno forgets a `key` beside `attestations` and then accepts any Fulcio identity; here it is demanded of each.
fn converted(entry: &Value) -> Value {
    let (image, key, issuer) = (text(entry, "image"), text(entry, "key"), text(entry, "issuer"));
    if image.is_none() && key.is_none() && issuer.is_none() {
        return entry.clone();
    }
    let mut entry = entry.clone();
    let attestor = match (key, issuer) {
        (Some(key), _) => Some(json!({"keys": {"publicKeys": key}})),
        (None, Some(issuer)) => {
            let mut keyless = json!({"issuer": issuer});
            for field in ["subject", "roots", "additionalExtensions"] {
                if let (Some(keyless), Some(value)) = (keyless.as_object_mut(), entry.get(field)) {
                    keyless.insert(field.to_owned(), value.clone());
                }
            }
            Some(json!({"keyless": keyless}))
        }
        (None, None) => None,
    };
    let image = image.map(ToOwned::to_owned);
    let Some(fields) = entry.as_object_mut() else {
        return entry;
    };
    if let Some(image) = image
        && let Some(references) = fields
            .entry("imageReferences")
            .or_insert_with(|| json!([]))
            .as_array_mut()
    {
        references.push(image.into());
    }
    if let Some(attestor) = attestor {
        let set = json!({"entries": [attestor]});
        match fields
            .get_mut("attestations")
            .and_then(Value::as_array_mut)
            .filter(|listed| !listed.is_empty())
        {
            Some(attestations) => attestations
                .iter_mut()
                .for_each(|attestation| push_set(attestation, &set)),
            None => push_set(&mut entry, &set),
        }
    }
    entry
}

fn push_set(holder: &mut Value, set: &Value) {
    let sets = holder
        .as_object_mut()
        .map(|fields| fields.entry("attestors").or_insert_with(|| json!([])));
    if let Some(sets) = sets.and_then(Value::as_array_mut) {
        sets.push(set.clone());
    }
}

fn access_of(entry: &Value) -> RegistryAccess {
    let none = Value::Null;
    let credentials = entry.get("imageRegistryCredentials").unwrap_or(&none);
    RegistryAccess {
        allow_insecure: credentials
            .get("allowInsecureRegistry")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        providers: strings(credentials, "providers"),
        secrets: strings(credentials, "secrets"),
        ..RegistryAccess::default()
    }
}

pub(super) fn text<'v>(at: &'v Value, field: &str) -> Option<&'v str> {
    at.get(field)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

fn strings(at: &Value, field: &str) -> Vec<String> {
    let listed = at.get(field).and_then(Value::as_array);
    listed
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(ToOwned::to_owned)
        .collect()
}

#[cfg(test)]
mod tests;
