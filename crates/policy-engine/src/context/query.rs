//! One JMESPath expression, compiled once and evaluated in scopes.
//!
//! In: text; a scope or a value. Out: JSON, borrowed where the expression only points at something. The words of a
//! failure are Kyverno's; what a context entry failed with comes through unchanged, and nothing turns it into a value.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/context/evaluate.go.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;
use jmespath::{
    Document, Environment, EvaluationError, Expression, Hosts, Limits, LookupError, MAX_TREE_DEPTH, Term,
};
use serde_json::Value;

use super::scope::{Scope, View};
use crate::facts::{Fact, FactError, FactRequest, Halt};

/// An expression, and what it becomes on `DELETE`, where `request.object` means the old object.
#[derive(Debug, Clone)]
pub struct Query {
    text: String,
    expression: Expression,
    weight: usize,
    on_delete: Option<Box<Query>>,
}

/// What evaluating the shortest expression weighs.
const BASE_WEIGHT: usize = 8;

impl Query {
    /// Compiles an expression.
    ///
    /// # Errors
    /// Kyverno's text: `incorrect query <text>: <cause>`, or `invalid query (nil)` for a blank one.
    pub fn compile(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("invalid query (nil)".to_owned());
        }
        let on_delete = if text.contains("request.object") {
            Some(Box::new(Self::compile(
                &text.replace("request.object", "request.oldObject"),
            )?))
        } else {
            None
        };
        let expression = Expression::compile(text).map_err(|why| format!("incorrect query {text}: {why}"))?;
        let weight = weight_of(text);
        Ok(Self {
            text: text.to_owned(),
            expression,
            weight,
            on_delete,
        })
    }

    /// How deep the expression may be: a level takes at least one of the characters counted.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// The expression as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// As a variable of a rule: on `DELETE` looking at the old object.
    pub(super) fn as_variable(&self, view: View<'_>) -> &Self {
        match &self.on_delete {
            Some(on_delete) if view.is_delete() => on_delete,
            _ => self,
        }
    }

    /// The value in a scope.
    pub(super) fn search<'s>(&'s self, view: View<'s>) -> Result<Cow<'s, Value>, Halt> {
        let hosts = FactHosts(view);
        let environment = environment(view, &hosts);
        match view.unlimited() {
            Some(scope) => shown(
                self.expression
                    .evaluate(Term::root(scope), &environment, Limits::default()),
                view,
            ),
            None => {
                let found = self
                    .expression
                    .evaluate(Term::root(&view), &environment, Limits::default());
                shown(found, view).map(|value| Cow::Owned(value.into_owned()))
            }
        }
    }

    /// The value in JSON that stands alone.
    pub(super) fn search_in(&self, value: &Value, view: View<'_>) -> Result<Value, Halt> {
        let hosts = FactHosts(view);
        let found =
            self.expression
                .evaluate(Term::Json(value), &environment(view, &hosts), Limits::default());
        shown(found, view).map(Cow::into_owned)
    }
}

/// An upper bound of an expression's depth, from the marks that begin a level; what is quoted begins none.
fn weight_of(text: &str) -> usize {
    let mut marks = 0_usize;
    let mut quote: Option<u8> = None;
    let mut escaped = false;
    for byte in text.bytes() {
        match (quote, byte) {
            _ if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"' | b'`') => quote = Some(byte),
            (None, b'.' | b'[' | b'(' | b'{' | b'|' | b'&' | b'!' | b'<' | b'=' | b'>') => marks += 1,
            (None, _) => {}
        }
    }
    BASE_WEIGHT + marks.min(MAX_TREE_DEPTH)
}

/// The value of an expression in JSON that stands alone, with no request around it: there it is the start of 1970, and no
/// host has addresses.
///
/// # Errors
/// The text of what went wrong.
pub fn search_plain(expression: &Expression, value: &Value) -> Result<Value, String> {
    let environment = Environment::at(Timestamp::UNIX_EPOCH, 0);
    let found = expression.evaluate(Term::Json(value), &environment, Limits::default());
    found
        .map_err(|why| why.to_string())?
        .to_json()
        .map_err(|why| why.to_string())
}

