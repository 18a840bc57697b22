//! JSON of a rule with variables in its strings, compiled once.
//!
//! In: the rule's JSON. Out: a [`Template`]; with a scope, the JSON with every variable replaced. What holds no variable is
//! kept ready and costs nothing. A string that is one variable becomes what the variable is, of any type; otherwise
//! values are written into the string, and the result is searched again, so that variables may nest.
//! Never: unbounded. Rounds, bytes and lookups come out of the scope's [`Budget`](super::budget::Budget).
//!
//! Behaviour: Kyverno 1.19 pkg/engine/variables/vars.go.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::{Map, Value};

use super::budget::{MAX_FOUND_VARIABLES, MAX_ROUNDS, MAX_STRING_BYTES};
use super::json_path::JsonPath;
use super::json_text;
use super::placeholders;
use super::query::Query;
use super::references::Leaves;
use super::scope::View;
use crate::compile_error::CompileError;
use crate::facts::Halt;

/// Levels of nesting a template may have.
pub const MAX_TEMPLATE_DEPTH: usize = 100;

/// JSON whose strings may hold variables.
#[derive(Debug, Clone)]
pub struct Template {
    node: Node,
}

#[derive(Debug, Clone)]
enum Node {
    Static(Value),
    Text(Text),
    List(Vec<Node>),
    /// Sorted by key as written
    Map(Vec<(Key, Node)>),
}

#[derive(Debug, Clone)]
struct Key {
    written: String,
    /// With variables in it
    text: Option<Text>,
}

/// A string with variables.
#[derive(Debug, Clone)]
struct Text {
    /// References resolved, `\{{` still escaped
    written: String,
    variables: Vec<Variable>,
}

#[derive(Debug, Clone)]
struct Variable {
    span: Range<usize>,
    /// Its value is not searched for further variables
    shallow: bool,
    query: VariableQuery,
}

#[derive(Debug, Clone)]
enum VariableQuery {
    /// `{{@}}`: this very place in the object
    SamePlace,
    Query(Box<Query>),
}

impl Template {
    /// Compiles JSON that is substituted as a document of its own.
    ///
    /// # Errors
    /// Every reference that can't be resolved, every variable that is no JMESPath, nesting beyond [`MAX_TEMPLATE_DEPTH`].
    pub fn compile(value: &Value) -> Result<Self, Vec<CompileError>> {
        Self::compile_at(value, &JsonPath::root())
    }

    /// Compiles JSON that is substituted as the part `at` of a larger document.
    ///
    /// # Errors
    /// As [`Template::compile`].
    pub fn compile_at(value: &Value, at: &JsonPath) -> Result<Self, Vec<CompileError>> {
        if json_text::is_deeper_than(value, MAX_TEMPLATE_DEPTH) {
            let fault = CompileError::new("", format!("nested deeper than {MAX_TEMPLATE_DEPTH} levels"));
            return Err(vec![fault]);
        }
        let mut compiler = Compiler {
            leaves: Leaves::of(value, at, MAX_TEMPLATE_DEPTH + 1),
            faults: Vec::new(),
        };
        let node = compiler.node(value, at, "");
        if compiler.faults.is_empty() {
            Ok(Self { node })
        } else {
            Err(compiler.faults)
        }
    }

    /// A template of a text.
    ///
    /// # Errors
    /// As [`Template::compile`].
    pub fn of_text(text: &str) -> Result<Self, Vec<CompileError>> {
        Self::compile(&Value::String(text.to_owned()))
    }

    /// The value itself, if it holds no variable.
    #[must_use]
    pub fn as_static(&self) -> Option<&Value> {
        match &self.node {
            Node::Static(value) => Some(value),
            Node::Text(_) | Node::List(_) | Node::Map(_) => None,
        }
    }

