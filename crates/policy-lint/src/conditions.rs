//! Every condition of a rule, with its path and what it decides.

use manifest::FieldPath;
use policy_types::kyverno_io::conditions::{AnyAllConditions, Condition, Conditions};
use policy_types::kyverno_io::mutation::ForEachMutation;
use policy_types::kyverno_io::rule::Rule;
use policy_types::kyverno_io::validation::ForEachValidation;

/// A list of conditions of a rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site<'r> {
    pub(crate) conditions: Block<'r>,
    /// Whether it is `deny`, and not `preconditions`.
    pub(crate) denies: bool,
    /// The list whose elements the conditions speak of; none outside of loops.
    pub(crate) list: Option<&'r str>,
}

/// Conditions in either form.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Block<'r> {
    /// `preconditions` or `deny.conditions` of a rule.
    Open(&'r Conditions),
    /// Those of a loop, which have `any` and `all` alone.
    Blocks(&'r AnyAllConditions),
}

impl<'r> Block<'r> {
    /// Each condition with its path below `path`.
    pub(crate) fn each(self, path: &FieldPath) -> Vec<(&'r Condition, FieldPath)> {
        let blocks = match self {
            Self::Open(Conditions::List(list)) => {
                return list
                    .iter()
                    .enumerate()
                    .map(|(index, one)| (one, path.index(index)))
                    .collect();
            }
            Self::Open(Conditions::Blocks(blocks)) | Self::Blocks(blocks) => blocks,
        };
        let mut found = Vec::new();
        for (name, list) in [("any", &blocks.any), ("all", &blocks.all)] {
            let listed = list.iter().flatten().enumerate();
            found.extend(listed.map(|(index, one)| (one, path.key(name).index(index))));
        }
        found
    }
}

/// Every list of conditions of `rule` over the request; those over attestations are not among them.
pub(crate) fn sites<'r>(rule: &'r Rule, path: &FieldPath) -> Vec<(Site<'r>, FieldPath)> {
    let mut found = Vec::new();
    let mut open = |conditions: Option<&'r Conditions>, denies, path: FieldPath| {
        found.extend(conditions.map(|written| {
            (
                Site {
                    conditions: Block::Open(written),
                    denies,
                    list: None,
                },
                path,
            )
        }));
    };
    open(rule.preconditions.as_ref(), false, path.key("preconditions"));
    let validate = path.key("validate");
    if let Some(deny) = rule
        .validate
        .as_ref()
        .and_then(|validation| validation.deny.as_ref())
    {
        open(
            deny.conditions.as_ref(),
            true,
            validate.key("deny").key("conditions"),
        );
    }
    let loops = rule
        .validate
        .iter()
        .flat_map(|validation| &validation.foreach)
        .enumerate();
    for (index, foreach) in loops {
        in_loop(foreach, &validate.key("foreach").index(index), &mut found);
    }
    let loops = rule
        .mutate
        .iter()
        .flat_map(|mutation| &mutation.foreach)
        .enumerate();
    for (index, foreach) in loops {
        in_mutating_loop(
            foreach,
            &path.key("mutate").key("foreach").index(index),
            &mut found,
        );
    }
    found
}

/// The conditions of a loop and of the loops in it. Recursion is bounded by the depth of the document.
fn in_loop<'r>(foreach: &'r ForEachValidation, path: &FieldPath, found: &mut Vec<(Site<'r>, FieldPath)>) {
    let list = Some(&*foreach.list);
    if let Some(written) = &foreach.preconditions {
        found.push((
            Site {
                conditions: Block::Blocks(written),
                denies: false,
                list,
            },
            path.key("preconditions"),
        ));
    }
    if let Some(written) = foreach.deny.as_ref().and_then(|deny| deny.conditions.as_ref()) {
        let path = path.key("deny").key("conditions");
        found.push((
            Site {
                conditions: Block::Open(written),
                denies: true,
                list,
            },
            path,
        ));
    }
    for (index, inner) in foreach.foreach.iter().enumerate() {
        in_loop(inner, &path.key("foreach").index(index), found);
    }
}

fn in_mutating_loop<'r>(
    foreach: &'r ForEachMutation,
    path: &FieldPath,
    found: &mut Vec<(Site<'r>, FieldPath)>,
) {
    let list = Some(&*foreach.list);
    if let Some(written) = &foreach.preconditions {
        found.push((
            Site {
                conditions: Block::Blocks(written),
                denies: false,
                list,
            },
            path.key("preconditions"),
        ));
    }
    for (index, inner) in foreach.foreach.iter().enumerate() {
        in_mutating_loop(inner, &path.key("foreach").index(index), found);
    }
}
