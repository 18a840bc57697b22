//! `match` and `exclude` of a rule: resource rules, and one condition for what they can't say.
//!
//! In: the rule, the operations it may be about. Out: a [`Selection`]; the condition is written for any name of the object,
//! since a rule about updates asks it of the old object too.

use serde_json::Value;

use crate::cel_text::quoted_list;
use crate::document_value::{list, says};
use crate::filters::Filter;
use crate::formula::Formula;
use crate::resource_rules::Kind;
use crate::translation::{Said, Unsaid};

/// What a rule is about.
#[derive(Debug)]
pub(crate) struct Selection<'r> {
    matched: Block<'r>,
    excluded: Option<Block<'r>>,
    operations: Vec<&'static str>,
}

/// Filters of which one must hold, or all.
#[derive(Debug)]
struct Block<'r> {
    filters: Vec<Filter<'r>>,
    is_any: bool,
}

impl<'r> Block<'r> {
    fn read(block: &'r Value, path: &str) -> Said<Self> {
        for (name, is_any) in [("any", true), ("all", false)] {
            let written = list(block, name);
            if !written.is_empty() {
                let filters = written.iter().enumerate();
                let filters = filters.map(|(at, one)| Filter::read(one, &format!("{path}.{name}[{at}]")));
                return Ok(Self {
                    filters: filters.collect::<Said<_>>()?,
                    is_any,
                });
            }
        }
        Ok(Self {
            filters: vec![Filter::read(block, path)?],
            is_any: true,
        })
    }

    /// Kinds of all filters.
    fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.filters.iter().flat_map(|filter| &filter.kinds)
    }

    /// What the filters say, each with its kinds where `with_kinds` asks for them.
    fn condition(&self, object: &str, with_kinds: impl Fn(&Filter<'_>) -> bool) -> Said<Formula> {
        let mut parts = Vec::new();
        for filter in &self.filters {
            let mut all = Vec::new();
            if with_kinds(filter) {
                all.push(Formula::any(filter.kinds.iter().map(Kind::condition)));
                if !filter.operations.is_empty() {
                    let wanted = quoted_list(filter.operations.iter().copied());
                    all.push(Formula::test(format!("request.operation in {wanted}")));
                }
            }
            all.push(filter.condition(object)?);
            parts.push(Formula::all(all));
        }
        Ok(if self.is_any {
            Formula::any(parts)
        } else {
            Formula::all(parts)
        })
    }
}

impl<'r> Selection<'r> {
    /// Reads `match` and `exclude` of `rule`, which stands at `path` and may be about `operations`.
    ///
    /// # Errors
    /// The first thing in them that can't be said.
    pub(crate) fn read(rule: &'r Value, path: &str, operations: Vec<&'static str>) -> Said<Self> {
        let none = &Value::Null;
        let matched = Block::read(rule.get("match").unwrap_or(none), &format!("{path}.match"))?;
        if matched.filters.iter().any(|filter| filter.kinds.is_empty()) {
            let reason = "a filter that leaves the kind open would be asked about every request";
            return Err(Unsaid::new(format!("{path}.match"), reason));
        }
        let excluded = rule.get("exclude").filter(|block| {
            ["any", "all", "resources", "subjects", "roles", "clusterRoles"]
                .iter()
                .any(|field| says(block, field))
        });
        let excluded = excluded
            .map(|block| Block::read(block, &format!("{path}.exclude")))
            .transpose()?;
        Ok(Self {
            matched,
            excluded,
            operations,
        })
    }

    /// Whether the rule is about Pods and nothing else.
    pub(crate) fn is_pods_alone(&self) -> bool {
        self.matched.kinds().all(Kind::is_pod)
    }

    /// Whether Pods are among what the rule is about.
    pub(crate) fn speaks_of_pods(&self) -> bool {
        self.matched.kinds().any(|kind| kind.may_be("Pod"))
    }

    /// A kind the rule is about that is none of `kinds`.
    pub(crate) fn kind_beside(&self, kinds: &[&str]) -> Option<String> {
        let strange = |kind: &&Kind| !kinds.iter().any(|known| kind.is_called(known));
        self.matched.kinds().find(strange).map(Kind::to_string)
    }

    /// The resource rules; with `alone`, the one rule that policies for controllers are written from.
    pub(crate) fn resource_rules(&self, alone: bool) -> Vec<Value> {
        let mut rules: Vec<Value> = Vec::new();
        for filter in &self.matched.filters {
            for kind in &filter.kinds {
                let operations: Vec<&str> = self
                    .operations
                    .iter()
                    .copied()
                    .filter(|one| *one != "CONNECT" || kind.may_connect())
                    .filter(|one| filter.operations.is_empty() || filter.operations.contains(one))
                    .collect();
                let rule = kind.resource_rule(&operations, alone);
                if !operations.is_empty() && !rules.contains(&rule) {
                    rules.push(rule);
                }
            }
        }
        merged(rules)
    }

    /// What resource rules leave open, said of `object`: where it does not hold, the rule does not speak.
    pub(crate) fn condition(&self, object: &str) -> Said<Formula> {
        let is_one = self.matched.filters.len() == 1;
        let plain = self.matched.condition(object, |_| false)?;
        let needs_kinds = (!is_one && plain != Formula::TRUE)
            || self.matched.kinds().any(Kind::needs_condition)
            || !self.matched.is_any;
        let matched = if needs_kinds {
            self.matched.condition(object, |_| true)?
        } else {
            plain
        };
        let Some(excluded) = &self.excluded else {
            return Ok(matched);
        };
        // What is written for controllers excludes controllers where the rule excludes Pods.
        let pods = self.is_pods_alone();
        let excluded = excluded.condition(object, |filter| {
            let only_pods = pods && !filter.kinds.is_empty() && filter.kinds.iter().all(Kind::is_pod);
            !(filter.kinds.is_empty() || only_pods) || !filter.operations.is_empty()
        })?;
        Ok(matched.and(excluded.not()))
    }
}

/// Rules that differ in resources alone, as one.
fn merged(rules: Vec<Value>) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    let same = |a: &Value, b: &Value| {
        ["apiGroups", "apiVersions", "operations"]
            .iter()
            .all(|field| a.get(field) == b.get(field))
    };
    for rule in rules {
        let place = out.iter_mut().find(|known| same(known, &rule));
        match place.and_then(|known| known.get_mut("resources")?.as_array_mut()) {
            Some(resources) => {
                for resource in list(&rule, "resources") {
                    if !resources.contains(resource) {
                        resources.push(resource.clone());
                    }
                }
            }
            None => out.push(rule),
        }
    }
    out
}