    /// The JSON with every variable replaced; `at` is where the template stands in the document that errors speak of.
    ///
    /// # Errors
    /// [`Halt::Pending`] after asking for every fact that is missing; else the first variable that can't be resolved, as
    /// `failed to resolve <expr> at path <path>: <cause>`.
    pub fn substitute<'s>(
        &'s self,
        scope: impl Into<View<'s>>,
        at: &JsonPath,
    ) -> Result<Cow<'s, Value>, Halt> {
        self.node.substitute(scope.into(), at)
    }

    /// As [`Template::substitute`], but text is wanted.
    ///
    /// # Errors
    /// As [`Template::substitute`]; the value that is no text is given back as `Ok(Err(value))`.
    pub fn substitute_text<'s>(
        &'s self,
        scope: impl Into<View<'s>>,
        at: &JsonPath,
    ) -> Result<Result<String, Value>, Halt> {
        Ok(match self.substitute(scope, at)?.into_owned() {
            Value::String(text) => Ok(text),
            other
            @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Err(other)
            }
        })
    }
}

struct Compiler<'v> {
    leaves: Leaves<'v>,
    faults: Vec<CompileError>,
}

impl Compiler<'_> {
    /// `field` is the place as Kubernetes writes it, for faults.
    fn node(&mut self, value: &Value, at: &JsonPath, field: &str) -> Node {
        match value {
            Value::String(text) => match self.text(text, at, field) {
                Ok(text) => Node::Text(text),
                Err(plain) => Node::Static(Value::String(plain)),
            },
            Value::Array(items) => {
                let nodes: Vec<_> = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.node(item, &at.index(index), &format!("{field}[{index}]")))
                    .collect();
                if nodes.iter().any(|node| !matches!(node, Node::Static(_))) {
                    return Node::List(nodes);
                }
                Node::Static(Value::Array(
                    nodes.into_iter().filter_map(Node::into_static).collect(),
                ))
            }
            Value::Object(fields) => self.map(fields, at, field),
            Value::Null | Value::Bool(_) | Value::Number(_) => Node::Static(value.clone()),
        }
    }

    fn map(&mut self, fields: &Map<String, Value>, at: &JsonPath, field: &str) -> Node {
        let mut entries = Vec::with_capacity(fields.len());
        for (key, item) in json_text::sorted(fields) {
            let inner = if field.is_empty() {
                key.clone()
            } else {
                format!("{field}.{key}")
            };
            let key = match self.text(key, at, &inner) {
                Ok(text) => Key {
                    written: key.clone(),
                    text: Some(text),
                },
                Err(plain) => Key {
                    written: plain,
                    text: None,
                },
            };
            let node = self.node(item, &at.field(&key.written), &inner);
            entries.push((key, node));
        }
        if entries
            .iter()
            .any(|(key, node)| key.text.is_some() || !matches!(node, Node::Static(_)))
        {
            return Node::Map(entries);
        }
        let plain = entries
            .into_iter()
            .filter_map(|(key, node)| Some((key.written, node.into_static()?)));
        Node::Static(Value::Object(plain.collect()))
    }

    /// A string with variables, or the plain string it is.
    fn text(&mut self, text: &str, at: &JsonPath, field: &str) -> Result<Text, String> {
        let written = match self.leaves.resolve(text, at) {
            Ok(written) => written,
            Err(why) => {
                self.faults.push(CompileError::new(field, why));
                return Err(String::new());
            }
        };
        let spans = placeholders::variables(&written);
        if spans.is_empty() {
            return Err(unescape(&written));
        }
        self.check_nested(&written, field);
        let variables = spans.into_iter().filter_map(|span| {
            let (expression, shallow) = placeholders::expression_of(written.get(span.clone())?);
            let query = match expression.as_str() {
                "@" => VariableQuery::SamePlace,
                // faults were noted above
                expression => VariableQuery::Query(Box::new(Query::compile(expression).ok()?)),
            };
            Some(Variable { span, shallow, query })
        });
        let variables = variables.collect();
        Ok(Text { written, variables })
    }

    /// Checks every variable of a string as JMESPath, outer ones with the inner ones taken as null.
    fn check_nested(&mut self, written: &str, field: &str) {
        let mut text = written.to_owned();
        for _ in 0..MAX_ROUNDS {
            let spans = placeholders::variables(&text);
            let mut next = String::new();
            let mut done = 0;
            for span in &spans {
                let (expression, _) = placeholders::expression_of(text.get(span.clone()).unwrap_or_default());
                if expression != "@"
                    && let Err(why) = Query::compile(&expression)
                {
                    self.faults.push(CompileError::new(field, why));
                }
                next.push_str(text.get(done..span.start).unwrap_or_default());
                next.push_str("null");
                done = span.end;
            }
            if spans.is_empty() {
                return;
            }
            next.push_str(text.get(done..).unwrap_or_default());
            text = next;
        }
        self.faults.push(CompileError::new(
            field,
            format!("variables nest deeper than {MAX_ROUNDS} levels"),
        ));
    }
}

