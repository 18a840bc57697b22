//! A rule's match and exclude blocks, and what they say about a request.

use std::collections::BTreeMap;

use serde_json::Value;

use super::filter::{Filter, UserRule};
use super::kinds::KindSelector;
use crate::compile_error::CompileError;
use crate::facts::{Fact, FactError, FactRequest, FactView};
use crate::request::Request;

/// What a selector says about one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// The rule speaks; the clause that chose it.
    Selected {
        /// `match.any[0]`, `match.all`, `match`.
        clause: String,
    },
    /// The rule does not speak.
    NotSelected,
    /// Whether the rule speaks can't be told: it counts as selected, with this error as its outcome.
    Unjudgeable {
        /// Why.
        cause: String,
    },
    /// A fact is missing.
    Pending,
}

/// A compiled block of filters.
#[derive(Debug, Clone)]
pub enum MatchBlock {
    /// One filter must match.
    Any(Vec<Filter>),
    /// Every filter must match.
    All(Vec<Filter>),
    /// The legacy form: one filter, written flat.
    Flat(Box<Filter>),
}

/// `match` and `exclude` of one rule.
#[derive(Debug, Clone)]
pub struct Selector {
    matched: MatchBlock,
    excluded: Option<MatchBlock>,
}

impl MatchBlock {
    /// Compiles a match or exclude block.
    ///
    /// # Errors
    /// Every filter that can't be judged.
    pub fn compile(block: &Value) -> Result<Self, Vec<CompileError>> {
        for list in ["any", "all"] {
            let Some(filters) = block
                .get(list)
                .and_then(Value::as_array)
                .filter(|filters| !filters.is_empty())
            else {
                continue;
            };
            let mut errors = Vec::new();
            let mut compiled = Vec::with_capacity(filters.len());
            for (index, filter) in filters.iter().enumerate() {
                match Filter::compile(filter) {
                    Ok(filter) => compiled.push(filter),
                    Err(found) => {
                        errors.extend(
                            found
                                .into_iter()
                                .map(|error| error.under(&format!("{list}[{index}]"))),
                        );
                    }
                }
            }
            if !errors.is_empty() {
                return Err(errors);
            }
            return Ok(if list == "any" {
                Self::Any(compiled)
            } else {
                Self::All(compiled)
            });
        }
        Filter::compile(block).map(|filter| Self::Flat(Box::new(filter)))
    }

    /// Every filter of the block.
    pub fn filters(&self) -> &[Filter] {
        match self {
            Self::Any(filters) | Self::All(filters) => filters,
            Self::Flat(filter) => std::slice::from_ref(filter),
        }
    }

    /// Every kind that a filter names; `None` where some filter leaves the kind open.
    #[must_use]
    pub fn kinds(&self) -> Option<Vec<&KindSelector>> {
        let mut kinds = Vec::new();
        for filter in self.filters() {
            if filter.kinds().is_empty() {
                return None;
            }
            kinds.extend(filter.kinds());
        }
        Some(kinds)
    }

    /// Whether the request meets the block of an exception: operations don't count, users always do.
    #[must_use]
    pub fn meets_exception(&self, request: &Request, view: &FactView<'_>) -> Selection {
        let Some(object) = request.subject() else {
            return Selection::NotSelected;
        };
        let labels = match namespace_labels(self.filters(), request, view) {
            Ok(labels) => labels,
            Err(unknown) => return unknown,
        };
        let meets =
            |filter: &Filter| filter.matches(request, object, &borrowed(&labels), UserRule::Kept, true);
        let met = match self {
            Self::Any(filters) => filters.iter().any(meets),
            Self::All(filters) => filters.iter().all(meets),
            Self::Flat(_) => false,
        };
        if met {
            Selection::Selected {
                clause: "match".to_owned(),
            }
        } else {
            Selection::NotSelected
        }
    }
}

impl Selector {
    /// Compiles a rule's `match` and `exclude`.
    ///
    /// # Errors
    /// Every filter that can't be judged, with its path in the rule.
    pub fn compile(rule: &Value) -> Result<Self, Vec<CompileError>> {
        let under = |errors: Vec<CompileError>, outer: &str| -> Vec<CompileError> {
            errors.into_iter().map(|error| error.under(outer)).collect()
        };
        let matched =
            MatchBlock::compile(rule.get("match").unwrap_or(&Value::Null)).map_err(|e| under(e, "match"))?;
        let excluded = rule
            .get("exclude")
            .filter(|block| block.as_object().is_some_and(|fields| !fields.is_empty()))
            .map(|block| MatchBlock::compile(block).map_err(|e| under(e, "exclude")))
            .transpose()?;
        Ok(Self { matched, excluded })
    }

