//! One string with its variables replaced, round after round.

use std::borrow::Cow;

use serde_json::Value;

use super::{Text, Variable, VariableQuery, unescape};
use crate::context::budget::{MAX_FOUND_VARIABLES, MAX_ROUNDS, MAX_STRING_BYTES};
use crate::context::scope::View;
use crate::context::{JsonPath, Query, json_text, placeholders};
use crate::facts::Halt;

impl Text {
    pub(super) fn substitute<'s>(&'s self, view: View<'s>, at: &JsonPath) -> Result<Cow<'s, Value>, Halt> {
        if let [only] = self.variables.as_slice()
            && only.span == (0..self.written.len())
        {
            return only.look_up(view, at);
        }
        let (mut text, shallow) = interpolate(&self.written, view, at, &self.variables)?;
        if shallow {
            return Ok(Cow::Owned(Value::String(unescape(&text))));
        }
        let mut bytes = text.len();
        let mut left = MAX_FOUND_VARIABLES;
        for _ in 0..MAX_ROUNDS {
            let variables = match found_variables(&text, view, at, &mut left)? {
                Found::None => return Ok(Cow::Owned(Value::String(unescape(&text)))),
                Found::Whole(variable) => return Ok(Cow::Owned(variable.look_up(view, at)?.into_owned())),
                Found::Some(variables) => variables,
            };
            let (next, shallow) = interpolate(&text, view, at, &variables)?;
            bytes = bytes.saturating_add(next.len());
            if bytes > MAX_STRING_BYTES {
                let why = format!(
                    "the text at path {} expands to more than {MAX_STRING_BYTES} bytes",
                    at.as_str()
                );
                return Err(view.budget().exceeded(why));
            }
            text = next;
            if shallow {
                return Ok(Cow::Owned(Value::String(unescape(&text))));
            }
        }
        Err(view.budget().exceeded(format!(
            "variables at path {} are not resolved after {MAX_ROUNDS} rounds",
            at.as_str()
        )))
    }
}

enum Found {
    None,
    Whole(Variable),
    Some(Vec<Variable>),
}

/// The variables of a text that came of an earlier round; draws them from what is `left`.
fn found_variables(text: &str, view: View<'_>, at: &JsonPath, left: &mut usize) -> Result<Found, Halt> {
    let spans = placeholders::variables(text);
    let Some(still) = left.checked_sub(spans.len()) else {
        let why = format!(
            "the text at path {} expands to more than {MAX_FOUND_VARIABLES} variables",
            at.as_str()
        );
        return Err(view.budget().exceeded(why));
    };
    *left = still;
    let mut variables = Vec::with_capacity(spans.len());
    for span in spans {
        let (expression, shallow) = placeholders::expression_of(text.get(span.clone()).unwrap_or_default());
        let query = match expression.as_str() {
            "@" => VariableQuery::SamePlace,
            expression => VariableQuery::Query(Box::new(Query::compile(expression).map_err(|why| {
                Halt::Failed(format!(
                    "failed to resolve {expression} at path {}: {why}",
                    at.as_str()
                ))
            })?)),
        };
        variables.push(Variable { span, shallow, query });
    }
    Ok(match variables.pop() {
        None => Found::None,
        Some(only) if variables.is_empty() && only.span == (0..text.len()) => Found::Whole(only),
        Some(last) => {
            variables.push(last);
            Found::Some(variables)
        }
    })
}

/// Writes the values of variables into a text; gives also whether the last of them was shallow.
fn interpolate(
    text: &str,
    view: View<'_>,
    at: &JsonPath,
    variables: &[Variable],
) -> Result<(String, bool), Halt> {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    let mut pending = false;
    for variable in variables {
        let value = match variable.look_up(view, at) {
            Ok(value) => value,
            Err(Halt::Pending) => {
                pending = true;
                continue;
            }
            Err(_) if pending => return Err(Halt::Pending),
            Err(failed @ Halt::Failed(_)) => return Err(failed),
        };
        view.budget().take_expanded(json_text::size(&value))?;
        let shown = value
            .as_str()
            .map_or_else(|| Cow::Owned(json_text::compact(&value)), Cow::Borrowed);
        out.push_str(text.get(done..variable.span.start).unwrap_or_default());
        if variable.shallow {
            out.push_str(&shown.replace("{{", "\\{{"))
        } else {
            out.push_str(&shown)
        }
        done = variable.span.end;
    }
    if pending {
        return Err(Halt::Pending);
    }
    out.push_str(text.get(done..).unwrap_or_default());
    view.budget().take_expanded(text.len())?;
    Ok((out, variables.last().is_some_and(|variable| variable.shallow)))
}

impl Variable {
    fn look_up<'s>(&'s self, view: View<'s>, at: &JsonPath) -> Result<Cow<'s, Value>, Halt> {
        view.budget().take_lookup()?;
        match &self.query {
            VariableQuery::SamePlace => {
                let query = Query::compile(&at.in_object("request.object")).map_err(Halt::Failed)?;
                search(&query, view, at).map(|value| Cow::Owned(value.into_owned()))
            }
            VariableQuery::Query(query) => search(query, view, at),
        }
    }
}

fn search<'s>(query: &'s Query, view: View<'s>, at: &JsonPath) -> Result<Cow<'s, Value>, Halt> {
    let query = query.as_variable(view);
    view.search(query).map_err(|halt| match halt {
        Halt::Pending => Halt::Pending,
        Halt::Failed(cause) => Halt::Failed(format!(
            "failed to resolve {} at path {}: {cause}",
            query.text(),
            at.as_str()
        )),
    })
}
