//! JSON of a rule with variables in its strings, compiled once.
//!
//! In: the rule's JSON. Out: a [`Template`]; with a scope, the JSON with every variable replaced. What holds no variable is
//! kept ready and costs nothing. A string that is one variable becomes what the variable is, of any type; otherwise
//! values are written into the string, and the result is searched again, so that variables may nest.
//! Never: unbounded. Rounds, bytes and lookups come out of the scope's [`Budget`](super::budget::Budget).
//!
//! Behaviour: Kyverno 1.19 pkg/engine/variables/vars.go.

mod compile;
mod expand;
mod substitute;

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use super::json_path::JsonPath;
use super::json_text;
use super::query::Query;
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
        compile::node(value, at).map(|node| Self { node })
    }

    /// A template of a text.
    ///
    /// # Errors
    /// As [`Template::compile`].
    pub fn of_text(text: &str) -> Result<Self, Vec<CompileError>> {
        Self::compile(&Value::String(text.to_owned()))
    }

    /// How deep its JSON is.
    pub(super) fn weight(&self) -> usize {
        self.node.depth()
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

/// A text with `\{{` unescaped.
fn unescape(text: &str) -> String {
    text.replace("\\{{", "{{")
}

#[cfg(test)]
mod tests;
