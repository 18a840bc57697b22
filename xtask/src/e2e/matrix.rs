//! `cargo xtask e2e matrix`: the whole matrix of genuine artifacts, each judged by real cosign.
//!
//! What we call genuine must be so in the eyes of who defines it. What cosign refuses all the same stands in [`Beyond`], with
//! its reason and cosign's words, and is asked as well: a reason that no longer holds fails the run.

mod beyond;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use rehearsal::authority::Identity;
use rehearsal::matrix::{Holder, Layout, Made, Matrix, PREDICATE, Shape};
use rehearsal::registry::Options;
use rehearsal::repository::Shelf;
use rehearsal::statement::COSIGN_SIGN;
use rehearsal::{Algorithm, Authority, Content, Registry, Repository};
use serde_json::json;

use self::beyond::{Beyond, digest};
use super::workshop::Workshop;
use super::{keyless, parts};
use crate::failure::{Failure, Outcome};
use crate::images::runtime;
use crate::place;
use crate::program::Program;
use crate::report::say;

const SUBJECT: &str = "dev@example.com";
const ISSUER: &str = "https://issuer.example.com";
/// Calls of cosign at the same time.
const JUDGES: usize = 2;
/// Genuine artifacts that cosign must accept.
const MUST_ACCEPT: usize = 200;

/// What cosign said about one artifact.
struct Said {
    shape: Shape,
    accepted: bool,
    words: String,
}

/// Runs all of it.
pub(super) fn run(binary: &Path) -> Outcome {
    let workshop = Workshop::open(parts::cosign()?, binary.to_owned())?;
    let differences = judged_by_cosign(&workshop)?;
    if differences.is_empty() {
        Ok(())
    } else {
        Err(Failure::Several(differences))
    }
}

/// Has cosign judge every artifact; returns what it says against expectation.
fn judged_by_cosign(workshop: &Workshop) -> Outcome<Vec<String>> {
    let at = a_minute_ago();
    let authority = Authority::new(at - Duration::from_secs(3_600))?;
    keyless::publish(workshop, &authority)?;
    let matrix = Matrix::new(&authority, &Identity::email(SUBJECT, ISSUER), at)?;
    for algorithm in Algorithm::ALL {
        let pem = matrix.signer(Holder::Key(algorithm))?.key().public_pem();
        place::write(&workshop.file(&key_file(algorithm)), &pem)?;
    }
    let runtime = runtime()?;
    let content = Content::new();
    let registry = runtime.block_on(Registry::start(content.clone(), Options::default()))?;
    let name = format!("{}/acme", registry.host());
    let repository = Repository::new(&content, "acme", &name, at);
    let shapes = Shape::all();
    for (number, shape) in shapes.iter().enumerate() {
        put(&repository, &matrix, number, *shape)?;
    }
    let judged = judge(workshop, &name, &shapes)?;
    runtime.block_on(registry.shutdown());
    Ok(told(&judged))
}

/// Certificates last ten minutes, and some artifacts prove no time: they are made as of now.
#[expect(
    clippy::disallowed_methods,
    reason = "cosign judges by the machine's clock, so its evidence is made by it"
)]
fn a_minute_ago() -> SystemTime {
    SystemTime::now() - Duration::from_secs(60)
}

fn key_file(algorithm: Algorithm) -> String {
    format!("{algorithm:?}.pub")
}

/// An image with the artifact of `shape` and nothing else.
fn put(repository: &Repository, matrix: &Matrix<'_>, number: usize, shape: Shape) -> Outcome {
    let image = repository.image(
        &number.to_string(),
        &json!({ "os": "linux", "variant": number.to_string() }),
    )?;
    let (shelf, kind) = if shape.is_attestation {
        (Shelf::Attestations, PREDICATE)
    } else {
        (Shelf::Signatures, COSIGN_SIGN)
    };
    match matrix.make(shape, repository.name(), image.digest())? {
        Made::Layer(layer) => repository.attach(&image, shelf, layer)?,
        Made::Bundle(bundle) => repository.refer_bundle(&image, kind, &bundle)?,
    };
    Ok(())
}

