//! What became of a Pod that somebody wanted to create.

use std::fmt;

use super::gateway::Answer;
use crate::failure::Outcome;

/// One of three: an answer that is no verdict is never taken for one.
pub(super) enum Verdict {
    /// Admitted, and stored as this JSON.
    Admitted(String),
    /// Refused by an admission webhook, in these words.
    Refused(String),
    /// No verdict: the webhook or the API server could not be asked, or something else refused.
    Unjudged(String),
}

impl Verdict {
    /// What the answer to a creation says.
    pub(super) fn of(answer: Outcome<Answer>) -> Self {
        match answer {
            Ok(Answer { status: 201, body }) => Self::Admitted(body),
            Ok(Answer { status, body }) if body.contains("denied the request") => {
                Self::Refused(format!("{status}: {body}"))
            }
            Ok(Answer { status, body }) => Self::Unjudged(format!("{status}: {body}")),
            Err(failure) => Self::Unjudged(failure.to_string()),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admitted(stored) => write!(formatter, "admitted as {stored}"),
            Self::Refused(said) => write!(formatter, "refused with {said}"),
            Self::Unjudged(said) => write!(formatter, "no verdict, {said}"),
        }
    }
}
