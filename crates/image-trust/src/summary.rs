//! What a statement of a well-known type says, in one line for people.
//!
//! In: a verified statement. Out: its gist: who built what from where, who scanned when, how many components. Never: a
//! judgement; conditions read the predicate itself.
//! Source: slsa.dev (provenance v0.2 and v1, verification summary v1); cosign's vuln predicate; `CycloneDX`, SPDX, `OpenVEX`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::findings::Statement;

/// Characters that one word of a predicate may take in a summary.
const MOST_CHARS: usize = 120;

/// Where provenance of version 1 keeps the source: each builder calls it otherwise.
const SOURCES: [&str; 4] = [
    "/buildDefinition/externalParameters/workflow/repository",
    "/buildDefinition/externalParameters/source/uri",
    "/buildDefinition/externalParameters/source",
    "/buildDefinition/resolvedDependencies/0/uri",
];

impl Statement {
    /// The gist of the statement; none where its type is not known here or it does not say what the type says.
    #[must_use]
    pub fn summary(&self) -> Option<String> {
        summary(&self.predicate_type, &self.predicate)
    }
}

fn summary(predicate_type: &str, predicate: &Value) -> Option<String> {
    let said = Predicate(predicate);
    let kind = predicate_type.trim_end_matches('/');
    let bare = kind.strip_prefix("https://").unwrap_or(kind);
    match bare {
        "slsa.dev/provenance/v1" => Some(format!(
            "built by {} from {}",
            said.text("/runDetails/builder/id")?,
            SOURCES
                .iter()
                .find_map(|place| said.text(place))
                .unwrap_or_else(unknown),
        )),
        "slsa.dev/provenance/v0.1" | "slsa.dev/provenance/v0.2" => Some(format!(
            "built by {} from {}",
            said.text("/builder/id")?,
            said.text("/invocation/configSource/uri")
                .or_else(|| said.text("/materials/0/uri"))
                .unwrap_or_else(unknown),
        )),
        "slsa.dev/verification_summary/v1" | "slsa.dev/verification_summary/v0.2" => {
            let result = said
                .text("/verificationResult")
                .or_else(|| said.text("/verification_result"))?;
            let verifier = said.text("/verifier/id").unwrap_or_else(unknown);
            Some(format!(
                "{result} at {}, by {verifier}",
                said.words("/verifiedLevels")
            ))
        }
        "cosign.sigstore.dev/attestation/vuln/v1" => Some(format!(
            "scanned by {}, finished {}",
            said.text("/scanner/uri").unwrap_or_else(unknown),
            said.text("/metadata/scanFinishedOn")?,
        )),
        "in-toto.io/Link/v1" => Some(format!("step {}", said.text("/name")?)),
        _ if bare.starts_with("cyclonedx.org/bom") => {
            Some(format!("CycloneDX of {} components", said.count("/components")?))
        }
        _ if bare.starts_with("spdx.dev/Document") => {
            Some(format!("SPDX of {} packages", said.count("/packages")?))
        }
        _ if bare.starts_with("openvex.dev/ns") => Some(format!("OpenVEX: {}", said.statuses()?)),
        _ => None,
    }
}

struct Predicate<'p>(&'p Value);

impl Predicate<'_> {
    /// A text, on one line and short: it is foreign.
    fn text(&self, place: &str) -> Option<String> {
        let text = self.0.pointer(place)?.as_str().filter(|text| !text.is_empty())?;
        let plain = text.chars().map(|one| if one.is_control() { ' ' } else { one });
        Some(plain.take(MOST_CHARS).collect())
    }

    /// Texts of a list as one.
    fn words(&self, place: &str) -> String {
        let list = self.0.pointer(place).and_then(Value::as_array);
        let words =
            (0..list.map_or(0, Vec::len).min(10)).filter_map(|at| self.text(&format!("{place}/{at}")));
        let words: Vec<String> = words.collect();
        if words.is_empty() {
            "no level".to_owned()
        } else {
            words.join(", ")
        }
    }

    fn count(&self, place: &str) -> Option<usize> {
        self.0.pointer(place)?.as_array().map(Vec::len)
    }

    /// How often each status of a VEX document stands in it.
    fn statuses(&self) -> Option<String> {
        const KNOWN: [&str; 4] = ["affected", "fixed", "not_affected", "under_investigation"];
        let statements = self.0.pointer("/statements")?.as_array()?;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for statement in statements {
            let status = statement.pointer("/status").and_then(Value::as_str);
            let known = KNOWN.into_iter().find(|known| Some(*known) == status);
            let count = counts.entry(known.unwrap_or("of no known status")).or_default();
            *count = count.saturating_add(1);
        }
        let told = counts.iter().map(|(status, count)| format!("{count} {status}"));
        Some(if counts.is_empty() {
            "no statement".to_owned()
        } else {
            told.collect::<Vec<_>>().join(", ")
        })
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn well_known_statements_are_told_by_what_they_are_for() {
        let provenance = json!({
            "buildDefinition": { "externalParameters": { "workflow": { "repository": "https://github.com/acme/shop" } } },
            "runDetails": { "builder": { "id": "https://github.com/actions/runner" } },
        });
        let older =
            json!({ "builder": { "id": "b" }, "invocation": { "configSource": { "uri": "git+https://x" } } });
        let scan = json!({ "scanner": { "uri": "pkg:trivy" }, "metadata": { "scanFinishedOn": "2026-11-20T00:00:00Z" } });
        let vex = json!({ "statements": [{ "status": "fixed" }, { "status": "fixed" }, { "status": "affected" }, {}] });
        let vsa = json!({ "verificationResult": "PASSED", "verifiedLevels": ["SLSA_BUILD_LEVEL_3"], "verifier": { "id": "v" } });
        for (kind, predicate, told) in [
            (
                "https://slsa.dev/provenance/v1",
                provenance,
                "built by https://github.com/actions/runner from https://github.com/acme/shop",
            ),
            (
                "https://slsa.dev/provenance/v0.2",
                older,
                "built by b from git+https://x",
            ),
            (
                "https://cosign.sigstore.dev/attestation/vuln/v1",
                scan,
                "scanned by pkg:trivy, finished 2026-11-20T00:00:00Z",
            ),
            (
                "https://cyclonedx.org/bom/v1.6",
                json!({ "components": [{}, {}] }),
                "CycloneDX of 2 components",
            ),
            (
                "https://spdx.dev/Document",
                json!({ "packages": [{}] }),
                "SPDX of 1 packages",
            ),
            (
                "https://openvex.dev/ns/v0.2.0",
                vex,
                "OpenVEX: 1 affected, 2 fixed, 1 of no known status",
            ),
            (
                "https://slsa.dev/verification_summary/v1",
                vsa,
                "PASSED at SLSA_BUILD_LEVEL_3, by v",
            ),
        ] {
            assert_eq!(summary(kind, &predicate).as_deref(), Some(told), "{kind}");
        }
    }

    #[test]
    fn what_is_not_of_its_type_or_of_none_is_not_told() {
        assert_eq!(
            summary("https://slsa.dev/provenance/v1", &json!({ "builder": "x" })),
            None
        );
        assert_eq!(
            summary("https://example.com/review/v1", &json!({ "clean": true })),
            None
        );
    }

    /// A signer's words must not look like ours.
    #[test]
    fn a_forged_line_in_a_predicate_stays_in_its_line() {
        let forged = json!({ "name": "x\nattestations[0]: holds" });
        let told = summary("https://in-toto.io/Link/v1", &forged).unwrap();
        assert!(!told.contains('\n'), "{told}");
    }
}
