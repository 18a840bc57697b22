//! What the expressions of a kind of policy may name.

use std::sync::OnceLock;

use policy_cel::{Environment, EnvironmentBuilder, Payload, Scope, Type};

/// A kind of expression, with its variables and functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `ValidatingPolicy`, or its namespaced form.
    ValidatingPolicy(Scope),
    /// `ImageValidatingPolicy`, or its namespaced form.
    ImageValidatingPolicy(Scope, Payload),
    /// `matchImageReferences` of an `ImageValidatingPolicy`.
    ImageReference,
    /// `validate.cel` of a classic rule, Kubernetes' `ValidatingAdmissionPolicy`, `matchConditions` of a webhook.
    Admission {
        /// Whether `params` is declared.
        params: bool,
    },
}

/// How many dialects there are.
const DIALECTS: usize = 9;

impl Dialect {
    /// The environment that expressions are compiled in, made once.
    #[must_use]
    pub fn environment(self) -> Environment {
        static MADE: [OnceLock<Environment>; DIALECTS] = [const { OnceLock::new() }; DIALECTS];
        match MADE.get(self.number()) {
            Some(made) => made.get_or_init(|| self.builder().build()).clone(),
            None => self.builder().build(),
        }
    }

    fn builder(self) -> EnvironmentBuilder {
        match self {
            Self::ValidatingPolicy(scope) => Environment::validating_policy(scope),
            Self::ImageValidatingPolicy(scope, payload) => {
                Environment::image_validating_policy(scope, payload)
            }
            Self::ImageReference => Environment::image_reference(),
            Self::Admission { params } => {
                // `.orValue()` on what is no optional gives the value itself: cel-go does so where types are known only while
                // running, and published policies lean on it.
                let builder = Environment::admission()
                    .library(policy_cel::Library::Authorizer)
                    .library(policy_cel::Library::TolerantOrValue);
                if params {
                    builder.variable("params", Type::Dyn)
                } else {
                    builder
                }
            }
        }
    }

    fn number(self) -> usize {
        match self {
            Self::ValidatingPolicy(Scope::Cluster) => 0,
            Self::ValidatingPolicy(Scope::Namespaced) => 1,
            Self::ImageValidatingPolicy(Scope::Cluster, Payload::Kubernetes) => 2,
            Self::ImageValidatingPolicy(Scope::Cluster, Payload::Json) => 3,
            Self::ImageValidatingPolicy(Scope::Namespaced, Payload::Kubernetes) => 4,
            Self::ImageValidatingPolicy(Scope::Namespaced, Payload::Json) => 5,
            Self::ImageReference => 6,
            Self::Admission { params: false } => 7,
            Self::Admission { params: true } => 8,
        }
    }
}
