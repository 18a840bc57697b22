//! The tree, walked over a value.
//!
//! In: a tree, a value, the environment, a budget. Out: a value that borrows from the tree and the document, or an error.
//! Pure and bounded: recursion by the depth of the tree, work by the budget.
//!
//! Where a key that is not found becomes null, as in Kyverno: operands of comparators, `||`, `!`, the left of `&&`;
//! function arguments; every stage of a pipe; members of multi-selects; the left and the elements of projections.
//! Where it stays an error: `a.b`, `a[0]`, the right of `&&`, and so the whole expression. The left of `[]`, `[?…]` and
//! `.*` turns any error into null, except missing facts and limits, which nothing does.
//!
//! Behaviour: kyverno/go-jmespath interpreter.go

mod projection;

use crate::call::{Apply, Call, Outcome};
use crate::environment::Environment;
use crate::error::EvaluationError;
use crate::functions;
use crate::limits::Budget;
use crate::regular_expression::RegexCache;
use crate::syntax::{Ast, Comparator};
use crate::term::{Term, View};
use std::collections::BTreeMap;

/// One evaluation.
pub(crate) struct Evaluator<'c> {
    pub(crate) environment: &'c Environment<'c>,
    pub(crate) budget: &'c Budget,
    pub(crate) regexes: &'c RegexCache,
}

