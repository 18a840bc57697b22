//! The floors between crates, and who may touch the network: read from each `Cargo.toml`.
//!
//! Floors are numbered from the ground. A crate may depend on its own floor and those below, never above
//! (cargo itself forbids circles). Walls are also written in deny.toml, which checks the whole dependency graph;
//! here they are held against what each crate asks for directly.

use serde_json::Value;

use super::tree::Tree;
use crate::failure::{Failure, Outcome};
use crate::program::Program;

/// Every crate and its floor.
const FLOORS: [(u8, &[&str]); 7] = [
    (7, &["vouchsafe"]),
    (
        6,
        &["admission-server", "cluster", "controller", "cli", "trace-export"],
    ),
    (5, &["fact-loading"]),
    (
        4,
        &[
            "image-evidence",
            "policy-reports",
            "policy-lint",
            "policy-migration",
        ],
    ),
    (3, &["policy-engine", "image-verification"]),
    (
        2,
        &[
            "image-trust",
            "jmespath",
            "json-patches",
            "pod-security",
            "policy-cel",
            "trust-root",
            "oci-registry",
        ],
    ),
    (
        1,
        &[
            "image-reference",
            "scalars",
            "manifest",
            "policy-types",
            "rehearsal",
        ],
    ),
];

/// Crates from outside that only these of ours may ask for.
const WALLS: [(&str, &[&str]); 7] = [
    (
        "reqwest",
        &["oci-registry", "fact-loading", "cluster", "trace-export"],
    ),
    ("kube", &["cluster", "fact-loading", "cli"]),
    ("hyper", &["admission-server", "rehearsal"]),
    ("hyper-util", &["admission-server", "rehearsal"]),
    (
        "rustls",
        &["admission-server", "oci-registry", "fact-loading", "cluster"],
    ),
    ("tokio-rustls", &["admission-server"]),
    (
        "tokio",
        &[
            "oci-registry",
            "image-evidence",
            "fact-loading",
            "admission-server",
            "cluster",
            "controller",
            "cli",
            "trace-export",
            "rehearsal",
            "xtask",
        ],
    ),
];

const PREFIX: &str = "vouchsafe-";

/// Faults of all crates.
pub(super) fn faults(tree: &Tree) -> Outcome<Vec<String>> {
    let manifest = tree.root.join("Cargo.toml");
    let metadata = Program::cargo()
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--manifest-path",
        ])
        .args([manifest])
        .capture()?
        .expect_success()?;
    let metadata: Value = serde_json::from_str(&metadata.stdout)
        .map_err(|cause| Failure::Found(format!("cargo's metadata can't be read: {cause}")))?;
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut faults: Vec<_> = packages.iter().flat_map(package_faults).collect();
    faults.extend(denied(tree));
    Ok(faults)
}

fn floor(name: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(_, crates)| crates.contains(&name))
        .map(|(floor, _)| *floor)
}

fn package_faults(package: &Value) -> Vec<String> {
    let name = text(package, "name");
    let short = name.strip_prefix(PREFIX).unwrap_or(name);
    let own = floor(short);
    let mut faults = Vec::new();
    if own.is_none() && short != "xtask" {
        faults.push(format!(
            "crate `{short}` stands on no floor: add it to xtask/src/tidy/walls.rs"
        ));
    }
    for dependency in package
        .get("dependencies")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let wanted = text(dependency, "name");
        // Tests may use what they like, but for crates above: cargo would build in circles.
        let product = dependency.get("kind").is_none_or(Value::is_null);
        let ours = wanted.strip_prefix(PREFIX).unwrap_or(wanted);
        if product
            && let (Some(own), Some(other)) = (own, floor(ours))
            && other > own
        {
            faults.push(format!(
                "`{short}` (floor {own}) depends on `{ours}` (floor {other}): no arrow goes up"
            ));
        }
        if let Some((outside, allowed)) = WALLS.iter().find(|(outside, _)| product && *outside == wanted)
            && !allowed.contains(&short)
        {
            faults.push(format!(
                "`{short}` asks for `{outside}`, which only {} may",
                allowed.join(", ")
            ));
        }
    }
    faults
}

/// deny.toml must name the same crates as [`WALLS`].
fn denied(tree: &Tree) -> Vec<String> {
    let Some(deny) = tree.file("deny.toml") else {
        return vec!["deny.toml is missing".to_owned()];
    };
    let mut faults = Vec::new();
    for (outside, allowed) in WALLS {
        let opening = format!("crate = \"{outside}\"");
        let Some(wall) = deny
            .text
            .split("{ ")
            .find(|entry| entry.trim_start().starts_with(&opening))
        else {
            faults.push(format!("deny.toml has no wall around `{outside}`"));
            continue;
        };
        for name in allowed
            .iter()
            .filter(|name| floor(name).is_some() && tree.crates().contains(name))
        {
            if !wall.contains(&format!("\"{PREFIX}{name}\"")) {
                faults.push(format!(
                    "deny.toml: the wall around `{outside}` lacks \"{PREFIX}{name}\""
                ));
            }
        }
        let parents = wall.split('"').filter_map(|word| word.strip_prefix(PREFIX));
        for name in parents.filter(|name| !allowed.contains(name)) {
            faults.push(format!(
                "deny.toml: the wall around `{outside}` lets `{name}` through, walls.rs does not"
            ));
        }
    }
    faults
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, dependency: &str, kind: Option<&str>) -> Value {
        json!({ "name": name, "dependencies": [{ "name": dependency, "kind": kind }] })
    }

    #[test]
    fn an_arrow_that_goes_up_is_a_fault() {
        let up = package("vouchsafe-scalars", "vouchsafe-policy-engine", None);
        assert_eq!(package_faults(&up).len(), 1);
        let down = package("vouchsafe-policy-engine", "vouchsafe-scalars", None);
        assert!(package_faults(&down).is_empty());
    }

    #[test]
    fn the_pure_crates_may_not_ask_for_the_network_but_their_tests_may() {
        assert_eq!(
            package_faults(&package("vouchsafe-policy-engine", "tokio", None)).len(),
            1
        );
        assert!(package_faults(&package("vouchsafe-policy-engine", "tokio", Some("dev"))).is_empty());
        assert!(package_faults(&package("vouchsafe-oci-registry", "reqwest", None)).is_empty());
    }

    #[test]
    fn a_crate_on_no_floor_is_a_fault() {
        assert_eq!(
            package_faults(&package("vouchsafe-novelty", "serde", None)).len(),
            1
        );
    }
}