/// A result as JSON, a failure in Kyverno's words.
fn shown<'t>(found: Result<Term<'t>, EvaluationError>, view: View<'_>) -> Result<Cow<'t, Value>, Halt> {
    match found {
        Ok(Term::Json(value)) => Ok(Cow::Borrowed(value)),
        Ok(made) => made
            .to_json()
            .map(Cow::Owned)
            .map_err(|why| Halt::Failed(why.to_string())),
        // an entry that can't be loaded speaks for itself
        Err(EvaluationError::Lookup(why)) => Err(lookup_halt(why)),
        Err(why @ EvaluationError::Limit(_)) => {
            Err(view.budget().exceeded(format!("JMESPath query failed: {why}")))
        }
        Err(why) => Err(Halt::Failed(format!("JMESPath query failed: {why}"))),
    }
}

fn environment<'e>(view: View<'e>, hosts: &'e FactHosts<'_>) -> Environment<'e> {
    let request = view.request().request();
    // a time outside of what a timestamp holds is no time a request can arrive at
    let now = Timestamp::from_nanosecond(request.at_ns).unwrap_or(Timestamp::UNIX_EPOCH);
    Environment {
        now,
        random_seed: request.random_seed,
        hosts,
        default_registry: view.request().registry(),
    }
}

/// Why a lookup stopped, as the engine says it.
pub(super) fn lookup_halt(error: LookupError) -> Halt {
    match error {
        LookupError::Pending => Halt::Pending,
        LookupError::Failed(why) => Halt::Failed(why),
    }
}

fn lookup_error(halt: Halt) -> LookupError {
    match halt {
        Halt::Pending => LookupError::Pending,
        Halt::Failed(why) => LookupError::Failed(why),
    }
}

impl Document for Scope<'_> {
    fn field<'a>(&'a self, name: &str) -> Result<Option<Term<'a>>, LookupError> {
        View::from(self).field(name).map_err(lookup_error)
    }

    fn whole<'a>(&'a self) -> Result<Term<'a>, LookupError> {
        View::from(self).whole().map_err(lookup_error)
    }
}

impl Document for View<'_> {
    fn field<'a>(&'a self, name: &str) -> Result<Option<Term<'a>>, LookupError> {
        View::field(*self, name).map_err(lookup_error)
    }

    fn whole<'a>(&'a self) -> Result<Term<'a>, LookupError> {
        View::whole(*self).map_err(lookup_error)
    }
}

/// Addresses of hosts, asked for as facts.
struct FactHosts<'s>(View<'s>);

impl Hosts for FactHosts<'_> {
    fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, LookupError> {
        let question = FactRequest::HostAddresses {
            host: host.to_owned(),
        };
        let unknown = || LookupError::Failed(format!("lookup {host}: no such host"));
        match self.0.ground().facts.ask(&question) {
            None => Err(LookupError::Pending),
            Some(Ok(Fact::Json(addresses))) => {
                let listed = addresses.as_array().ok_or_else(unknown)?;
                let parsed = listed
                    .iter()
                    .map(|address| address.as_str().and_then(|text| text.parse().ok()));
                parsed.collect::<Option<Vec<_>>>().ok_or_else(unknown)
            }
            Some(Err(FactError::Failed(why) | FactError::Absent(why))) => {
                Err(LookupError::Failed(why.clone()))
            }
            Some(
                Ok(Fact::Findings(_) | Fact::Digest(_))
                | Err(FactError::NoLoader(_) | FactError::Image { .. }),
            ) => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_of_texts_weighs_little_and_a_deep_expression_much() {
        assert_eq!(weight_of("a"), BASE_WEIGHT);
        assert_eq!(weight_of("a.b[0]"), BASE_WEIGHT + 2);
        let list = format!("contains([{}], x)", "'a.b[c]\\'d', ".repeat(500));
        assert_eq!(weight_of(&list), BASE_WEIGHT + 2);
        assert_eq!(weight_of(&"[".repeat(10_000)), BASE_WEIGHT + MAX_TREE_DEPTH);
    }
}
