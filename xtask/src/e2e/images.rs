//! `cargo xtask e2e images`: real cosign, a real registry without referrers API, and our own of both kinds.
//!
//! What our throw-away signer makes, cosign accepts; what cosign makes, we accept; what one refuses, both refuse.

use std::collections::BTreeMap;
use std::path::Path;

use rehearsal::registry::Options;
use rehearsal::repository::PushedImage;
use rehearsal::{Content, Registry, RehearsalError, Repository, SigningKey};
use serde_json::{Value, json};

use super::case::{CASES, SCAN, at};
use super::workshop::{Keys, Workshop};
use super::{debian_registry, keyless, parts, push};
use crate::failure::{Failure, Outcome};
use crate::images::runtime;
use crate::report::say;

/// Runs all of it.
pub(super) fn run(binary: &Path) -> Outcome {
    let cosign = parts::cosign()?;
    let debian = parts::docker_registry()?;
    let workshop = Workshop::open(cosign, binary.to_owned())?;
    let keys = workshop.keys()?;
    let mut differences = Vec::new();
    for referrers_api in [true, false] {
        differences.extend(made_by_us(&workshop, &keys, referrers_api)?);
    }
    differences.extend(made_by_cosign(&workshop, &debian)?);
    differences.extend(keyless::made_by_us(&workshop)?);
    if differences.is_empty() {
        Ok(())
    } else {
        Err(Failure::Several(differences))
    }
}

fn made_by_us(workshop: &Workshop, keys: &Keys, referrers_api: bool) -> Outcome<Vec<String>> {
    let runtime = runtime()?;
    let content = Content::new();
    let options = Options {
        referrers_api,
        ..Options::default()
    };
    let registry = runtime.block_on(Registry::start(content.clone(), options))?;
    let repository = Repository::new(&content, "acme", &format!("{}/acme", registry.host()), at());
    let made = if referrers_api {
        "made by us"
    } else {
        "made by us, no referrers API"
    };
    let mut differences = Vec::new();
    for case in &CASES {
        let image = repository.image(
            case.tag,
            &json!({ "os": "linux", "config": { "Labels": { "case": case.tag } } }),
        )?;
        let key = if case.tag.starts_with("stranger") {
            &keys.stranger
        } else {
            &keys.trusted
        };
        sign(&repository, &image, case.tag, key)?;
        differences.extend(workshop.judge(
            case,
            &format!("{}/acme@{}", registry.host(), image.digest()),
            made,
        )?);
    }
    runtime.block_on(registry.shutdown());
    say(format!("  {} images {made} and judged by both", CASES.len()));
    Ok(differences)
}

fn sign(
    repository: &Repository,
    image: &PushedImage,
    tag: &str,
    key: &SigningKey,
) -> Result<(), RehearsalError> {
    let scan: Value = serde_json::from_str(SCAN)?;
    match tag.trim_start_matches("stranger-") {
        "classic" => repository.sign(image, key, &BTreeMap::new()).map(drop),
        "bundle" => repository.sign_bundle(image, key, &BTreeMap::new()).map(drop),
        "oci11" => repository.sign_oci11(image, key, &BTreeMap::new()).map(drop),
        "attested-classic" => repository.attest(image, key, "vuln", scan).map(drop),
        "attested-bundle" => repository.attest_bundle(image, key, "vuln", scan).map(drop),
        _ => Ok(()),
    }
}

fn made_by_cosign(workshop: &Workshop, program: &Path) -> Outcome<Vec<String>> {
    let (address, _running) = debian_registry::start(program, workshop.folder())?;
    let mut differences = Vec::new();
    for case in &CASES {
        let config = json!({ "os": "linux", "config": { "Labels": { "case": case.tag } } }).to_string();
        let digest = push::image(address, "acme", case.tag, &config)?;
        let image = format!("{address}/acme@{digest}");
        workshop.sign(case.tag, &image)?;
        differences.extend(workshop.judge(case, &image, "made by cosign")?);
    }
    say(format!(
        "  {} images made by cosign on Debian's registry and judged by both",
        CASES.len()
    ));
    Ok(differences)
}
