//! `mutate.targets`: other objects that a rule changes when its trigger is judged.
//!
//! In: the targets of a rule, compiled; the objects that may be changed (the command line hands them in). Out: each one
//! that is meant, changed. Under admission there are none: existing objects are not changed there.
//!
//! Behaviour: Kyverno 1.19 `pkg/engine/handlers/mutation/mutate_existing.go`; spec: engine-and-cli §6.

use std::sync::Arc;

use scalars::wildcard;
use serde_json::{Map, Value};

use super::super::conditions::Conditions;
use crate::compile_error::{CompileError, collect};
use crate::context::{ContextEntries, JsonPath, Scope, Template};
use crate::facts::Halt;
use crate::selection::{LabelSelector, string_map};

/// Changes one object, or leaves it as it is.
pub(super) type ChangeOne<'c> = dyn Fn(&Scope<'_>, &Value) -> Result<Option<Value>, Halt> + 'c;

/// One compiled target.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// `apiVersion`, `kind`, `name`, `namespace`, with variables.
    identity: Template,
    selector: Option<LabelSelector>,
    context: ContextEntries,
    preconditions: Option<Conditions>,
    at: JsonPath,
}

/// Compiles `targets`; none is the empty list.
pub(super) fn compile(mutate: &Value) -> Result<Vec<Target>, Vec<CompileError>> {
    let mut errors = Vec::new();
    let listed = mutate.get("targets").and_then(Value::as_array);
    let mut targets = Vec::new();
    for (index, written) in listed.into_iter().flatten().enumerate() {
        targets.extend(collect(
            Target::compile(written, index),
            &format!("targets[{index}]"),
            &mut errors,
        ));
    }
    if errors.is_empty() {
        Ok(targets)
    } else {
        Err(errors)
    }
}

impl Target {
    fn compile(written: &Value, index: usize) -> Result<Self, Vec<CompileError>> {
        let mut errors = Vec::new();
        let identity: Map<String, Value> = ["apiVersion", "kind", "name", "namespace"]
            .iter()
            .filter_map(|field| Some(((*field).to_owned(), written.get(field)?.clone())))
            .collect();
        let at = JsonPath::parse("/mutate/targets").index(index);
        let identity = collect(
            Template::compile_at(&Value::Object(identity), &at),
            "",
            &mut errors,
        );
        let present = |field: &str| written.get(field).filter(|value| !value.is_null());
        let selector = present("selector").and_then(|written| {
            let compiled = LabelSelector::compile(written).map_err(|error| vec![error]);
            collect(compiled, "selector", &mut errors)
        });
        let context = present("context").unwrap_or(&Value::Null);
        let context = collect(ContextEntries::compile(context), "context", &mut errors);
        let preconditions = present("preconditions")
            .and_then(|written| collect(Conditions::compile(written), "preconditions", &mut errors));
        match (identity, context) {
            (Some(identity), Some(context)) if errors.is_empty() => Ok(Self {
                identity,
                selector,
                context,
                preconditions,
                at,
            }),
            _ => Err(errors),
        }
    }

    /// The objects that are meant, whose preconditions hold, each with what `change` makes of it.
    pub(super) fn changed(&self, scope: &Scope<'_>, change: &ChangeOne<'_>) -> Result<Vec<Arc<Value>>, Halt> {
        let identity = self.identity.substitute(scope, &self.at)?;
        let mut changed = Vec::new();
        for object in scope
            .request()
            .request()
            .targets
            .iter()
            .filter(|object| self.means(&identity, object))
        {
            let variables = Map::from_iter([("target".to_owned(), (**object).clone())]);
            let bound = scope.merged(&variables);
            let own = bound.with_entries(&self.context);
            if let Some(preconditions) = &self.preconditions
                && !preconditions.evaluate(&own)?.met
            {
                continue;
            }
            changed.extend(change(&own, object)?.map(Arc::new));
        }
        Ok(changed)
    }

    fn means(&self, identity: &Value, object: &Value) -> bool {
        let wanted = |field: &str| {
            identity
                .get(field)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let found = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let fits = |field: &str, pointer: &str| {
            wanted(field).is_none_or(|pattern| wildcard::matches(pattern, found(pointer)))
        };
        let labels = object.pointer("/metadata/labels");
        fits("apiVersion", "/apiVersion")
            && fits("kind", "/kind")
            && fits("name", "/metadata/name")
            && fits("namespace", "/metadata/namespace")
            && self
                .selector
                .as_ref()
                .is_none_or(|selector| selector.matches(&string_map(labels)))
    }
}
