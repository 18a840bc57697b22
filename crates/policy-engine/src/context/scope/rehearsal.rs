//! A scope for tests: a request, facts, and what is asked for in vain.

use std::collections::BTreeSet;
use std::sync::Arc;

use image_reference::DefaultRegistry;
use serde_json::{Value, json};

use super::{RuleIdentity, Scope};
use crate::context::{ContextEntries, RequestDocument};
use crate::facts::{Asker, Fact, FactError, FactRequest, FactView, Facts};
use crate::request::{Operation, Origin, Request, User};

/// What a test evaluates in.
pub(crate) struct Rehearsal {
    pub(crate) request: Request,
    pub(crate) facts: Facts,
    pub(crate) asker: Asker,
    context: Value,
}

impl Rehearsal {
    /// A request to create `object`.
    pub(crate) fn of(object: Value) -> Self {
        let request = Request::from_object(Arc::new(object), Origin::CommandLine, 0);
        Self {
            request,
            facts: Facts::default(),
            asker: Asker::default(),
            context: Value::Null,
        }
    }

    /// A request to create nothing in particular.
    pub(crate) fn plain() -> Self {
        Self::of(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}}))
    }

    pub(crate) fn under(mut self, operation: Operation) -> Self {
        self.request = self.request.under_operation(operation);
        self
    }

    /// With objects that mutate targets may mean.
    pub(crate) fn with_targets(mut self, targets: &[Arc<Value>]) -> Self {
        self.request.targets = targets.into();
        self
    }

    pub(crate) fn by(mut self, username: &str) -> Self {
        let user = User {
            info: json!({ "username": username }),
            ..User::default()
        };
        self.request.user = Some(Arc::new(user));
        self
    }

    /// With these context entries.
    pub(crate) fn with(mut self, context: Value) -> Self {
        self.context = context;
        self
    }

    /// Asked by the policy of one namespace.
    pub(crate) fn for_tenant(mut self, namespace: &str) -> Self {
        self.asker.policy_namespace = Some(namespace.to_owned());
        self
    }

    pub(crate) fn knowing(mut self, question: FactRequest, answer: Result<Value, FactError>) -> Self {
        self.facts
            .insert(question, answer.map(|value| Fact::Json(Arc::new(value))));
        self
    }

    /// What `act` gives in the scope, and what it asked for in vain.
    pub(crate) fn asking<T>(&self, act: impl FnOnce(&Scope<'_>) -> T) -> (T, BTreeSet<FactRequest>) {
        let registry = DefaultRegistry::default();
        let entries = ContextEntries::compile(&self.context).expect("context entries");
        let document = RequestDocument::new(&self.request, &registry);
        let view = FactView::new(&self.facts);
        let identity = RuleIdentity {
            policy: "policy",
            rule: "rule",
            asker: self.asker.clone(),
        };
        let given = act(&Scope::new(&document, &view, &entries, identity));
        (given, view.into_wanted())
    }

    /// What `act` gives in the scope; everything it asks for must be known.
    pub(crate) fn run<T>(&self, act: impl FnOnce(&Scope<'_>) -> T) -> T {
        let (given, wanted) = self.asking(act);
        assert!(wanted.is_empty(), "asked for {wanted:?}");
        given
    }
}
