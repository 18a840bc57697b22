//! The three policies, and what is asked under each.

use super::images::Tag;

/// One policy and the questions put to it.
#[derive(Debug)]
pub(super) struct Scenario {
    /// The policy's name.
    pub(super) name: &'static str,
    /// The policy, verbatim but for the key.
    pub(super) policy: String,
    /// What is asked.
    pub(super) questions: Vec<Question>,
}

/// One image that wants to run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    /// The image.
    pub(super) image: &'static str,
    /// Where it wants to run.
    pub(super) namespace: &'static str,
    /// What must be answered.
    pub(super) expected: Expected,
}

/// What must be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// It may run as it is.
    Admitted,
    /// It may run, pinned to its digest.
    Pinned,
    /// It may not run, and the reason says this.
    Refused(&'static str),
}

const REGISTRIES: &str = include_str!("restrict-image-registries.yaml");
const SIGNATURES: &str = include_str!("check-image-signatures.yaml");
const VULNERABILITIES: &str = include_str!("check-vulnerabilities.yaml");

/// What stands in the signature policy where a key belongs.
const PLACEHOLDER: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEyourPublicKeyContentHere...";

/// The scenarios, with `key` (PEM) where the signature policy has a placeholder.
pub(super) fn all(key: &str) -> Vec<Scenario> {
    let question = |image, namespace, expected| Question {
        image,
        namespace,
        expected,
    };
    vec![
        Scenario {
            name: "restrict-image-registries",
            policy: REGISTRIES.to_owned(),
            questions: vec![
                question("gcr.io/shop/api:1.0", "shop", Expected::Admitted),
                question("my.private.registry/shop/api:1.0", "shop", Expected::Admitted),
                question(
                    "docker.io/shop/api:1.0",
                    "shop",
                    Expected::Refused("approved registries"),
                ),
            ],
        },
        Scenario {
            name: "check-image-signatures",
            policy: SIGNATURES.replace(PLACEHOLDER, &key_lines(key)),
            questions: vec![
                question(Tag::Signed.image(), "production", Expected::Pinned),
                question(Tag::SignedBundle.image(), "production", Expected::Pinned),
                question(
                    Tag::Unsigned.image(),
                    "production",
                    Expected::Refused("no signature"),
                ),
                question(
                    Tag::Stranger.image(),
                    "production",
                    Expected::Refused("no matching signature"),
                ),
                question(Tag::Unsigned.image(), "staging", Expected::Admitted),
            ],
        },
        Scenario {
            name: "check-vulnerabilities",
            policy: VULNERABILITIES.to_owned(),
            questions: vec![
                question(Tag::ScannedToday.image(), "shop", Expected::Pinned),
                question(
                    Tag::ScannedLongAgo.image(),
                    "shop",
                    Expected::Refused("attestation"),
                ),
                question(Tag::Signed.image(), "shop", Expected::Refused("attestation")),
            ],
        },
    ]
}

/// The lines of `pem` between its borders, indented as the policy has them.
fn key_lines(pem: &str) -> String {
    let lines: Vec<&str> = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    lines.join("\n                ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy_engine::LoadedPolicies;

    fn faults(policy: &str) -> Vec<String> {
        let documents = manifest::read(policy.as_bytes(), "policy.yaml").unwrap();
        LoadedPolicies::load(documents)
            .faults
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn every_scenario_loads_with_a_real_key() {
        let key = rehearsal::SigningKey::generate(rehearsal::Algorithm::P256).unwrap();
        for scenario in all(&key.public_pem()) {
            assert_eq!(faults(&scenario.policy), [""; 0], "{}", scenario.name);
        }
    }

    #[test]
    fn the_placeholder_key_is_refused_by_the_field_it_stands_in() {
        let faults = faults(SIGNATURES);
        assert!(
            faults
                .iter()
                .any(|fault| fault.contains("attestors[0].entries[0].keys.publicKeys")),
            "{faults:?}"
        );
    }
}
