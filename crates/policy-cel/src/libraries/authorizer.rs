//! Kubernetes' `authorizer`: whether someone may do something, as facts.
//!
//! `authorizer.group('').resource('pods').namespace('x').check('get').allowed()`. Source: Kubernetes
//! `apiserver/pkg/cel/library/authz.go`.

use std::any::Any;

use super::arguments::{opaque, string};
use crate::context::Context;
use crate::declaration::{Declared, function};
use crate::error::EvalError;
use crate::host::{Authorization, Question};
use crate::types::Type;
use crate::value::{Map, Opaque, Value};

type Result<'v> = std::result::Result<Value<'v>, EvalError>;

/// Rows of a step that narrows a check of a resource
macro_rules! narrowing {
    ($name:literal, $field:ident) => {
        function(
            $name,
            "kubernetes.authorization.ResourceCheck.(string) -> kubernetes.authorization.ResourceCheck",
            |_, a| stepped(a, Stage::Resource, |check, text| check.$field = text.into()),
        )
    };
}

pub(crate) const FUNCTIONS: &[Declared] = &[
    function(
        "path",
        "kubernetes.authorization.Authorizer.(string) -> kubernetes.authorization.PathCheck",
        |_, a| {
            if string(a, 1)?.is_empty() {
                return Err(EvalError::failed("path must not be empty"));
            }
            stepped(a, Stage::Path, |check, text| check.path = Some(text.to_owned()))
        },
    ),
    function(
        "group",
        "kubernetes.authorization.Authorizer.(string) -> kubernetes.authorization.GroupCheck",
        |_, a| stepped(a, Stage::Group, |check, text| text.clone_into(&mut check.group)),
    ),
    function(
        "serviceAccount",
        "kubernetes.authorization.Authorizer.(string, string) -> kubernetes.authorization.Authorizer",
        |_, a| {
            let name = string(a, 2)?.to_owned();
            stepped(a, Stage::Authorizer, |check, namespace| {
                check.service_account = Some((namespace.to_owned(), name));
            })
        },
    ),
    function(
        "resource",
        "kubernetes.authorization.GroupCheck.(string) -> kubernetes.authorization.ResourceCheck",
        |_, a| {
            stepped(a, Stage::Resource, |check, text| {
                text.clone_into(&mut check.resource)
            })
        },
    ),
    narrowing!("subresource", subresource),
    narrowing!("namespace", namespace),
    narrowing!("name", name),
    function(
        "fieldSelector",
        "kubernetes.authorization.ResourceCheck.(string) -> kubernetes.authorization.ResourceCheck",
        |_, a| {
            stepped(a, Stage::Resource, |check, text| {
                check.field_selector = Some(text.to_owned())
            })
        },
    ),
    function(
        "labelSelector",
        "kubernetes.authorization.ResourceCheck.(string) -> kubernetes.authorization.ResourceCheck",
        |_, a| {
            stepped(a, Stage::Resource, |check, text| {
                check.label_selector = Some(text.to_owned())
            })
        },
    ),
    function(
        "check",
        "kubernetes.authorization.PathCheck.(string) -> kubernetes.authorization.Decision",
        check,
    ),
    function(
        "check",
        "kubernetes.authorization.ResourceCheck.(string) -> kubernetes.authorization.Decision",
        check,
    ),
    function(
        "allowed",
        "kubernetes.authorization.Decision.() -> bool",
        |_, a| Ok(Value::Bool(opaque::<Decision>(a, 0)?.allowed)),
    ),
    function(
        "errored",
        "kubernetes.authorization.Decision.() -> bool",
        |_, a| Ok(Value::Bool(!opaque::<Decision>(a, 0)?.error.is_empty())),
    ),
    function(
        "error",
        "kubernetes.authorization.Decision.() -> string",
        |context, a| context.string(opaque::<Decision>(a, 0)?.error.clone()),
    ),
    function(
        "reason",
        "kubernetes.authorization.Decision.() -> string",
        |context, a| context.string(opaque::<Decision>(a, 0)?.reason.clone()),
    ),
];

/// How far a check has been spelled out
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Authorizer,
    Path,
    Group,
    Resource,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Check {
    stage: Stage,
    asked: Authorization,
}

#[derive(Debug, PartialEq, Eq)]
struct Decision {
    allowed: bool,
    reason: String,
    error: String,
}

/// The variable `authorizer` and its type
pub(crate) fn authorizer() -> (Type, Value<'static>) {
    let check = Check {
        stage: Stage::Authorizer,
        asked: Authorization::default(),
    };
    (Type::opaque(check.type_name()), Value::opaque(check))
}

/// A check of a resource that is spelled out but for its verb, as `authorizer.requestResource` is
#[must_use]
pub fn resource_check(asked: Authorization) -> Value<'static> {
    Value::opaque(Check {
        stage: Stage::Resource,
        asked,
    })
}

pub(super) fn resource_check_type() -> Type {
    Type::opaque("kubernetes.authorization.ResourceCheck")
}

impl Opaque for Check {
    fn type_name(&self) -> &str {
        match self.stage {
            Stage::Authorizer => "kubernetes.authorization.Authorizer",
            Stage::Path => "kubernetes.authorization.PathCheck",
            Stage::Group => "kubernetes.authorization.GroupCheck",
            Stage::Resource => "kubernetes.authorization.ResourceCheck",
        }
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.downcast::<Self>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Opaque for Decision {
    fn type_name(&self) -> &str {
        "kubernetes.authorization.Decision"
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.downcast::<Self>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn stepped<'v>(
    arguments: &[Value<'v>],
    stage: Stage,
    set: impl FnOnce(&mut Authorization, &str),
) -> Result<'v> {
    let mut check = opaque::<Check>(arguments, 0)?.clone();
    set(&mut check.asked, string(arguments, 1)?);
    check.stage = stage;
    Ok(Value::opaque(check))
}

fn check<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    let mut asked = opaque::<Check>(arguments, 0)?.asked.clone();
    string(arguments, 1)?.clone_into(&mut asked.verb);
    let Value::Map(answer) = context.ask(&Question::Authorize(asked))? else {
        return Err(EvalError::failed("the authorizer gave no decision"));
    };
    let allowed = answer
        .field("allowed")
        .and_then(|allowed| allowed.as_bool())
        .unwrap_or(false);
    Ok(Value::opaque(Decision {
        allowed,
        reason: text(&answer, "reason"),
        error: text(&answer, "error"),
    }))
}

fn text(answer: &Map<'_>, name: &str) -> String {
    answer
        .field(name)
        .as_ref()
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
