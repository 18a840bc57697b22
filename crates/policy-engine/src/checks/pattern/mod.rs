//! `validate.pattern`: an object drawn as it should be, with wildcards, comparisons and anchors.
//!
//! In: a pattern, compiled once where it holds no variable; a scope; a resource. Out: nothing where the resource is as
//! drawn, else one [`Failure`].
//!
//!     JSON ─▶ Template ─▶ (variables replaced) ─▶ tree ─▶ matcher over the resource
//!
//! Behaviour: Kyverno 1.19 pkg/engine/validate, pkg/engine/anchor, pkg/engine/pattern.

mod tree;
mod matcher;

use serde_json::Value;

use crate::compile_error::CompileError;
use crate::context::{JsonPath, Scope, Template};
use crate::facts::Halt;
pub use matcher::{Failure, Meaning};
pub use tree::MAX_PATTERN_DEPTH;
use tree::Node;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern(Form);

#[derive(Debug, Clone)]
enum Form {
    /// Without variables: ready, and its JSON is gone
    Fixed(Node),
    /// Made ready each time
    Variable(Box<Template>),
}

/// A pattern whose variables have been replaced.
#[derive(Debug)]
pub struct ReadyPattern<'p>(Ready<'p>);

#[derive(Debug)]
enum Ready<'p> {
    Fixed(&'p Node),
    Made(Node),
}

impl Pattern {
    /// Compiles a pattern that stands as part `at` of the document whose variables are replaced together.
    ///
    /// # Errors
    /// Faults of variables and references, nesting beyond [`MAX_PATTERN_DEPTH`].
    pub fn compile(pattern: &Value, at: &JsonPath) -> Result<Self, Vec<CompileError>> {
        let template = Template::compile_at(pattern, at)?;
        let form = match template.as_static() {
            Some(pattern) => Form::Fixed(Node::compile(pattern).map_err(|fault| vec![fault])?),
            None => Form::Variable(Box::new(template)),
        };
        Ok(Self(form))
    }

    /// Replaces the variables.
    ///
    /// # Errors
    /// As [`Template::substitute`].
    pub fn ready(&self, scope: &Scope<'_>, at: &JsonPath) -> Result<ReadyPattern<'_>, Halt> {
        let template = match &self.0 {
            Form::Fixed(node) => return Ok(ReadyPattern(Ready::Fixed(node))),
            Form::Variable(template) => template,
        };
        let value = template.substitute(scope, at)?;
        let node = Node::compile(&value).map_err(|fault| Halt::Failed(fault.to_string()))?;
        Ok(ReadyPattern(Ready::Made(node)))
    }
}

impl ReadyPattern<'_> {
    /// Compares a resource with the pattern.
    ///
    /// # Errors
    /// The first mismatch, with what follows from it.
    pub fn compare(&self, resource: &Value) -> Result<(), Failure> {
        match &self.0 {
            Ready::Fixed(node) => matcher::compare(resource, node),
            Ready::Made(node) => matcher::compare(resource, node),
        }
    }
}

/// Compares a resource with a pattern that holds no variables: a condition of a strategic merge patch.
///
/// # Errors
/// The first mismatch; a pattern nested too deeply is one that can't be told.
pub fn compare_plain(resource: &Value, pattern: &Value) -> Result<(), Failure> {
    match Node::compile(pattern) {
        Ok(node) => matcher::compare(resource, &node),
        Err(fault) => Err(Failure {
            meaning: Meaning::Error,
            text: fault.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests;