    /// The match block.
    #[must_use]
    pub fn matched(&self) -> &MatchBlock {
        &self.matched
    }

    /// Whether the rule speaks about `request`.
    #[must_use]
    pub fn select(&self, request: &Request, view: &FactView<'_>) -> Selection {
        let Some(object) = request.subject() else {
            return Selection::NotSelected;
        };
        // Kinds first: most rules end here, and no fact is asked for a rule that could not match anyway.
        if !self.may_match_kind(request) {
            return Selection::NotSelected;
        }
        let filters = self
            .matched
            .filters()
            .iter()
            .chain(self.excluded.iter().flat_map(MatchBlock::filters));
        let labels = match namespace_labels(filters, request, view) {
            Ok(labels) => labels,
            Err(unknown) => return unknown,
        };
        let labels = borrowed(&labels);
        let matches =
            |filter: &Filter| filter.matches(request, object, &labels, UserRule::DroppedWithoutUser, false);
        let clause = match &self.matched {
            MatchBlock::Any(filters) => filters
                .iter()
                .position(matches)
                .map(|at| format!("match.any[{at}]")),
            MatchBlock::All(filters) => filters.iter().all(matches).then(|| "match.all".to_owned()),
            MatchBlock::Flat(filter) => matches(filter).then(|| "match.resources".to_owned()),
        };
        let excludes = |filter: &Filter| filter.matches(request, object, &labels, UserRule::Kept, false);
        let excluded = self.excluded.as_ref().is_some_and(|block| match block {
            MatchBlock::Any(filters) => filters.iter().any(excludes),
            MatchBlock::All(filters) => filters.iter().all(excludes),
            MatchBlock::Flat(filter) => excludes(filter),
        });
        match clause {
            Some(clause) if !excluded => Selection::Selected { clause },
            Some(_) | None => Selection::NotSelected,
        }
    }

    fn may_match_kind(&self, request: &Request) -> bool {
        let fits = |filter: &Filter| {
            filter.kinds().is_empty()
                || filter
                    .kinds()
                    .iter()
                    .any(|k| k.matches(&request.kind, &request.subresource))
        };
        match &self.matched {
            MatchBlock::Any(filters) => filters.iter().any(fits),
            MatchBlock::All(filters) => filters.iter().all(fits),
            MatchBlock::Flat(filter) => fits(filter),
        }
    }
}

/// Labels of the request's namespace, asked for only where some filter needs them.
fn namespace_labels<'f>(
    filters: impl IntoIterator<Item = &'f Filter>,
    request: &Request,
    view: &FactView<'_>,
) -> Result<BTreeMap<String, String>, Selection> {
    let needed = filters.into_iter().any(Filter::needs_namespace_labels);
    if !needed || request.namespace.is_empty() || &*request.kind.kind == "Namespace" {
        return Ok(BTreeMap::new());
    }
    match view.ask(&FactRequest::NamespaceLabels {
        name: request.namespace.to_string(),
    }) {
        None => Err(Selection::Pending),
        Some(Ok(Fact::Json(labels))) => {
            let pairs = super::labels::string_map(Some(&**labels));
            Ok(pairs
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect())
        }
        Some(Ok(Fact::Findings(_) | Fact::Digest(_))) => Err(Selection::Unjudgeable {
            cause: "labels of the namespace are no JSON".to_owned(),
        }),
        Some(Err(FactError::NoLoader(_))) => Ok(BTreeMap::new()),
        Some(Err(error)) => Err(Selection::Unjudgeable {
            cause: format!(
                "failed to get labels of namespace `{}`: {}",
                request.namespace,
                error.cause()
            ),
        }),
    }
}

fn borrowed(labels: &BTreeMap<String, String>) -> BTreeMap<&str, &str> {
    labels.iter().map(|(key, value)| (&**key, &**value)).collect()
}

#[cfg(test)]
mod tests;
