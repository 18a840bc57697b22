//! What our throw-away certificate authority, logs and timestamp authority make, held against cosign.

use std::collections::BTreeMap;
use std::time::Duration;

use rehearsal::authority::{EntryKind, Identity, LogVersion, Signer};
use rehearsal::registry::Options;
use rehearsal::repository::Shelf;
use rehearsal::statement::{COSIGN_SIGN, Statement};
use rehearsal::{Authority, Content, Registry, Repository, simple_signing};
use serde_json::json;

use super::super::case::at;
use super::super::workshop::Workshop;
use crate::failure::Outcome;
use crate::images::runtime;
use crate::place;
use crate::program::Program;
use crate::report::say;

const SUBJECT: &str = "dev@example.com";
const ISSUER: &str = "https://issuer.example.com";

/// Signs keyless in each layout and log; returns what cosign says against expectation.
pub(in crate::e2e) fn made_by_us(workshop: &Workshop) -> Outcome<Vec<String>> {
    let runtime = runtime()?;
    let content = Content::new();
    let registry = runtime.block_on(Registry::start(content.clone(), Options::default()))?;
    let authority = Authority::new(at() - Duration::from_secs(3600))?;
    publish(workshop, &authority)?;
    let repository = Repository::new(&content, "acme", &format!("{}/acme", registry.host()), at());
    fill(&repository, &authority)?;
    let mut differences = Vec::new();
    for tag in ["log-1", "log-2", "classic", "stamped"] {
        for (subject, accepted) in [(SUBJECT, true), ("mallory@example.com", false)] {
            let image = format!("{}/acme:{tag}", registry.host());
            let output = asked(workshop, tag, subject).args([image]).capture()?;
            if output.succeeded() != accepted {
                let said = output.stderr.lines().last().unwrap_or_default().to_owned();
                differences.push(format!("cosign on keyless `{tag}` for {subject}: {said}"));
            }
        }
    }
    runtime.block_on(registry.shutdown());
    say("  4 keyless images made by us and judged by cosign");
    Ok(differences)
}

/// Writes down whom cosign shall believe.
pub(in crate::e2e) fn publish(workshop: &Workshop, authority: &Authority) -> Outcome {
    place::write(&workshop.file("root.json"), &authority.trusted_root()?)?;
    place::write(&workshop.file("fulcio.pem"), &authority.fulcio.root().pem())?;
    place::write(
        &workshop.file("ct.pub"),
        &authority.certificate_log.key().public_pem(),
    )?;
    place::write(&workshop.file("rekor.pub"), &authority.rekor.key().public_pem())?;
    place::write(
        &workshop.file("timestamps.pem"),
        &authority.timestamps.chain_pem(),
    )
}

fn fill(repository: &Repository, authority: &Authority) -> Outcome {
    let credential = authority.credential(&Identity::email(SUBJECT, ISSUER), at())?;
    let signer = Signer::Certificate(&credential);
    let image = |tag: &str| repository.image(tag, &json!({ "os": "linux", "variant": tag }));
    for (tag, log) in [
        ("log-1", LogVersion::V1(EntryKind::Dsse)),
        ("log-2", LogVersion::V2),
    ] {
        let image = image(tag)?;
        let statement = Statement::signature(image.digest(), &BTreeMap::new());
        repository.refer_bundle(
            &image,
            COSIGN_SIGN,
            &authority.bundle(signer, &statement, log, at())?,
        )?;
    }
    for tag in ["classic", "stamped"] {
        let image = image(tag)?;
        let payload = simple_signing::payload(repository.name(), image.digest(), &BTreeMap::new())?;
        let mut layer = authority.signature_layer(signer, payload, at())?;
        if tag == "stamped" {
            layer = authority.stamped(layer, at())?;
        }
        repository.attach(&image, Shelf::Signatures, layer)?;
    }
    Ok(())
}

fn asked(workshop: &Workshop, tag: &str, subject: &str) -> Program {
    let program = workshop
        .cosign()
        .args(["verify", "--certificate-oidc-issuer", ISSUER]);
    let program = program.args(["--certificate-identity", subject]);
    if tag.starts_with("log") {
        return program
            .args(["--trusted-root"])
            .args([workshop.file("root.json")]);
    }
    let program = program
        .args(["--new-bundle-format=false"])
        .env("SIGSTORE_ROOT_FILE", workshop.file("fulcio.pem"))
        .env("SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", workshop.file("ct.pub"))
        .env("SIGSTORE_REKOR_PUBLIC_KEY", workshop.file("rekor.pub"));
    if tag == "stamped" {
        return program
            .args(["--timestamp-certificate-chain"])
            .args([workshop.file("timestamps.pem")]);
    }
    program
}
