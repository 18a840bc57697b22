//! The images of `cargo xtask e2e keyless`, signed by cosign with a workflow's token and nothing else.

use std::net::SocketAddr;

use serde_json::json;

use super::super::push;
use super::super::workshop::Workshop;
use super::stack::{SIGNING_CONFIG, Stack, TRUSTED_ROOT};
use super::workflow::{FORK, RELEASE, Workflow};
use crate::failure::Outcome;
use crate::place;

/// The images, each by digest.
pub(super) struct Images {
    /// Signed by the workflow that policies name.
    pub(super) released: String,
    /// Signed by the same workflow of a fork.
    pub(super) forked: String,
    /// With the released build's provenance, and no signature.
    pub(super) attested: String,
    /// Signed by nobody.
    pub(super) unsigned: String,
}

impl Images {
    /// Pushes and signs them.
    pub(super) fn sign(workshop: &Workshop, stack: &Stack, registry: SocketAddr) -> Outcome<Self> {
        let image = |tag: &str| {
            let config = json!({ "os": "linux", "config": { "Labels": { "case": tag } } });
            let digest = push::image(registry, "shop", tag, &config.to_string())?;
            Outcome::Ok(format!("{registry}/shop@{digest}"))
        };
        let images = Self {
            released: image("released")?,
            forked: image("forked")?,
            attested: image("attested")?,
            unsigned: image("unsigned")?,
        };
        cosign(workshop, stack, &["sign"], RELEASE, &images.released)?;
        cosign(workshop, stack, &["sign"], FORK, &images.forked)?;
        let provenance = workshop.file("provenance.json");
        place::write(&provenance, &provenance_of(RELEASE).to_string())?;
        let provenance = provenance.display().to_string();
        let attest = ["attest", "--type", "slsaprovenance1", "--predicate", &provenance];
        cosign(workshop, stack, &attest, RELEASE, &images.attested)?;
        Ok(images)
    }
}

fn cosign(workshop: &Workshop, stack: &Stack, task: &[&str], workflow: Workflow, image: &str) -> Outcome {
    let token = workshop.file("token");
    place::write(&token, &stack.token(workflow)?)?;
    let program = workshop.cosign().args(task).args(["--yes"]);
    let program = program
        .args(["--identity-token".as_ref(), token.as_os_str()])
        .args([
            "--signing-config".as_ref(),
            workshop.file(SIGNING_CONFIG).as_os_str(),
        ])
        .args(["--trusted-root".as_ref(), workshop.file(TRUSTED_ROOT).as_os_str()]);
    program.args([image]).capture()?.expect_success().map(drop)
}

/// SLSA provenance of version 1, as a workflow's build writes it.
fn provenance_of(workflow: Workflow) -> serde_json::Value {
    json!({
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": { "workflow": {
                "repository": format!("https://github.com/{}", workflow.repository),
                "ref": format!("refs/heads/{}", workflow.branch),
            }},
            "resolvedDependencies": [],
        },
        "runDetails": {
            "builder": { "id": workflow.identity() },
            "metadata": { "invocationId": format!("https://github.com/{}/actions/runs/42", workflow.repository) },
        },
    })
}
