//! Expressions, read once and evaluated many times.

use crate::environment::Environment;
use crate::error::EvaluationError;
use crate::evaluate::Evaluator;
use crate::limits::{Budget, Limits};
use crate::regular_expression::RegexCache;
use crate::syntax::{Ast, SyntaxError, parse};
use crate::term::Term;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// An expression. A clone shares everything.
#[derive(Clone)]
pub struct Expression {
    compiled: Arc<Compiled>,
}

struct Compiled {
    text: Box<str>,
    tree: Ast,
    regexes: RegexCache,
}

/// The fields of the root document that an expression may look at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RootNames {
    /// Their names
    pub names: BTreeSet<String>,
    /// Whether it may look at the document as a whole, and so at every field
    pub whole: bool,
}

impl Expression {
    /// Reads an expression. Unknown functions and wrong arguments are found when it is evaluated, as in Kyverno.
    ///
    /// # Errors
    /// [`SyntaxError`], with the place.
    pub fn compile(text: &str) -> Result<Self, SyntaxError> {
        let tree = parse(text)?;
        let compiled = Compiled {
            text: text.into(),
            tree,
            regexes: RegexCache::default(),
        };
        Ok(Self {
            compiled: Arc::new(compiled),
        })
    }

    /// The text it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.compiled.text
    }

    /// Its syntax tree; prints as `jp parse` does.
    #[must_use]
    pub fn tree(&self) -> &Ast {
        &self.compiled.tree
    }

    /// The fields of the root document it may look at, whatever the document is.
    #[must_use]
    pub fn root_names(&self) -> RootNames {
        let mut found = RootNames::default();
        if reach(self.tree(), Origin::Root, &mut found) == Origin::Root {
            found.whole = true;
        }
        found
    }

    /// Whether it may look at the value that stands at `path` in the root document, whatever the document is. `false` is
    /// certain: a reader may leave that value out.
    #[must_use]
    pub fn may_look_at(&self, path: &[&str]) -> bool {
        crate::reach::may_look_at(self.tree(), path)
    }

    /// The names of the functions it calls, known or not.
    #[must_use]
    pub fn function_names(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        collect_functions(self.tree(), &mut names);
        names
    }

    /// Its value for a document: a JSON value, or a [`Term::root`] that is looked up field by field.
    ///
    /// # Errors
    /// [`EvaluationError`]. A missing fact or a reached limit is never turned into a value on the way.
    pub fn evaluate<'a>(
        &'a self,
        root: impl Into<Term<'a>>,
        environment: &Environment<'_>,
        limits: Limits,
    ) -> Result<Term<'a>, EvaluationError> {
        let budget = Budget::new(limits);
        let evaluator = Evaluator {
            environment,
            budget: &budget,
            regexes: &self.compiled.regexes,
        };
        evaluator.run(self.tree(), &root.into())
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text()).finish()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Expression {}

/// What a part of an expression may yield.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// Maybe the root document itself
    Root,
    Elsewhere,
}

/// Notes the root fields that `node` may look at when it is evaluated on something of that origin.
fn reach(node: &Ast, input: Origin, found: &mut RootNames) -> Origin {
    let consume = |child: &Ast, input: Origin, found: &mut RootNames| {
        if reach(child, input, found) == Origin::Root {
            found.whole = true;
        }
    };
    match node {
        Ast::Field(name) => {
            if input == Origin::Root {
                found.names.insert(name.clone());
            }
            Origin::Elsewhere
        }
        Ast::Current | Ast::Identity => input,
        Ast::Subexpression(left, right) | Ast::Pipe(left, right) | Ast::IndexExpression(left, right) => {
            let left = reach(left, input, found);
            reach(right, left, found)
        }
        Ast::Or(left, right) | Ast::And(left, right) => {
            let (left, right) = (reach(left, input, found), reach(right, input, found));
            if left == Origin::Root { left } else { right }
        }
        Ast::Projection(left, right) | Ast::ValueProjection(left, right) => {
            consume(left, input, found);
            consume(right, Origin::Elsewhere, found);
            Origin::Elsewhere
        }
        Ast::FilterProjection {
            left,
            right,
            condition,
        } => {
            consume(left, input, found);
            consume(right, Origin::Elsewhere, found);
            consume(condition, Origin::Elsewhere, found);
            Origin::Elsewhere
        }
        Ast::Reference(inner) => {
            // it is applied to elements of an argument, but a function may be handed the document itself in a list
            consume(inner, Origin::Elsewhere, found);
            Origin::Elsewhere
        }
        Ast::Empty
        | Ast::Index(_)
        | Ast::Literal(_)
        | Ast::Slice(_)
        | Ast::Comparison(..)
        | Ast::Function(..)
        | Ast::Flatten(_)
        | Ast::MultiSelectHash(_)
        | Ast::MultiSelectList(_)
        | Ast::Not(_) => {
            for child in node.children() {
                consume(child, input, found);
            }
            Origin::Elsewhere
        }
    }
}

fn collect_functions<'t>(node: &'t Ast, names: &mut BTreeSet<&'t str>) {
    if let Ast::Function(Some(name), _) = node {
        names.insert(name);
    }
    for child in node.children() {
        collect_functions(child, names);
    }
}

#[cfg(test)]
mod tests;