/// A key that is not found is null.
fn lenient(outcome: Outcome<'_>) -> Outcome<'_> {
    match outcome {
        Err(error) if error.is_not_found() => Ok(Term::Null),
        other => other,
    }
}

/// Any error is null, but for missing facts and limits.
fn forgiving(outcome: Outcome<'_>) -> Outcome<'_> {
    match outcome {
        Err(error) if !error.is_fatal() => Ok(Term::Null),
        other => other,
    }
}

/// A value that can be looked into: the root document becomes the object it is.
fn whole(term: Term<'_>) -> Outcome<'_> {
    if let Term::Root(document) = term {
        Ok(document.whole()?)
    } else {
        Ok(term)
    }
}

impl<'c> Evaluator<'c> {
    /// The value of the whole expression.
    pub(crate) fn run<'a>(&self, tree: &'a Ast, root: &Term<'a>) -> Outcome<'a> {
        self.value(tree, root).and_then(whole)
    }

    fn value<'a>(&self, node: &'a Ast, value: &Term<'a>) -> Outcome<'a> {
        self.budget.step(1)?;
        match node {
            Ast::Empty => Err(EvaluationError::EmptyNode),
            Ast::Current | Ast::Identity => Ok(value.clone()),
            Ast::Literal(literal) => Ok(Term::Json(literal)),
            Ast::Reference(expression) => Ok(Term::Expression(expression)),
            Ast::Field(name) => field(value, name),
            Ast::Subexpression(left, right) | Ast::IndexExpression(left, right) => {
                let left = self.value(left, value)?;
                self.value(right, &left)
            }
            Ast::Pipe(left, right) => {
                let left = lenient(self.value(left, value))?;
                lenient(self.value(right, &left))
            }
            Ast::Or(left, right) => {
                let left = self.operand(left, value)?;
                if left.is_false() {
                    lenient(self.value(right, value))
                } else {
                    Ok(left)
                }
            }
            Ast::And(left, right) => {
                let left = self.operand(left, value)?;
                if left.is_false() {
                    Ok(left)
                } else {
                    self.value(right, value)
                }
            }
            Ast::Not(operand) => Ok(Term::Bool(self.operand(operand, value)?.is_false())),
            Ast::Comparison(comparator, left, right) => {
                let left = self.operand(left, value)?;
                let right = self.operand(right, value)?;
                self.compare(*comparator, &left, &right)
            }
            Ast::Function(name, arguments) => self.call(name.as_deref(), arguments, value),
            Ast::Index(index) => Ok(projection::element(value, *index)),
            Ast::Slice(parts) => self.slice(value, parts),
            Ast::MultiSelectList(items) => self.multi_select_list(items, value),
            Ast::MultiSelectHash(members) => self.multi_select_hash(members, value),
            Ast::Flatten(left) => self.flatten(left, value),
            Ast::Projection(left, right) => self.projection(left, right, value),
            Ast::ValueProjection(left, right) => self.value_projection(left, right, value),
            Ast::FilterProjection {
                left,
                right,
                condition,
            } => self.filter(left, right, condition, value),
        }
    }

    /// A value that is looked at; a key that is not found is null.
    fn operand<'a>(&self, node: &'a Ast, value: &Term<'a>) -> Outcome<'a> {
        lenient(self.value(node, value)).and_then(whole)
    }

    fn multi_select_list<'a>(&self, items: &'a [Ast], value: &Term<'a>) -> Outcome<'a> {
        if value.is_null() {
            return Ok(Term::Null);
        }
        self.budget.elements(items.len())?;
        let items = items.iter().map(|item| self.operand(item, value));
        items.collect::<Result<Vec<_>, _>>().map(Term::array)
    }

    fn multi_select_hash<'a>(&self, members: &'a [(String, Ast)], value: &Term<'a>) -> Outcome<'a> {
        if value.is_null() {
            return Ok(Term::Null);
        }
        self.budget.elements(members.len())?;
        let members = members
            .iter()
            .map(|(key, member)| Ok((key.clone(), self.operand(member, value)?)));
        members
            .collect::<Result<BTreeMap<_, _>, EvaluationError>>()
            .map(Term::object)
    }

    fn call<'a>(&self, name: Option<&str>, arguments: &'a [Ast], value: &Term<'a>) -> Outcome<'a> {
        let name = name.ok_or(EvaluationError::NotCallable)?;
        let arguments = arguments.iter().map(|argument| self.operand(argument, value));
        let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
        let function = functions::find(name).ok_or_else(|| EvaluationError::UnknownFunction(name.into()))?;
        function.check(&arguments)?;
        (function.run)(&Call {
            function,
            arguments: &arguments,
            evaluator: self,
            environment: self.environment,
            budget: self.budget,
            regexes: self.regexes,
        })
    }

    /// Equality of any values; order of numbers only, anything else being null.
    fn compare<'a>(&self, comparator: Comparator, left: &Term<'a>, right: &Term<'a>) -> Outcome<'a> {
        let ordered = |holds: fn(f64, f64) -> bool| match (left.as_number(), right.as_number()) {
            (Some(left), Some(right)) => Term::Bool(holds(left, right)),
            _ => Term::Null,
        };
        Ok(match comparator {
            Comparator::Equal => Term::Bool(left.equals(right, self.budget)?),
            Comparator::NotEqual => Term::Bool(!left.equals(right, self.budget)?),
            Comparator::Less => ordered(|left, right| left < right),
            Comparator::LessOrEqual => ordered(|left, right| left <= right),
            Comparator::Greater => ordered(|left, right| left > right),
            Comparator::GreaterOrEqual => ordered(|left, right| left >= right),
        })
    }
}

impl<'a> Apply<'a> for Evaluator<'_> {
    fn apply(&self, expression: &Term<'a>, value: Term<'a>) -> Outcome<'a> {
        lenient(self.apply_strictly(expression, value))
    }

    fn apply_strictly(&self, expression: &Term<'a>, value: Term<'a>) -> Outcome<'a> {
        let Term::Expression(tree) = expression else {
            return Err(EvaluationError::UnknownType);
        };
        self.value(tree, &value).and_then(whole)
    }
}

fn field<'a>(value: &Term<'a>, name: &str) -> Outcome<'a> {
    let found = match (value, value.view()) {
        (Term::Root(document), _) => document.field(name)?,
        (_, View::Object(members)) => members.get(name),
        _ => return Ok(Term::Null),
    };
    found.ok_or_else(|| EvaluationError::NotFound(name.into()))
}
