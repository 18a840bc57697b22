//! What is done with a request beside judging it: completed by what its review can't say, admitted unjudged, looked at
//! once it is decided.

use policy_engine::request::Stage;
use policy_engine::{Decision, PolicySet, Request};
use serde_json::Value;

/// What becomes of a request.
#[derive(Debug)]
pub enum Passage {
    /// It is judged as it stands here.
    Judged(Box<Request>),
    /// The cluster's settings say that nobody judges it.
    Admitted,
}

/// What is said of a policy that is about to be stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyCheck {
    /// Why it can't be used, one line each; any of them refuses it.
    pub faults: Vec<String>,
    /// What its author should hear, one line each.
    pub warnings: Vec<String>,
}

/// Stands before and behind the engine. Asked for every request: answers from memory, at once.
pub trait Gate: Send + Sync + std::fmt::Debug {
    /// What becomes of `request`.
    fn pass(&self, request: &Request) -> Passage;

    /// `request` was decided in the call of `stage` by the policies `asked`, which need not be all: for events and reports.
    fn decided(&self, stage: Stage, asked: &PolicySet, request: &Request, decision: &Decision);

    /// What is said of `policy`, which is about to be stored.
    fn check_policy(&self, policy: &Value) -> PolicyCheck;
}
