//! A scratch folder with keys, and the two judges: cosign and our binary.

use std::fs;
use std::path::{Path, PathBuf};

use rehearsal::{Algorithm, SigningKey};

use super::case::{Case, Proof, SCAN};
use crate::failure::{Failure, Outcome};
use crate::place;
use crate::program::Program;

/// The folder, removed with its content at the end, and the programs.
pub(super) struct Workshop {
    folder: PathBuf,
    cosign: PathBuf,
    binary: PathBuf,
}

/// The two keys of a run.
pub(super) struct Keys {
    /// `cosign.pub` is its public half.
    pub(super) trusted: SigningKey,
    /// Known to nobody.
    pub(super) stranger: SigningKey,
}

impl Workshop {
    /// Makes the folder.
    pub(super) fn open(cosign: PathBuf, binary: PathBuf) -> Outcome<Self> {
        let folder = std::env::temp_dir().join(format!("vouchsafe-e2e-{}", std::process::id()));
        fs::create_dir_all(folder.join("home")).map_err(|source| Failure::File {
            path: folder.clone(),
            source,
        })?;
        let workshop = Self {
            folder,
            cosign,
            binary,
        };
        place::write(&workshop.file("scan.json"), SCAN)?;
        Ok(workshop)
    }

    /// A file of the folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes both keys, writes their public halves and has cosign import the private ones.
    pub(super) fn keys(&self) -> Outcome<Keys> {
        let make = |name: &str| -> Outcome<SigningKey> {
            let key = SigningKey::generate(Algorithm::P256)?;
            place::write(&self.file(&format!("{name}.pem")), &key.private_pem())?;
            place::write(&self.file(&format!("{name}.pub")), &key.public_pem())?;
            let (from, to) = (self.file(&format!("{name}.pem")), self.file(name));
            let import = self
                .cosign()
                .args(["import-key-pair", "--yes", "--key"])
                .args([from]);
            import
                .args(["--output-key-prefix"])
                .args([to])
                .capture()?
                .expect_success()?;
            Ok(key)
        };
        Ok(Keys {
            trusted: make("cosign")?,
            stranger: make("stranger")?,
        })
    }

    /// cosign, without a prompt, a cache or a network of its own.
    pub(super) fn cosign(&self) -> Program {
        let program = Program::new(&self.cosign)
            .env("COSIGN_PASSWORD", "")
            .env("SIGSTORE_NO_CACHE", "1");
        program.env("HOME", self.file("home")).folder(&self.folder)
    }

    /// Our binary.
    pub(super) fn vouchsafe(&self) -> Program {
        Program::new(&self.binary).folder(&self.folder)
    }

    /// Signs or attests `image` with cosign as the tag says.
    pub(super) fn sign(&self, tag: &str, image: &str) -> Outcome {
        if tag == "unsigned" {
            return Ok(());
        }
        let key = self.file(if tag.starts_with("stranger") {
            "stranger.key"
        } else {
            "cosign.key"
        });
        let task = if tag.contains("attested") {
            "attest"
        } else {
            "sign"
        };
        let mut program = self.cosign().args([task, "--yes", "--key"]).args([key]);
        program = program.args(["--use-signing-config=false", "--tlog-upload=false"]);
        if task == "attest" {
            program = program
                .args(["--type", "vuln", "--predicate"])
                .args([self.file("scan.json")]);
        }
        if !tag.ends_with("bundle") {
            program = program.args(["--new-bundle-format=false"]);
        }
        if tag == "oci11" {
            program = program
                .env("COSIGN_EXPERIMENTAL", "1")
                .args(["--registry-referrers-mode=oci-1-1"]);
        }
        program.args([image]).capture()?.expect_success().map(drop)
    }

    /// Asks both judges; returns what differs from the expectation.
    pub(super) fn judge(&self, case: &Case, image: &str, made: &str) -> Outcome<Vec<String>> {
        let verdicts = [
            ("cosign", self.cosign_accepts(case, image)?),
            ("vouchsafe", self.we_accept(case, image)?),
        ];
        let differing = verdicts
            .into_iter()
            .filter(|(_, (accepted, _))| *accepted != case.accepted);
        let told = differing.map(|(judge, (accepted, said))| {
            let verdict = if accepted { "accepts" } else { "refuses" };
            format!(
                "{judge} {verdict} `{}` ({:?}, {made}): {said}",
                case.tag, case.proof
            )
        });
        Ok(told.collect())
    }

    fn cosign_accepts(&self, case: &Case, image: &str) -> Outcome<(bool, String)> {
        let mut program = match case.proof {
            Proof::Signature => self.cosign().args(["verify"]),
            Proof::ReferringSignature => self.cosign().args(["verify", "--experimental-oci11"]),
            Proof::Attestation => self.cosign().args(["verify-attestation", "--type", "vuln"]),
        };
        program = program
            .args(["--insecure-ignore-tlog=true", "--key"])
            .args([self.file("cosign.pub")]);
        verdict(program.args([image]))
    }

    fn we_accept(&self, case: &Case, image: &str) -> Outcome<(bool, String)> {
        let program = self.vouchsafe();
        let program = match case.proof {
            Proof::Signature | Proof::ReferringSignature => {
                let key = program
                    .args(["verify", "--insecure-ignore-tlog", "--key"])
                    .args([self.file("cosign.pub")]);
                key.args([image])
            }
            Proof::Attestation => {
                let policy = self.file("attestation.yaml");
                place::write(
                    &policy,
                    &attestation_policy(&place::read(&self.file("cosign.pub"))?),
                )?;
                program.args(["verify", "--policy"]).args([policy]).args([image])
            }
        };
        verdict(program)
    }
}

/// Exit 0 and 1 are verdicts of ours, and what cosign says with any other; a crash or a wrong call is neither.
fn verdict(program: Program) -> Outcome<(bool, String)> {
    let output = program.capture()?;
    let said = output
        .stderr
        .lines()
        .last()
        .or(output.stdout.lines().last())
        .unwrap_or_default()
        .to_owned();
    if output.code == Some(2) || output.code == Some(101) || output.code.is_none() {
        return Err(Failure::Found(format!(
            "`{}` gave no verdict: {said}",
            output.command
        )));
    }
    Ok((output.succeeded(), said))
}

/// A policy that asks for a `vuln` attestation by this key alone.
fn attestation_policy(public_pem: &str) -> String {
    let pem: String = public_pem
        .lines()
        .map(|line| format!("                          {line}\n"))
        .collect();
    format!(
        "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: attested}}
spec:
  validationFailureAction: Enforce
  rules:
    - name: attested
      match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}
      verifyImages:
        - imageReferences: ['*']
          attestations:
            - type: https://cosign.sigstore.dev/attestation/vuln/v1
              attestors:
                - entries:
                    - keys:
                        rekor: {{ignoreTlog: true}}
                        publicKeys: |-
{pem}"
    )
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // What can't be removed now is removed by the system with its other temporary files.
        drop(fs::remove_dir_all(&self.folder));
    }
}
