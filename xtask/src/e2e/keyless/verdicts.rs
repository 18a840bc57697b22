//! What is demanded of the images, and what ours and cosign must say.

use super::super::workshop::Workshop;
use super::signing::Images;
use super::stack::TRUSTED_ROOT;
use super::workflow::{FORK, RELEASE};
use crate::failure::{Failure, Outcome};
use crate::place;
use crate::program::Program;

/// How many demands there are, by flags and by policy.
pub(super) const DEMANDS: usize = BY_FLAGS + BY_POLICY.len();
const BY_FLAGS: usize = 9;
/// Runners that policies demand, and whether the released image meets that.
const BY_POLICY: [(&str, bool); 2] = [("github-hosted", true), ("self-hosted", false)];
/// An issuer that vouched for nobody here.
const ANOTHER_ISSUER: &str = "https://token.actions.githubusercontent.com";
const PROVENANCE: &str = "slsaprovenance1";

/// One demand on one image.
struct Demand<'i> {
    image: &'i str,
    /// cosign's flags, which are ours too.
    flags: Vec<String>,
    must: Must,
}

/// What both must say.
enum Must {
    Accept,
    /// Refuse; ours must also name this as what it found.
    Refuse(String),
}

/// Asks both at a `moment` that the differences name; returns what differs from the expectation.
pub(super) fn of_both(
    workshop: &Workshop,
    images: &Images,
    issuer: &str,
    moment: &str,
) -> Outcome<Vec<String>> {
    let mut differences = Vec::new();
    for demand in demands(images, issuer) {
        let flags = demand.flags.join(" ");
        let theirs = told(cosign(workshop, &demand))?;
        let ours = told(vouchsafe(workshop).args(&demand.flags).args([demand.image]))?;
        for (judge, (accepted, said)) in [("cosign", theirs), ("vouchsafe", ours)] {
            let is_right = match &demand.must {
                Must::Accept => accepted,
                Must::Refuse(_) if judge == "cosign" => !accepted,
                Must::Refuse(found) => !accepted && said.contains(found.as_str()),
            };
            if !is_right {
                let verdict = if accepted { "accepts" } else { "refuses" };
                differences.push(format!(
                    "{moment}: {judge} {verdict} {} {flags}: {said}",
                    demand.image
                ));
            }
        }
    }
    differences.extend(by_policy(workshop, images, moment)?);
    Ok(differences)
}

fn demands<'i>(images: &'i Images, issuer: &str) -> [Demand<'i>; BY_FLAGS] {
    let (release, fork) = (RELEASE.identity(), FORK.identity());
    let exact = |identity: &str, issuer: &str| {
        vec![
            format!("--certificate-identity={identity}"),
            format!("--certificate-oidc-issuer={issuer}"),
        ]
    };
    let pattern = |identity: &str, issuer: &str| {
        vec![
            format!("--certificate-identity-regexp={identity}"),
            format!("--certificate-oidc-issuer-regexp={issuer}"),
        ]
    };
    let with_provenance = |mut flags: Vec<String>| {
        flags.push(format!("--type={PROVENANCE}"));
        flags
    };
    let acme = "^https://github\\.com/acme/";
    let on = |image, flags, must| Demand { image, flags, must };
    let found = |text: &str| Must::Refuse(text.to_owned());
    [
        on(&images.released, exact(&release, issuer), Must::Accept),
        on(
            &images.released,
            pattern(acme, "^http://127\\.0\\.0\\.1:"),
            Must::Accept,
        ),
        on(&images.released, exact(&release, ANOTHER_ISSUER), found(issuer)),
        on(&images.released, exact(&fork, issuer), found(&release)),
        on(&images.forked, exact(&release, issuer), found(&fork)),
        on(&images.forked, pattern(acme, "."), found(&fork)),
        on(
            &images.unsigned,
            exact(&release, issuer),
            found("no signatures found"),
        ),
        on(
            &images.attested,
            with_provenance(exact(&release, issuer)),
            Must::Accept,
        ),
        on(
            &images.attested,
            with_provenance(exact(&fork, issuer)),
            found(&release),
        ),
    ]
}

fn cosign(workshop: &Workshop, demand: &Demand<'_>) -> Program {
    let task = if demand.flags.iter().any(|flag| flag.ends_with(PROVENANCE)) {
        "verify-attestation"
    } else {
        "verify"
    };
    let program = workshop.cosign().args([task]).args(&demand.flags);
    program
        .args(["--trusted-root".as_ref(), workshop.file(TRUSTED_ROOT).as_os_str()])
        .args([demand.image])
}

fn vouchsafe(workshop: &Workshop) -> Program {
    let trusted_root = workshop.file(TRUSTED_ROOT);
    workshop.vouchsafe().args([
        "verify".as_ref(),
        "--trusted-root".as_ref(),
        trusted_root.as_os_str(),
    ])
}

/// Whether it accepts, and all that it says.
fn told(program: Program) -> Outcome<(bool, String)> {
    let output = program.capture()?;
    if ![Some(0), Some(1)].contains(&output.code) && !output.command.contains("cosign") {
        return Err(Failure::Found(format!(
            "`{}` gave no verdict: {}",
            output.command, output.stderr
        )));
    }
    let said = [output.stdout.trim(), output.stderr.trim()].join("\n");
    Ok((output.succeeded(), said))
}

/// The same by a Kyverno policy, which can ask for every extension that Fulcio writes.
fn by_policy(workshop: &Workshop, images: &Images, moment: &str) -> Outcome<Vec<String>> {
    let mut differences = Vec::new();
    for (environment, must) in BY_POLICY {
        let policy = workshop.file("workflow.yaml");
        place::write(&policy, &policy_demanding(environment))?;
        let program = vouchsafe(workshop).args(["--policy".as_ref(), policy.as_os_str()]);
        let (accepted, said) = told(program.args([&images.released]))?;
        let names_it = must || said.contains("received github-hosted");
        if accepted != must || !names_it {
            differences.push(format!(
                "{moment}: a policy that demands a {environment} runner: {said}"
            ));
        }
    }
    Ok(differences)
}

fn policy_demanding(runner_environment: &str) -> String {
    format!(
        "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: by-workflow}}
spec:
  validationFailureAction: Enforce
  rules:
    - name: by-workflow
      match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}
      verifyImages:
        - imageReferences: ['*']
          attestors:
            - entries:
                - keyless:
                    subject: https://github.com/acme/*
                    issuerRegExp: ^http://127\\.0\\.0\\.1:[0-9]+$
                    additionalExtensions:
                      githubWorkflowTrigger: push
                      sourceRepositoryRef: refs/heads/main
                      1.3.6.1.4.1.57264.1.20: push
                      runnerEnvironment: {runner_environment}
                    rekor: {{url: 'http://127.0.0.1'}}
"
    )
}