impl Node {
    fn into_static(self) -> Option<Value> {
        match self {
            Self::Static(value) => Some(value),
            Self::Text(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    fn substitute<'s>(&'s self, view: View<'s>, at: &JsonPath) -> Result<Cow<'s, Value>, Halt> {
        match self {
            Self::Static(value) => Ok(Cow::Borrowed(value)),
            Self::Text(text) => text.substitute(view, at),
            Self::List(nodes) => {
                let mut parts = Parts::default();
                for (index, node) in nodes.iter().enumerate() {
                    parts.add(view, node.substitute(view, &at.index(index)))?;
                }
                Ok(Cow::Owned(Value::Array(parts.finish()?)))
            }
            Self::Map(entries) => {
                let mut parts = Parts::default();
                let mut keys = Vec::with_capacity(entries.len());
                for (key, node) in entries {
                    match key.substitute(view, at) {
                        Ok(key) => keys.push(key),
                        Err(halt) => parts.stop(halt)?,
                    }
                    parts.add(view, node.substitute(view, &at.field(&key.written)))?;
                }
                Ok(Cow::Owned(Value::Object(
                    keys.into_iter().zip(parts.finish()?).collect(),
                )))
            }
        }
    }
}

/// The parts of a list or map as they are substituted: a missing fact does not keep the others from being asked for.
#[derive(Default)]
struct Parts {
    values: Vec<Value>,
    pending: bool,
}

impl Parts {
    fn add(&mut self, view: View<'_>, part: Result<Cow<'_, Value>, Halt>) -> Result<(), Halt> {
        match part {
            Ok(Cow::Owned(value)) => self.values.push(value),
            Ok(Cow::Borrowed(value)) => {
                view.budget().take_expanded(json_text::size(value))?;
                self.values.push(value.clone());
            }
            Err(halt) => self.stop(halt)?,
        }
        Ok(())
    }

    /// A failure counts only where nothing before it is still open.
    fn stop(&mut self, halt: Halt) -> Result<(), Halt> {
        if self.pending {
            return Err(Halt::Pending);
        }
        match halt {
            Halt::Pending => {
                self.pending = true;
                Ok(())
            }
            failed @ Halt::Failed(_) => Err(failed),
        }
    }

    fn finish(self) -> Result<Vec<Value>, Halt> {
        if self.pending {
            Err(Halt::Pending)
        } else {
            Ok(self.values)
        }
    }
}

impl Key {
    fn substitute(&self, view: View<'_>, at: &JsonPath) -> Result<String, Halt> {
        let Some(text) = &self.text else {
            return Ok(self.written.clone());
        };
        match text.substitute(view, at)?.into_owned() {
            Value::String(key) => Ok(key),
            Value::Null => Ok(self.written.clone()),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Err(Halt::Failed(format!(
                    "expected string after substituting variables in key \"{}\"",
                    self.written
                )))
            }
        }
    }
}

impl Text {
    fn substitute<'s>(&'s self, view: View<'s>, at: &JsonPath) -> Result<Cow<'s, Value>, Halt> {
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
            let variables = match found_variables(&text, at, &mut left)? {
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
                return Err(Halt::Failed(why));
            }
            text = next;
            if shallow {
                return Ok(Cow::Owned(Value::String(unescape(&text))));
            }
        }
        Err(Halt::Failed(format!(
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
fn found_variables(text: &str, at: &JsonPath, left: &mut usize) -> Result<Found, Halt> {
    let spans = placeholders::variables(text);
    let Some(still) = left.checked_sub(spans.len()) else {
        let why = format!(
            "the text at path {} expands to more than {MAX_FOUND_VARIABLES} variables",
            at.as_str()
        );
        return Err(Halt::Failed(why));
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

fn unescape(text: &str) -> String {
    text.replace("\\{{", "{{")
}

#[cfg(test)]
mod tests;
