//! Kyverno's small functions: hashes, `parseServiceAccount`, `time`, `listObjToMap`.
//!
//! Source: Kyverno 1.19 `sdk/extensions/cel/libs/{hash,user,time,transform}`.

use std::any::Any;

use jiff::tz::TimeZone;

use super::arguments::{list, string, value};
use crate::context::Context;
use crate::declaration::{Declared, function, walking};
use crate::error::EvalError;
use crate::host::Question;
use crate::value::{Entries, Key, Opaque, Timestamp, Value};

type Result<'v> = std::result::Result<Value<'v>, EvalError>;

pub(crate) const HASH: &[Declared] = &[
    walking("md5", "(string) -> string", |context, a| {
        hash::<md5::Md5>(context, a)
    }),
    walking("hash.md5", "(string) -> string", |context, a| {
        hash::<md5::Md5>(context, a)
    }),
    walking("sha1", "(string) -> string", |context, a| {
        hash::<sha1::Sha1>(context, a)
    }),
    walking("hash.sha1", "(string) -> string", |context, a| {
        hash::<sha1::Sha1>(context, a)
    }),
    walking("sha256", "(string) -> string", |context, a| {
        hash::<sha2::Sha256>(context, a)
    }),
    walking("hash.sha256", "(string) -> string", |context, a| {
        hash::<sha2::Sha256>(context, a)
    }),
];

pub(crate) const USER: &[Declared] = &[
    function(
        "parseServiceAccount",
        "(string) -> object(user.ServiceAccount)",
        service_account,
    ),
    function(
        "user.parseServiceAccount",
        "(string) -> object(user.ServiceAccount)",
        service_account,
    ),
];

pub(crate) const TIME: &[Declared] = &[
    function("time.now", "() -> timestamp", |context, _| {
        let Value::Timestamp(now) = context.ask(&Question::Now)? else {
            return Err(EvalError::failed("the time is not known"));
        };
        Ok(Value::Timestamp(now))
    }),
    function("time.truncate", "(timestamp, duration) -> timestamp", truncate),
    function("time.toCron", "(timestamp) -> string", |context, a| {
        let Value::Timestamp(at) = value(a, 0)? else {
            return Err(EvalError::no_such_overload());
        };
        let (at, _) = at.local(&TimeZone::UTC);
        let weekday = at.weekday().to_sunday_zero_offset();
        context.string(format!(
            "{} {} {} {} {weekday}",
            at.minute(),
            at.hour(),
            at.day(),
            at.month()
        ))
    }),
];

pub(crate) const TRANSFORM: &[Declared] = &[
    walking(
        "listObjToMap",
        "(list(dyn), list(dyn), string, string) -> map(dyn, dyn)",
        to_map,
    ),
    walking(
        "transform.listObjToMap",
        "(list(dyn), list(dyn), string, string) -> map(dyn, dyn)",
        to_map,
    ),
];

fn hash<'v, D: sha2::Digest>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    context.string(hex::encode(D::digest(string(arguments, 0)?.as_bytes())))
}

/// Name and namespace; both are empty when the user is no service account
#[derive(Debug, PartialEq, Eq)]
struct ServiceAccount {
    name: String,
    namespace: String,
}

impl Opaque for ServiceAccount {
    fn type_name(&self) -> &str {
        "user.ServiceAccount"
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.downcast::<Self>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn field(&self, name: &str) -> Option<Value<'static>> {
        match name {
            "Name" => Some(Value::string(self.name.clone())),
            "Namespace" => Some(Value::string(self.namespace.clone())),
            _ => None,
        }
    }

    fn to_json(&self) -> Option<serde_json::Value> {
        Some(serde_json::json!({"name": self.name, "namespace": self.namespace}))
    }
}

fn service_account<'v>(_: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    let user = string(arguments, 0)?;
    let account = user
        .strip_prefix("system:serviceaccount:")
        .and_then(|rest| rest.split_once(':'));
    let (namespace, name) = account.unwrap_or(("", ""));
    Ok(Value::opaque(ServiceAccount {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
    }))
}

/// Down to a multiple of the span since year 1, as Go counts
fn truncate<'v>(_: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    let (Value::Timestamp(at), Value::Duration(span)) = (value(arguments, 0)?, value(arguments, 1)?) else {
        return Err(EvalError::no_such_overload());
    };
    let beyond = Timestamp::FIRST.beyond(*at, *span);
    at.shifted(beyond, true).map(Value::Timestamp)
}

fn to_map<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<'v> {
    let (keys, values) = (list(arguments, 0)?, list(arguments, 1)?);
    let (key_name, value_name) = (string(arguments, 2)?, string(arguments, 3)?);
    if keys.len() != values.len() {
        let (left, right) = (keys.len(), values.len());
        return Err(EvalError::failed(format!(
            "listObjToMap must take lists of equal length. list1: {left}, list2: {right}"
        )));
    }
    let mut entries = Entries::with_capacity(keys.len());
    for (key, value) in keys.iter().zip(values.iter()) {
        let (Value::Map(key), Value::Map(value)) = (key, value) else {
            return Err(EvalError::failed(
                "object cannot be handled as a map string to any in the value object list",
            ));
        };
        let Some(Value::String(key)) = key.field(key_name) else {
            return Err(EvalError::failed(
                "the passed key name cannot be handled as a string in the key object list",
            ));
        };
        entries.insert(Key::String(key), value.field(value_name).unwrap_or(Value::Null));
    }
    context.map(entries)
}
