//! Conditions compiled: the form told apart, operators read, all faults at once.

use serde_json::Value;

use super::super::operator::ConditionOperator;
use super::{Block, Condition, Form};
use crate::compile_error::CompileError;
use crate::context::{JsonPath, Template};

type Faults = Vec<CompileError>;

pub(super) fn form(conditions: &Value) -> Result<Form, Faults> {
    match conditions {
        Value::Null => Ok(Form::Block(Block::default())),
        Value::Object(_) => block(conditions, &JsonPath::root()).map(Form::Block),
        Value::Array(items) if items.iter().any(is_block) => {
            each(items, |index, item| block(item, &JsonPath::root().index(index))).map(Form::Blocks)
        }
        Value::Array(items) => each(items, |index, item| {
            condition(item, &JsonPath::root().index(index))
        })
        .map(Form::List),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(vec![CompileError::new(
            "",
            "expected a list of conditions, or `any` and `all`",
        )]),
    }
}

fn is_block(item: &Value) -> bool {
    item.get("any").is_some() || item.get("all").is_some()
}

fn block(value: &Value, at: &JsonPath) -> Result<Block, Faults> {
    let mut faults = Vec::new();
    for field in value.as_object().into_iter().flatten().map(|(key, _)| key) {
        if !matches!(field.as_str(), "any" | "all") {
            faults.push(CompileError::new(field, "expected `any` or `all`"));
        }
    }
    let mut part = |field: &str| match value.get(field) {
        None | Some(Value::Null) => None,
        Some(Value::Array(items)) => {
            let at = at.field(field);
            match each(items, |index, item| condition(item, &at.index(index))) {
                Ok(conditions) => Some(conditions),
                Err(inner) => {
                    faults.extend(inner.into_iter().map(|fault| fault.under(field)));
                    None
                }
            }
        }
        Some(_) => {
            faults.push(CompileError::new(field, "expected a list of conditions"));
            None
        }
    };
    let block = Block {
        any: part("any"),
        all: part("all").unwrap_or_default(),
    };
    if faults.is_empty() { Ok(block) } else { Err(faults) }
}

fn condition(item: &Value, at: &JsonPath) -> Result<Condition, Faults> {
    let mut faults = Vec::new();
    let mut side = |field: &str| {
        let value = item.get(field).filter(|value| !value.is_null());
        let Some(value) = value else {
            faults.push(CompileError::new(
                field,
                format!("entered value of `{field}` is missing"),
            ));
            return None;
        };
        match Template::compile(value) {
            Ok(template) => Some(template),
            Err(inner) => {
                faults.extend(inner.into_iter().map(|fault| fault.under(field)));
                None
            }
        }
    };
    let (key, value) = (side("key"), side("value"));
    let message = item
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let message_template = side_of_message(&message, &mut faults);
    let written = item.get("operator").and_then(Value::as_str).unwrap_or_default();
    let operator = ConditionOperator::parse(written);
    if operator.is_none() {
        faults.push(CompileError::new(
            "operator",
            format!("entered value of `operator` is invalid: `{written}`"),
        ));
    }
    match (key, value, operator, message_template) {
        (Some(key), Some(value), Some(operator), Some(message_template)) if faults.is_empty() => {
            Ok(Condition {
                key,
                value,
                operator,
                message,
                message_template,
                at: at.clone(),
            })
        }
        _ => Err(faults),
    }
}

fn side_of_message(message: &str, faults: &mut Faults) -> Option<Template> {
    match Template::of_text(message) {
        Ok(template) => Some(template),
        Err(inner) => {
            faults.extend(inner.into_iter().map(|fault| fault.under("message")));
            None
        }
    }
}

fn each<T>(items: &[Value], compile: impl Fn(usize, &Value) -> Result<T, Faults>) -> Result<Vec<T>, Faults> {
    let mut compiled = Vec::with_capacity(items.len());
    let mut faults = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match compile(index, item) {
            Ok(value) => compiled.push(value),
            Err(inner) => faults.extend(inner.into_iter().map(|fault| fault.under(&format!("[{index}]")))),
        }
    }
    if faults.is_empty() {
        Ok(compiled)
    } else {
        Err(faults)
    }
}
