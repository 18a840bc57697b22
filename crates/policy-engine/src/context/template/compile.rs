//! Templates compiled: references resolved, variables found and read, all faults at once.

use serde_json::{Map, Value};

use super::{Key, MAX_TEMPLATE_DEPTH, Node, Text, Variable, VariableQuery, unescape};
use crate::compile_error::CompileError;
use crate::context::budget::MAX_ROUNDS;
use crate::context::references::Leaves;
use crate::context::{JsonPath, Query, json_text, placeholders};

/// Compiles a value that stands at `at`.
pub(super) fn node(value: &Value, at: &JsonPath) -> Result<Node, Vec<CompileError>> {
    let mut compiler = Compiler {
        leaves: Leaves::of(value, at, MAX_TEMPLATE_DEPTH + 1),
        faults: Vec::new(),
    };
    let node = compiler.node(value, at, "");
    if compiler.faults.is_empty() {
        Ok(node)
    } else {
        Err(compiler.faults)
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
