//! What a rule speaks about, in either of the two languages that say it.

use super::block::{Selection, Selector};
use super::constraints::MatchConstraints;
use super::kinds::KindSelector;
use crate::facts::FactView;
use crate::request::Request;

/// The selector of one rule.
#[derive(Debug, Clone)]
pub enum RuleSelector {
    /// `match` and `exclude` of Kyverno's classic rules.
    Filters(Selector),
    /// `matchConstraints` of Kubernetes and of policies in Common Expression Language.
    Constraints(MatchConstraints),
}

/// Which objects a rule could speak about at all: what an index or a scan goes by.
#[derive(Debug, Clone)]
pub enum Reach<'s> {
    /// Any object.
    Anything,
    /// Objects of these kinds.
    Kinds(Vec<&'s KindSelector>),
    /// Objects of these resources, by their plural names.
    Resources(Vec<&'s str>),
}

impl RuleSelector {
    /// Whether the rule speaks about `request`.
    #[must_use]
    pub fn select(&self, request: &Request, view: &FactView<'_>) -> Selection {
        match self {
            Self::Filters(selector) => selector.select(request, view),
            Self::Constraints(constraints) => constraints.select(request, view),
        }
    }

    /// What the rule could speak about at all.
    #[must_use]
    pub fn reach(&self) -> Reach<'_> {
        match self {
            Self::Filters(selector) => selector.matched().kinds().map_or(Reach::Anything, Reach::Kinds),
            Self::Constraints(constraints) => {
                constraints.resources().map_or(Reach::Anything, Reach::Resources)
            }
        }
    }
}
