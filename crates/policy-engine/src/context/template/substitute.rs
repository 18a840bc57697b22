//! A template with its variables replaced, part by part.

use std::borrow::Cow;

use serde_json::Value;

use super::{Key, Node};
use crate::context::scope::View;
use crate::context::{JsonPath, json_text};
use crate::facts::Halt;

impl Node {
    /// Levels that are walked when it is substituted.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::Static(_) | Self::Text(_) => 1,
            Self::List(nodes) => 1 + nodes.iter().map(Self::depth).max().unwrap_or(0),
            Self::Map(entries) => 1 + entries.iter().map(|(_, node)| node.depth()).max().unwrap_or(0),
        }
    }

    pub(super) fn into_static(self) -> Option<Value> {
        match self {
            Self::Static(value) => Some(value),
            Self::Text(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    pub(super) fn substitute<'s>(&'s self, view: View<'s>, at: &JsonPath) -> Result<Cow<'s, Value>, Halt> {
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
