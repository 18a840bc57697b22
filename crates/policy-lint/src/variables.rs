//! What an expression fails on where a field is absent.
//!
//! In: the syntax tree of an expression. Out: the chains of fields (`request.object.metadata.labels.app`) whose absence
//! makes the whole expression an error: alone, to the right of `&&`, or as an argument of a function that takes no null.
//! Kyverno's dialect turns an absent key into null nearly everywhere else: around `||`, in comparisons, pipes, projections.
//!
//! Spec: engine-and-cli §4.3.

use std::fmt;

use jmespath::{ArgumentType, Ast, Expression};

use crate::kubernetes::{Shape, Step};

/// A step of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Link {
    /// `.name`
    Key(String),
    /// `[n]`
    Element,
}

/// Fields one below the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chain(pub(crate) Vec<Link>);

/// A chain whose absence is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unguarded {
    pub(crate) chain: Chain,
    /// The function that is handed it, and what it takes; none if the chain is the expression's own value.
    pub(crate) argument_of: Option<(String, &'static [ArgumentType])>,
}

impl Chain {
    /// The chain below the field at `root` (`request.object`); none if it starts elsewhere.
    pub(crate) fn below(&self, root: &[&str]) -> Option<&[Link]> {
        let (start, rest) = self.0.split_at_checked(root.len())?;
        start
            .iter()
            .zip(root)
            .all(|(link, name)| matches!(link, Link::Key(key) if key == name))
            .then_some(rest)
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, link) in self.0.iter().enumerate() {
            match link {
                Link::Element => f.write_str("[0]")?,
                Link::Key(key) => {
                    let dot = if index == 0 { "" } else { "." };
                    let starts_plain =
                        key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
                    let is_plain = starts_plain
                        && key
                            .chars()
                            .all(|next| next.is_ascii_alphanumeric() || next == '_');
                    if is_plain {
                        write!(f, "{dot}{key}")?
                    } else {
                        write!(f, "{dot}\"{key}\"")?
                    }
                }
            }
        }
        Ok(())
    }
}

/// Every chain of `expression` whose absence is an error.
pub(crate) fn unguarded(expression: &Expression) -> Vec<Unguarded> {
    let mut found = Vec::new();
    walk(expression.tree(), true, &mut found);
    found
}

/// Every chain of `expression` that has a default: what stands left of `||`.
pub(crate) fn defaulted(expression: &Expression) -> Vec<Chain> {
    let mut found = Vec::new();
    defaults(expression.tree(), &mut found);
    found
}

/// Notes what stands left of `||` in a node. The depth of a tree is bounded by the parser.
fn defaults(node: &Ast, found: &mut Vec<Chain>) {
    match node {
        Ast::Or(left, right) => {
            found.extend(chain(left));
            defaults(left, found);
            defaults(right, found);
        }
        Ast::Pipe(left, right) | Ast::And(left, right) | Ast::Comparison(_, left, right) => {
            defaults(left, found);
            defaults(right, found);
        }
        Ast::Not(inner) | Ast::Flatten(inner) => defaults(inner, found),
        Ast::Projection(left, _)
        | Ast::ValueProjection(left, _)
        | Ast::Subexpression(left, _)
        | Ast::IndexExpression(left, _)
        | Ast::FilterProjection { left, .. } => defaults(left, found),
        Ast::Function(_, members) | Ast::MultiSelectList(members) => {
            members.iter().for_each(|member| defaults(member, found));
        }
        Ast::MultiSelectHash(members) => members.iter().for_each(|(_, member)| defaults(member, found)),
        Ast::Empty
        | Ast::Current
        | Ast::Reference(_)
        | Ast::Field(_)
        | Ast::Identity
        | Ast::Index(_)
        | Ast::Literal(_)
        | Ast::Slice(_) => {}
    }
}

/// The chain that a node is, if it is nothing else.
pub(crate) fn chain(node: &Ast) -> Option<Chain> {
    match node {
        Ast::Field(name) => Some(Chain(vec![Link::Key(name.clone())])),
        Ast::Index(_) => Some(Chain(vec![Link::Element])),
        Ast::Current | Ast::Identity => Some(Chain::default()),
        Ast::Subexpression(left, right) | Ast::IndexExpression(left, right) => {
            let (left, right) = (chain(left)?, chain(right)?);
            Some(Chain(left.0.into_iter().chain(right.0).collect()))
        }
        Ast::Empty
        | Ast::Comparison(..)
        | Ast::Reference(_)
        | Ast::Function(..)
        | Ast::FilterProjection { .. }
        | Ast::Flatten(_)
        | Ast::Literal(_)
        | Ast::MultiSelectHash(_)
        | Ast::MultiSelectList(_)
        | Ast::Or(..)
        | Ast::And(..)
        | Ast::Not(_)
        | Ast::Pipe(..)
        | Ast::Projection(..)
        | Ast::Slice(_)
        | Ast::ValueProjection(..) => None,
    }
}

