//! What was found about images, remembered by bytes.
//!
//! Key: who may see the image, which content, what is demanded, by which keys, under which trust root. Only findings
//! without a refusal are kept here: a refusal is looked for anew, as its reason may have gone; how often, the module
//! `refusals` says. Conditions over attestations are no part of it: they are evaluated at each request.

use std::sync::Arc;
use std::time::Duration;

use image_reference::Digest;
use image_trust::{ImageDemand, ImageFindings, Refusal, SignerFinding};
use image_verification::ResolvedKeys;
use moka::future::Cache;
use oci_registry::Identity;
use serde_json::Value;

/// Bytes of findings kept at most, about.
const MOST_BYTES: u64 = 32 * 1024 * 1024;
/// Bytes that an entry takes beside what it holds, about.
const ENTRY_BYTES: usize = 1_024;
/// Bytes that a JSON value takes beside what it holds, about.
const VALUE_BYTES: usize = 48;

/// What findings depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub(crate) identity: Identity,
    pub(crate) image: String,
    pub(crate) digest: Digest,
    pub(crate) demand: Arc<ImageDemand>,
    pub(crate) keys: ResolvedKeys,
    /// Of the trust root: a new one makes all older verdicts strangers.
    pub(crate) trust: [u8; 32],
}

/// Findings in hand. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Verdicts(Cache<Question, Arc<ImageFindings>>);

impl Verdicts {
    /// Keeps nothing yet; what it keeps it keeps for `life`.
    pub(crate) fn new(life: Duration) -> Self {
        let cache = Cache::builder()
            .max_capacity(MOST_BYTES)
            .weigher(weight)
            .time_to_live(life);
        Self(cache.build())
    }

    pub(crate) async fn get(&self, question: &Question) -> Option<Arc<ImageFindings>> {
        self.0.get(question).await
    }

    /// Keeps findings, if none of them refuses.
    pub(crate) async fn keep(&self, question: Question, findings: &Arc<ImageFindings>) {
        if !has_refusal(findings) {
            self.0.insert(question, Arc::clone(findings)).await;
        }
    }
}

/// Whether any demand is not met.
pub(crate) fn has_refusal(findings: &ImageFindings) -> bool {
    each(findings).any(Result::is_err)
}

/// Why demands are not met.
pub(crate) fn refusals(findings: &ImageFindings) -> impl Iterator<Item = &Refusal> {
    each(findings).filter_map(|finding| finding.as_ref().err())
}

/// Whether any demand is met: it may be the only one that must be.
pub(crate) fn has_proof(findings: &ImageFindings) -> bool {
    each(findings).any(Result::is_ok)
}

fn each(findings: &ImageFindings) -> impl Iterator<Item = &SignerFinding> {
    findings
        .signers
        .iter()
        .chain(findings.attestations.iter().flatten())
}

/// Bytes that an entry takes, about.
pub(crate) fn weight(question: &Question, findings: &Arc<ImageFindings>) -> u32 {
    let keys = question.keys.values().flatten().map(|pem| pem.len());
    let statements = each(findings)
        .filter_map(|finding| finding.as_ref().ok())
        .flat_map(|proof| proof.statements())
        .map(|statement| value_bytes(&statement.predicate));
    let examined = findings
        .examined
        .iter()
        .map(|one| one.what.len().saturating_add(VALUE_BYTES));
    let types = findings.predicate_types.iter().map(String::len);
    let reasons = refusals(findings).flat_map(|refusal| {
        let found = refusal.found.iter().map(String::len);
        found.chain([refusal.message.len(), refusal.demanded.len(), VALUE_BYTES])
    });
    let access = &question.demand.access;
    let secrets = access.pull_secrets.iter().chain(&access.secrets);
    let secrets = secrets.map(|name| name.len().saturating_add(VALUE_BYTES));
    let all = keys
        .chain(secrets)
        .chain(statements)
        .chain(examined)
        .chain(types)
        .chain(reasons);
    let total = all.fold(
        ENTRY_BYTES.saturating_add(question.image.len()),
        usize::saturating_add,
    );
    u32::try_from(total).unwrap_or(u32::MAX)
}

/// Bytes a JSON value takes in memory, about. Predicates come from JSON of bounded depth.
fn value_bytes(value: &Value) -> usize {
    let inside = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(value_bytes).fold(0, usize::saturating_add),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                value_bytes(value)
                    .saturating_add(name.len())
                    .saturating_add(VALUE_BYTES)
            })
            .fold(0, usize::saturating_add),
    };
    inside.saturating_add(VALUE_BYTES)
}

/// A question of its own for each number, and findings without a refusal.
#[cfg(test)]
pub(crate) fn sample(number: u32) -> (Question, Arc<ImageFindings>) {
    use image_reference::{DefaultRegistry, ImageReference};
    use image_trust::{Examined, Layouts};

    let name = format!("registry.example/app-{number}@sha256:{number:064x}");
    let image = ImageReference::parse(&name, &DefaultRegistry::default()).unwrap();
    let digest = image.digest().unwrap().clone();
    let demand = ImageDemand {
        layouts: Layouts::Sigstore,
        signers: Vec::new(),
        attestations: Vec::new(),
        access: Default::default(),
    };
    let question = Question {
        identity: Identity::default(),
        image: image.repository(),
        digest: digest.clone(),
        demand: Arc::new(demand),
        keys: ResolvedKeys::new(),
        trust: [0; 32],
    };
    let examined = Examined {
        what: "x".repeat(512),
        outcome: Ok(String::new()),
    };
    let found = ImageFindings {
        image,
        digest,
        signers: Vec::new(),
        attestations: Vec::new(),
        predicate_types: Vec::new(),
        examined: vec![examined],
    };
    (question, Arc::new(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_secs(60);

    /// A cluster sees new digests for ever: what is kept must not grow with them.
    #[tokio::test]
    async fn memory_stays_flat_over_a_hundred_thousand_distinct_images() {
        let verdicts = Verdicts::new(LIFE);
        for number in 0..100_000 {
            let (question, found) = sample(number);
            verdicts.keep(question, &found).await;
            if number % 10_000 == 0 {
                verdicts.0.run_pending_tasks().await;
                assert!(verdicts.0.weighted_size() <= MOST_BYTES);
            }
        }
        verdicts.0.run_pending_tasks().await;
        assert!(verdicts.0.weighted_size() <= MOST_BYTES);
        let (question, found) = sample(1);
        let most = MOST_BYTES / u64::from(weight(&question, &found));
        assert!(verdicts.0.entry_count() <= most && verdicts.0.entry_count() > most / 2);
    }

    #[tokio::test]
    async fn what_an_older_trust_root_vouched_for_is_not_used_under_a_new_one() {
        let verdicts = Verdicts::new(LIFE);
        let (question, found) = sample(1);
        verdicts.keep(question.clone(), &found).await;
        assert!(verdicts.get(&question).await.is_some());
        let renewed = Question {
            trust: [1; 32],
            ..question
        };
        assert!(verdicts.get(&renewed).await.is_none());
    }
}