/// Every verdict, some at a time.
fn judge(workshop: &Workshop, name: &str, shapes: &[Shape]) -> Outcome<Vec<Said>> {
    let next = AtomicUsize::new(0);
    let work = || -> Outcome<Vec<Said>> {
        let mut said = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(&shape) = shapes.get(number) else {
                return Ok(said);
            };
            let output = asked(workshop, shape)
                .args([format!("{name}:{number}")])
                .capture()?;
            said.push(Said {
                shape,
                accepted: output.succeeded(),
                words: output.stderr.trim().replace('\n', " | "),
            });
        }
    };
    let outcomes: Vec<Outcome<Vec<Said>>> = thread::scope(|scope| {
        let judges: Vec<_> = (0..JUDGES).map(|_| scope.spawn(work)).collect();
        let lost = |_| Err(Failure::Found("a judge of the matrix panicked".to_owned()));
        judges
            .into_iter()
            .map(|judge| judge.join().unwrap_or_else(lost))
            .collect()
    });
    let mut all = Vec::new();
    for outcome in outcomes {
        all.extend(outcome?);
    }
    Ok(all)
}

/// How cosign is asked about the artifact, but for its image.
fn asked(workshop: &Workshop, shape: Shape) -> Program {
    let mut program = workshop.cosign();
    program = if shape.is_attestation {
        program.args(["verify-attestation", "--type", PREDICATE])
    } else {
        program.args(["verify"])
    };
    let (Holder::Key(algorithm) | Holder::Own(algorithm) | Holder::Keyless(algorithm)) = shape.holder;
    program = program.args(["--signature-digest-algorithm", digest(shape)]);
    program = match shape.holder {
        Holder::Key(_) => program
            .args(["--key"])
            .args([workshop.file(&key_file(algorithm))]),
        Holder::Own(_) | Holder::Keyless(_) => program.args([
            "--certificate-identity",
            SUBJECT,
            "--certificate-oidc-issuer",
            ISSUER,
        ]),
    };
    if shape.log.is_none() {
        program = program.args(["--insecure-ignore-tlog=true"]);
    }
    match shape.layout {
        Layout::Bundle => {
            if shape.has_timestamp() {
                program = program.args(["--use-signed-timestamps"]);
            }
            if matches!(shape.holder, Holder::Own(_)) {
                // It reads a chain in a bundle of version 0.3 only when told to.
                program = program.args(["--allow-certificate-chain"]);
            }
            program
                .args(["--trusted-root"])
                .args([workshop.file("root.json")])
        }
        Layout::Layer => {
            program = program
                .args(["--new-bundle-format=false"])
                .env("SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", workshop.file("ct.pub"))
                .env("SIGSTORE_REKOR_PUBLIC_KEY", workshop.file("rekor.pub"));
            program = match shape.holder {
                Holder::Own(_) => program.args(["--ca-roots"]).args([workshop.file("fulcio.pem")]),
                Holder::Keyless(_) => program.env("SIGSTORE_ROOT_FILE", workshop.file("fulcio.pem")),
                Holder::Key(_) => program,
            };
            if shape.has_timestamp() {
                program = program
                    .args(["--timestamp-certificate-chain"])
                    .args([workshop.file("timestamps.pem")]);
            }
            program
        }
    }
}

/// What differs from the expectation; says the sums.
fn told(judged: &[Said]) -> Vec<String> {
    let mut beyond: BTreeMap<Beyond, usize> = BTreeMap::new();
    let mut differences = Vec::new();
    for Said {
        shape,
        accepted,
        words,
    } in judged
    {
        match (Beyond::of(*shape), accepted) {
            (None, true) => {}
            (None, false) => differences.push(format!("cosign refuses genuine `{shape}`: {words}")),
            (Some(class), false) if words.contains(class.says()) => *beyond.entry(class).or_default() += 1,
            (Some(class), false) => differences.push(format!(
                "cosign refuses `{shape}` not because {}, but: {words}",
                class.reason()
            )),
            (Some(class), true) => differences.push(format!(
                "cosign accepts `{shape}`, though {}: strike the reason",
                class.reason()
            )),
        }
    }
    let accepted = judged.iter().filter(|said| said.accepted).count();
    say(format!(
        "  {accepted} of the {} genuine artifacts of the matrix accepted by cosign",
        judged.len()
    ));
    for (class, count) in beyond {
        say(format!("  {count} refused: {}", class.reason()));
    }
    if accepted < MUST_ACCEPT {
        differences.push(format!(
            "cosign accepts {accepted} genuine artifacts, of {MUST_ACCEPT} that it must"
        ));
    }
    differences
}