/// Looks at nodes that are evaluated on the whole context. The depth of a tree is bounded by the parser.
fn walk(node: &Ast, propagates: bool, found: &mut Vec<Unguarded>) {
    match node {
        Ast::Field(_) | Ast::Subexpression(..) | Ast::IndexExpression(..) => match (chain(node), node) {
            (Some(chain), _) if propagates => found.push(Unguarded {
                chain,
                argument_of: None,
            }),
            (None, Ast::Subexpression(left, _) | Ast::IndexExpression(left, _)) => walk(left, false, found),
            (Some(_) | None, _) => {}
        },
        Ast::Pipe(left, _) | Ast::Projection(left, _) | Ast::ValueProjection(left, _) => {
            walk(left, false, found)
        }
        Ast::And(left, right) => {
            walk(left, false, found);
            walk(right, propagates, found);
        }
        Ast::Or(left, right) | Ast::Comparison(_, left, right) => {
            walk(left, false, found);
            walk(right, false, found);
        }
        Ast::Not(inner) => walk(inner, false, found),
        Ast::MultiSelectList(members) => members.iter().for_each(|member| walk(member, false, found)),
        Ast::MultiSelectHash(members) => members.iter().for_each(|(_, member)| walk(member, false, found)),
        Ast::Function(name, arguments) => call(name.as_deref().unwrap_or_default(), arguments, found),
        // Any error left of `[]` and `[?…]` is null.
        Ast::Flatten(_) | Ast::FilterProjection { .. } => {}
        Ast::Empty
        | Ast::Current
        | Ast::Reference(_)
        | Ast::Identity
        | Ast::Index(_)
        | Ast::Literal(_)
        | Ast::Slice(_) => {}
    }
}

fn call(name: &str, arguments: &[Ast], found: &mut Vec<Unguarded>) {
    let declared = jmespath::functions::find(name)
        .map(|function| function.arguments)
        .unwrap_or_default();
    for (index, argument) in arguments.iter().enumerate() {
        let takes = declared
            .get(index)
            .or(declared.last())
            .copied()
            .unwrap_or_default();
        match chain(argument) {
            Some(chain) if !takes.is_empty() && !takes.contains(&ArgumentType::Any) => {
                found.push(Unguarded {
                    chain,
                    argument_of: Some((name.to_owned(), takes)),
                });
            }
            Some(_) => {}
            None => walk(argument, false, found),
        }
    }
}

/// The shape at the end of `links`, if some field on the way may be absent; nothing where all are always there, or
/// nothing is known.
pub(crate) fn absent_in(start: Shape, links: &[Link]) -> Option<Shape> {
    let mut here = start;
    let mut may_be_absent = false;
    for link in links {
        match link {
            Link::Element => here = here.element()?,
            Link::Key(name) => match here.field(name) {
                Step::Found { shape, always } => {
                    may_be_absent |= !always;
                    here = shape;
                }
                Step::Missing | Step::Unknown => return None,
            },
        }
    }
    may_be_absent.then_some(here)
}

/// Where the elements of a loop come from: the chains that its list ends in, each of them a list.
pub(crate) fn lists(node: &Ast) -> Vec<Chain> {
    match node {
        Ast::Flatten(inner) | Ast::Projection(inner, _) | Ast::Pipe(inner, _) | Ast::Or(inner, _) => {
            if let Ast::Projection(_, right) = node
                && !matches!(**right, Ast::Identity)
            {
                return Vec::new();
            }
            lists(inner)
        }
        Ast::FilterProjection { left, right, .. } if matches!(**right, Ast::Identity) => lists(left),
        Ast::MultiSelectList(members) => members.iter().flat_map(lists).collect(),
        Ast::Subexpression(left, right) => match chain(left) {
            Some(start) => lists(right)
                .into_iter()
                .map(|end| Chain(start.0.iter().cloned().chain(end.0).collect()))
                .collect(),
            None => Vec::new(),
        },
        Ast::Field(_) | Ast::IndexExpression(..) => chain(node).into_iter().collect(),
        Ast::Empty
        | Ast::Comparison(..)
        | Ast::Current
        | Ast::Reference(_)
        | Ast::Function(..)
        | Ast::FilterProjection { .. }
        | Ast::Identity
        | Ast::Index(_)
        | Ast::Literal(_)
        | Ast::MultiSelectHash(_)
        | Ast::And(..)
        | Ast::Not(_)
        | Ast::Slice(_)
        | Ast::ValueProjection(..) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chains(text: &str) -> Vec<String> {
        unguarded(&Expression::compile(text).unwrap())
            .iter()
            .map(|found| found.chain.to_string())
            .collect()
    }

    #[test]
    fn an_absent_key_is_an_error_where_nothing_stands_for_it() {
        assert_eq!(chains("a.b.\"c/d\""), ["a.b.\"c/d\""]);
        assert_eq!(chains("a[0].b"), ["a[0].b"]);
        assert_eq!(chains("a && b.c"), ["b.c"]);
        assert_eq!(chains("length(a.b)"), ["a.b"]);
        assert_eq!(chains("to_upper(a.b) || ''"), ["a.b"]);
    }

    #[test]
    fn an_absent_key_is_null_around_the_rest() {
        for text in [
            "a.b || ''",
            "a.b == 'x'",
            "!a.b",
            "a.b | [0]",
            "a.b[].c",
            "a.b[*].c",
            "a.b[?c].d",
            "length(a.b || `[]`)",
            "to_string(a.b)",
            "[a.b, c]",
        ] {
            assert_eq!(chains(text), [] as [&str; 0], "{text}");
        }
    }

    #[test]
    fn the_lists_of_a_loop_are_found() {
        let found = |text: &str| -> Vec<String> {
            lists(Expression::compile(text).unwrap().tree())
                .iter()
                .map(ToString::to_string)
                .collect()
        };
        assert_eq!(
            found("request.object.spec.containers"),
            ["request.object.spec.containers"]
        );
        assert_eq!(
            found("request.object.spec.containers[]"),
            ["request.object.spec.containers"]
        );
        assert_eq!(
            found("request.object.spec.[initContainers, containers][]"),
            [
                "request.object.spec.initContainers",
                "request.object.spec.containers"
            ]
        );
        assert_eq!(found("request.object.spec.containers[].ports[]"), [] as [&str; 0]);
        assert_eq!(found("keys(a)"), [] as [&str; 0]);
    }
}
