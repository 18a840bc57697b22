//! The variable `request`: an AdmissionRequest as expressions see it.
//!
//! In admission it is what the API server sent; on the command line and in scans it is made of the object, as Kyverno's
//! command line makes it. Fields that Go leaves out where they are empty are absent, so that `has(request.x)` tells the
//! same.

use policy_cel::{Key, Map, Text, Value};
use serde_json::Value as Json;

use crate::request::{Origin, Request};

/// Fields of the user, as Go's `UserInfo` has them.
const USER_FIELDS: [&str; 4] = ["username", "uid", "groups", "extra"];

/// The request as a value that borrows from it.
pub(super) fn value(request: &Request) -> Value<'_> {
    let mut fields: Vec<(&str, Value<'_>)> = match request.envelope.as_deref().and_then(Json::as_object) {
        Some(sent) => sent
            .iter()
            .filter(|(_, value)| !is_left_out(value))
            .map(|(name, value)| (name.as_str(), Value::from(value)))
            .collect(),
        None => made(request),
    };
    if !request.uid.is_empty() {
        fields.push(("uid", text(&request.uid)));
    }
    fields.push(("userInfo", user(request)));
    let objects = [
        ("object", &request.object),
        ("oldObject", &request.old_object),
        ("options", &request.options),
    ];
    let objects = objects
        .into_iter()
        .map(|(name, object)| (name, object.as_deref().map_or(Value::Null, Value::from)));
    fields.extend(objects);
    map(fields)
}

fn made(request: &Request) -> Vec<(&str, Value<'_>)> {
    let kind = || {
        map([
            ("group", text(&request.kind.group)),
            ("version", text(&request.kind.version)),
            ("kind", text(&request.kind.kind)),
        ])
    };
    let resource = || {
        map([
            ("group", text(&request.kind.group)),
            ("version", text(&request.kind.version)),
            ("resource", Value::string(request.resource_name().into_owned())),
        ])
    };
    let mut fields = vec![
        ("kind", kind()),
        ("resource", resource()),
        ("requestKind", kind()),
        ("requestResource", resource()),
        ("operation", text(request.operation.as_str())),
    ];
    if request.origin != Origin::Admission {
        fields.push(("dryRun", Value::Bool(request.dry_run)));
    }
    let optional = [
        ("subResource", &request.subresource),
        ("requestSubResource", &request.subresource),
        ("name", &request.name),
        ("namespace", &request.namespace),
    ];
    let optional = optional.into_iter().filter(|(_, value)| !value.is_empty());
    fields.extend(optional.map(|(name, value)| (name, text(value))));
    fields
}

fn user(request: &Request) -> Value<'_> {
    let info = request.user.as_deref().and_then(|user| user.info.as_object());
    let fields = USER_FIELDS.into_iter().filter_map(|name| {
        let value = info?.get(name)?;
        (!is_left_out(value)).then(|| (name, Value::from(value)))
    });
    map(fields)
}

/// Whether Go's encoder leaves the value out.
fn is_left_out(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        Json::Bool(_) | Json::Number(_) => false,
    }
}

fn text(text: &str) -> Value<'_> {
    Value::String(Text::Borrowed(text))
}

fn map<'v>(fields: impl IntoIterator<Item = (&'v str, Value<'v>)>) -> Value<'v> {
    let entry = |(name, value): (&'v str, Value<'v>)| (Key::String(Text::Borrowed(name)), value);
    Value::Map(fields.into_iter().map(entry).collect::<Map<'v>>())
}
