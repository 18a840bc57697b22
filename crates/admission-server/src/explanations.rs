//! Why requests were denied, kept in memory for those who were told the id.
//!
//! In: what was decided. Out: an id, and for a complete id the explanation. Never: a list of ids, an explanation for a part of
//! one, more than [`MOST_EXPLANATION_BYTES`] in all: the oldest go first.
//!
//! An id is `REPLICA-SECRET`. The first part says which process made it, so that "no longer kept" and "never made here" can be
//! told apart; it proves nothing. The second is 128 random bits, and whoever shows it was told it: by the denial, or by the
//! log. Nothing else is asked, for the API server's proxy does not say for whom it asks (docs/threat-model.md#explanations).

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use policy_engine::decision::{DecisionTree, shortened};
use policy_engine::request::Stage;
use policy_engine::{Decision, Request};
use rustls::crypto::SecureRandom;
use serde::{Deserialize, Serialize};

use crate::limits::{MOST_EXPLANATION_BYTES, MOST_TREE_BYTES};

/// What an explanation takes beside its text, in bytes: its places in the map and in the queue.
const ENTRY_BYTES: usize = 128;

/// Why one request was denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The request's id at the API server.
    pub uid: String,
    /// When it arrived: seconds since the Unix epoch.
    pub at_seconds: i64,
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`; empty where the review could not be read.
    pub operation: String,
    /// Which call was made: `mutate` or `validate`.
    pub webhook: String,
    /// Whether nothing was to be stored.
    pub dry_run: bool,
    /// Why it was denied unjudged, or what is wrong with the policy that was to be stored; none where rules decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unjudged: Option<String>,
    /// What became of each rule.
    #[serde(flatten)]
    pub tree: DecisionTree,
}

impl Explanation {
    /// Why `decision` denies `request`.
    pub(crate) fn of(stage: Stage, request: &Request, decision: &Decision) -> Self {
        Self {
            unjudged: None,
            tree: DecisionTree::of(decision).within(MOST_TREE_BYTES),
            ..Self::unjudged(stage, request, String::new())
        }
    }

    /// Why `request` is denied although no rule decided.
    pub(crate) fn unjudged(stage: Stage, request: &Request, reason: String) -> Self {
        Self {
            operation: request.operation.as_str().to_owned(),
            dry_run: request.dry_run,
            ..Self::unread(stage, request.uid.to_string(), request.at_ns, reason)
        }
    }

    /// Why a review that could not be read is denied.
    pub(crate) fn unread(stage: Stage, uid: String, at_ns: i128, reason: String) -> Self {
        Self {
            uid,
            at_seconds: i64::try_from(at_ns / 1_000_000_000).unwrap_or_default(),
            operation: String::new(),
            webhook: webhook(stage).to_owned(),
            dry_run: false,
            unjudged: Some(shortened(reason, MOST_TREE_BYTES)),
            tree: DecisionTree::default(),
        }
    }

    /// Reads what [`Explanation::to_json`] wrote.
    ///
    /// # Errors
    /// [`serde_json::Error`] where it is no explanation.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// As JSON: the fields of [`DecisionTree`], beside those of this type.
    ///
    /// # Errors
    /// [`serde_json::Error`], never in practice: every part is text.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

/// How a stage is called outside.
pub(crate) fn webhook(stage: Stage) -> &'static str {
    match stage {
        Stage::Mutate => "mutate",
        Stage::Validate => "validate",
        Stage::Whole => "whole",
    }
}

/// What an explanation is asked for by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ExplanationId {
    replica: u32,
    secret: u128,
}

impl ExplanationId {
    /// Letters of an id.
    pub const LETTERS: usize = 8 + 1 + 32;

    /// Reads an id as it is printed; nothing shorter, and in no other spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (replica, secret) = text.split_once('-')?;
        let id = Self {
            replica: u32::from_str_radix(replica, 16).ok()?,
            secret: u128::from_str_radix(secret, 16).ok()?,
        };
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for ExplanationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{:032x}", self.replica, self.secret)
    }
}

/// The secret stays out of whatever is printed for debugging.
impl fmt::Debug for ExplanationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-…", self.replica)
    }
}

/// What is known under an id.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The explanation, as JSON.
    Kept(Bytes),
    /// It was made here, and gave way to later ones.
    Evicted,
    /// This process made no such id.
    NotOurs,
}

/// The explanations of one process.
pub(crate) struct Explanations {
    replica: u32,
    random: &'static dyn SecureRandom,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_secret: HashMap<u128, Bytes>,
    oldest_first: VecDeque<u128>,
    bytes: usize,
}

impl fmt::Debug for Explanations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Explanations({:08x})", self.replica)
    }
}

impl Explanations {
    /// None so far.
    pub(crate) fn new() -> Self {
        let random = rustls::crypto::aws_lc_rs::default_provider().secure_random;
        let mut replica = [0; 4];
        // Without randomness there are no ids either; that is met where one is made.
        let is_random = random.fill(&mut replica).is_ok();
        Self {
            replica: if is_random { u32::from_be_bytes(replica) } else { 0 },
            random,
            kept: Mutex::default(),
        }
    }

    /// An id that nobody can guess; none where the system gives no randomness: then nothing is kept, rather than under an id
    /// that can be guessed.
    pub(crate) fn new_id(&self) -> Option<ExplanationId> {
        let mut secret = [0; 16];
        self.random.fill(&mut secret).ok()?;
        Some(ExplanationId {
            replica: self.replica,
            secret: u128::from_be_bytes(secret),
        })
    }

    /// Keeps `explanation` (JSON) under `id`, and lets the oldest go that there is no room for.
    pub(crate) fn keep(&self, id: ExplanationId, explanation: Bytes) {
        let bytes = explanation.len().saturating_add(ENTRY_BYTES);
        if bytes > MOST_EXPLANATION_BYTES {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept {
            by_secret,
            oldest_first,
            bytes: total,
        } = &mut *kept;
        while total.saturating_add(bytes) > MOST_EXPLANATION_BYTES {
            let Some(oldest) = oldest_first.pop_front() else {
                break;
            };
            let gone = by_secret.remove(&oldest);
            *total = total.saturating_sub(gone.map_or(0, |gone| gone.len().saturating_add(ENTRY_BYTES)));
        }
        *total = total.saturating_add(bytes);
        oldest_first.push_back(id.secret);
        by_secret.insert(id.secret, explanation);
    }

    /// What is known under `id`, which must be complete.
    pub(crate) fn find(&self, id: &str) -> Found {
        let Some(id) = ExplanationId::parse(id).filter(|id| id.replica == self.replica) else {
            return Found::NotOurs;
        };
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let explanation = kept.by_secret.get(&id.secret);
        explanation.map_or(Found::Evicted, |explanation| Found::Kept(explanation.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_by_its_whole_id_alone() {
        let explanations = Explanations::new();
        let (id, other) = (explanations.new_id().unwrap(), explanations.new_id().unwrap());
        explanations.keep(id, Bytes::from_static(b"{}"));
        assert_eq!(
            explanations.find(&id.to_string()),
            Found::Kept(Bytes::from_static(b"{}"))
        );
        assert_eq!(explanations.find(&other.to_string()), Found::Evicted);
        assert_eq!(Explanations::new().find(&id.to_string()), Found::NotOurs);
    }

    /// Guessing from what is known of an id: its beginning, another spelling, wildcards, nothing at all.
    #[test]
    fn a_part_of_an_id_opens_nothing() {
        let explanations = Explanations::new();
        let id = explanations.new_id().unwrap();
        explanations.keep(id, Bytes::from_static(b"secret"));
        let text = id.to_string();
        assert_eq!(text.len(), ExplanationId::LETTERS);
        let mut tries: Vec<String> = (0..text.len())
            .map(|end| text.split_at(end).0.to_owned())
            .collect();
        tries.extend([
            "*".to_owned(),
            format!("{:08x}-*", id.replica),
            format!("{text}0"),
            format!("{text}/"),
        ]);
        tries.push(format!("{:08X}-{:032X}", id.replica, id.secret));
        tries.push(format!("{:08x}-+{:031x}", id.replica, id.secret));
        for tried in tries.iter().filter(|tried| **tried != text) {
            assert!(!matches!(explanations.find(tried), Found::Kept(_)), "{tried}");
        }
        assert!(!format!("{id:?}{explanations:?}").contains(&format!("{:032x}", id.secret)));
    }

    /// Denials are free to ask for: what is kept of them must not grow.
    #[test]
    fn a_flood_of_denials_evicts_the_oldest_and_never_grows_beyond_the_limit() {
        let explanations = Explanations::new();
        let text = Bytes::from(vec![b'x'; 100_000]);
        let ids: Vec<ExplanationId> = (0..200).map(|_| explanations.new_id().unwrap()).collect();
        for id in &ids {
            explanations.keep(*id, text.clone());
        }
        let kept = ids.iter().map(|id| explanations.find(&id.to_string()));
        let kept: Vec<bool> = kept.map(|found| matches!(found, Found::Kept(_))).collect();
        let most = MOST_EXPLANATION_BYTES / (text.len() + ENTRY_BYTES);
        assert_eq!(kept.iter().filter(|kept| **kept).count(), most);
        assert!(kept[..200 - most].iter().all(|kept| !kept), "the oldest go first");
        let inside = explanations.kept.lock().unwrap();
        assert!(inside.bytes <= MOST_EXPLANATION_BYTES);
        assert_eq!(inside.oldest_first.len(), inside.by_secret.len());
    }

    #[test]
    fn what_is_larger_than_all_room_is_not_kept_and_evicts_nothing() {
        let explanations = Explanations::new();
        let (small, large) = (explanations.new_id().unwrap(), explanations.new_id().unwrap());
        explanations.keep(small, Bytes::from_static(b"{}"));
        explanations.keep(large, Bytes::from(vec![b'x'; MOST_EXPLANATION_BYTES]));
        assert!(matches!(explanations.find(&small.to_string()), Found::Kept(_)));
        assert_eq!(explanations.find(&large.to_string()), Found::Evicted);
    }
}
