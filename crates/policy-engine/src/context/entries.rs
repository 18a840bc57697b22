//! Context entries: named values that a rule computes or asks the world for.
//!
//! In: `context` of a rule or a loop. Out: entries in order, each loaded when a variable names it. What it needs from
//! outside it asks for as a [`FactRequest`]; where nothing answers such questions the entry is
//! absent, as if it had not been declared.
//! Never: lets the policy of one namespace read another's. Each loader is checked (`confinement`), not each caller.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/context/loaders, pkg/engine/apicall.

mod calls;
mod compile;
mod confinement;
mod lookups;
mod variable;

use std::sync::Arc;

use serde_json::Value;

use super::json_text;
use super::query::Query;
use super::scope::{View, merge_over};
use super::template::Template;
use crate::compile_error::CompileError;
use crate::facts::{Fact, FactError, FactRequest, Halt};

/// The entries of one `context` list.
#[derive(Debug, Clone, Default)]
pub struct ContextEntries(Vec<Entry>);

/// One entry.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    name: String,
    loader: Loader,
}

#[derive(Debug, Clone)]
enum Loader {
    Variable(variable::Variable),
    ConfigMap(lookups::ConfigMap),
    KubernetesCall(calls::KubernetesCall),
    ServiceCall(calls::ServiceCall),
    ImageRegistry(lookups::ImageRegistry),
    GlobalReference(lookups::GlobalReference),
}

/// What loading the simplest entry weighs.
const BASE_WEIGHT: usize = 16;
/// How the failures of loaders begin: each loader says one of these whatever went wrong.
const LOADING_FAILURES: [&str; 5] = [
    "failed to retrieve config map for context entry",
    "failed to fetch data for APICall",
    "failed to store data for APICall",
    "failed to fetch image descriptor",
    "failed to marshal APICall data for context entry",
];

/// Whether a failure says that the world did not answer, not that the object is shaped otherwise than expected. Where the
/// source leaves something out because it can't be evaluated, it must not be left out for this reason.
#[must_use]
pub fn is_loading_failure(why: &str) -> bool {
    LOADING_FAILURES.iter().any(|begin| why.contains(begin))
}

/// What an entry came to.
#[derive(Debug, Clone)]
pub(super) enum Loaded {
    Value(Value),
    Shared(Arc<Value>),
    /// Nothing here can load it
    Absent,
}

/// An expression applied to what was loaded.
#[derive(Debug, Clone)]
enum Projection {
    Fixed(Box<Query>),
    /// With variables in it
    Text(Template),
}

impl ContextEntries {
    /// Compiles a `context` list; null is the empty list.
    ///
    /// # Errors
    /// Every fault of every entry.
    pub fn compile(list: &Value) -> Result<Self, Vec<CompileError>> {
        compile::entries(list).map(Self)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Entry::name)
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.0.iter()
    }
}

impl Entry {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// How deep loading it is, apart from the expressions it evaluates.
    pub(super) fn weight(&self) -> usize {
        let templates: Vec<&Template> = match &self.loader {
            Loader::Variable(variable) => variable.value.iter().chain(&variable.default).collect(),
            Loader::KubernetesCall(loader) => loader.call.data.iter().map(|(_, value)| value).collect(),
            Loader::ServiceCall(loader) => loader.call.data.iter().map(|(_, value)| value).collect(),
            // of texts alone
            Loader::ConfigMap(_) | Loader::ImageRegistry(_) | Loader::GlobalReference(_) => Vec::new(),
        };
        BASE_WEIGHT + templates.into_iter().map(Template::weight).max().unwrap_or(0)
    }

    /// Loads the entry; `view` sees what was declared before it.
    pub(super) fn load(&self, view: View<'_>) -> Result<Loaded, Halt> {
        if self.is_given(view)? {
            return Ok(Loaded::Absent);
        }
        let loaded = match &self.loader {
            Loader::Variable(variable) => return variable.load(&self.name, view),
            Loader::ConfigMap(loader) => loader.load(&self.name, view)?,
            Loader::KubernetesCall(loader) => loader.load(&self.name, view)?,
            Loader::ServiceCall(loader) => loader.load(&self.name, view)?,
            Loader::ImageRegistry(loader) => loader.load(&self.name, view)?,
            Loader::GlobalReference(loader) => loader.load(&self.name, view)?,
        };
        self.merged(loaded, view)
    }

    /// Whether a file gives the value that the entry would ask the world for: then the world is not asked.
    fn is_given(&self, view: View<'_>) -> Result<bool, Halt> {
        let asks_the_world = !matches!(self.loader, Loader::Variable(_));
        Ok(asks_the_world && !view.request().request().given.is_empty() && view.field(&self.name)?.is_some())
    }

    /// Counts a loaded value, and merges it over one of the same name.
    fn merged(&self, loaded: Loaded, view: View<'_>) -> Result<Loaded, Halt> {
        let value = match &loaded {
            Loaded::Absent => return Ok(Loaded::Absent),
            Loaded::Value(value) => value,
            Loaded::Shared(value) => value.as_ref(),
        };
        view.budget().take_context(json_text::size(value))?;
        let Value::Object(fields) = value else {
            return Ok(loaded);
        };
        match view.field(&self.name)? {
            Some(existing) => merge_over(Some(existing), fields).map(Loaded::Value),
            None => Ok(loaded),
        }
    }
}

impl Projection {
    /// The expression, its variables replaced.
    fn query(
        &self,
        view: View<'_>,
        what: impl FnOnce() -> String,
    ) -> Result<std::borrow::Cow<'_, Query>, Halt> {
        match self {
            Self::Fixed(query) => Ok(std::borrow::Cow::Borrowed(query)),
            Self::Text(template) => {
                let substituted = template.substitute_text(view, &super::JsonPath::root());
                let text = substituted.and_then(|text| {
                    text.map_err(|other| {
                        Halt::Failed(format!("expected string, got {}", json_text::type_name(&other)))
                    })
                });
                let text = text.map_err(|halt| halt.within(&what()))?;
                Query::compile(&text)
                    .map(std::borrow::Cow::Owned)
                    .map_err(Halt::Failed)
            }
        }
    }
}

/// A text of an entry, its variables replaced. `what` begins the text of a failure.
fn text_of(template: &Template, at: &str, view: View<'_>, what: &str) -> Result<String, Halt> {
    let path = super::JsonPath::parse(at);
    let text = template
        .substitute_text(view, &path)
        .map_err(|halt| halt.within(what))?;
    text.map_err(|other| {
        Halt::Failed(format!(
            "{what}: expected string, got {}",
            json_text::type_name(&other)
        ))
    })
}

/// The answer to a question: JSON, or `None` where nothing answers such questions.
fn ask(request: &FactRequest, view: View<'_>) -> Result<Option<Arc<Value>>, Halt> {
    match view.ground().facts.ask(request) {
        None => Err(Halt::Pending),
        Some(Ok(Fact::Json(value))) => Ok(Some(Arc::clone(value))),
        Some(Ok(Fact::Findings(_) | Fact::Digest(_))) => Err(Halt::Failed(
            "the answer is not the JSON that was asked for".to_owned(),
        )),
        Some(Err(FactError::NoLoader(_))) => Ok(None),
        Some(Err(error)) => Err(Halt::Failed(error.cause().to_owned())),
    }
}

#[cfg(test)]
mod tests;
