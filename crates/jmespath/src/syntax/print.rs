//! The syntax tree as text, one node a line, as `kyverno jp parse` prints it.

use super::ast::{Ast, Comparator};
use scalars::numbers::{format_v, go_quote};
use serde_json::Value;
use std::fmt;

/// What a node is printed as: its name and the value it carries.
struct Line {
    name: &'static str,
    value: Option<String>,
}

impl fmt::Display for Ast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_node(f, self, 0)
    }
}

fn write_node(f: &mut fmt::Formatter<'_>, node: &Ast, indent: usize) -> fmt::Result {
    let line = line_of(node);
    write_open(f, &line, indent)?;
    let children_at = indent.saturating_add(4);
    if let Ast::MultiSelectHash(members) = node {
        if !members.is_empty() {
            writeln!(f, "{:1$}children: {{", "", indent.saturating_add(2))?;
        }
        for (key, value) in members {
            let line = Line {
                name: "ASTKeyValPair",
                value: Some(go_quote(key)),
            };
            write_open(f, &line, children_at)?;
            writeln!(f, "{:1$}children: {{", "", children_at.saturating_add(2))?;
            write_node(f, value, children_at.saturating_add(4))?;
            writeln!(f, "{:1$}}}", "", children_at)?;
        }
    } else {
        let children = node.children();
        if !children.is_empty() {
            writeln!(f, "{:1$}children: {{", "", indent.saturating_add(2))?;
        }
        // a filter keeps its condition last, behind what it takes from the elements
        for child in children {
            write_node(f, child, children_at)?;
        }
    }
    writeln!(f, "{:indent$}}}", "")
}

fn write_open(f: &mut fmt::Formatter<'_>, line: &Line, indent: usize) -> fmt::Result {
    writeln!(f, "{:indent$}{} {{", "", line.name)?;
    match &line.value {
        Some(value) => writeln!(f, "{:1$}value: {value}", "", indent.saturating_add(2)),
        None => Ok(()),
    }
}

fn line_of(node: &Ast) -> Line {
    let (name, value) = match node {
        Ast::Empty => ("ASTEmpty", None),
        Ast::Comparison(comparator, ..) => ("ASTComparator", Some(comparator_name(*comparator).to_owned())),
        Ast::Current => ("ASTCurrentNode", None),
        Ast::Reference(_) => ("ASTExpRef", None),
        Ast::Function(name, _) => ("ASTFunctionExpression", name.as_deref().map(go_quote)),
        Ast::Field(name) => ("ASTField", Some(go_quote(name))),
        Ast::FilterProjection { .. } => ("ASTFilterProjection", None),
        Ast::Flatten(_) => ("ASTFlatten", None),
        Ast::Identity => ("ASTIdentity", None),
        Ast::Index(index) => ("ASTIndex", Some(index.to_string())),
        Ast::IndexExpression(..) => ("ASTIndexExpression", None),
        Ast::Literal(value) => ("ASTLiteral", (!value.is_null()).then(|| go_syntax(value))),
        Ast::MultiSelectHash(_) => ("ASTMultiSelectHash", None),
        Ast::MultiSelectList(_) => ("ASTMultiSelectList", None),
        Ast::Or(..) => ("ASTOrExpression", None),
        Ast::And(..) => ("ASTAndExpression", None),
        Ast::Not(_) => ("ASTNotExpression", None),
        Ast::Pipe(..) => ("ASTPipe", None),
        Ast::Projection(..) => ("ASTProjection", None),
        Ast::Subexpression(..) => ("ASTSubexpression", None),
        Ast::Slice(parts) => ("ASTSlice", Some(slice_syntax(parts))),
        Ast::ValueProjection(..) => ("ASTValueProjection", None),
    };
    Line { name, value }
}

fn comparator_name(comparator: Comparator) -> &'static str {
    match comparator {
        Comparator::Equal => "tEQ",
        Comparator::NotEqual => "tNE",
        Comparator::Less => "tLT",
        Comparator::LessOrEqual => "tLTE",
        Comparator::Greater => "tGT",
        Comparator::GreaterOrEqual => "tGTE",
    }
}

/// The three parts of a slice; Kyverno prints addresses of memory in their place.
fn slice_syntax(parts: &[Option<i64>; 3]) -> String {
    let text =
        |part: &Option<i64>| part.map_or_else(|| "(*int)(nil)".to_owned(), |number| number.to_string());
    format!(
        "[]*int{{{}}}",
        parts.iter().map(text).collect::<Vec<_>>().join(", ")
    )
}

/// A value as Go's `%#v` prints it.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => format_v(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => go_quote(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            let pair = |(key, value): &(&String, &Value)| format!("{}:{}", go_quote(key), go_syntax(value));
            let members: Vec<String> = members.iter().map(pair).collect();
            format!("map[string]interface {{}}{{{}}}", members.join(", "))
        }
    }
}
