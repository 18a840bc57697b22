//! The request as variables see it: `request`, `images`, `serviceAccountName`, `serviceAccountNamespace`.
//!
//! In: a [`Request`]. Out: terms that borrow from it; the object is never copied. One document serves all rules of one
//! evaluation, so images are read once for all of them.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/context/context.go (`AddRequest`, `AddUserInfo`, `AddServiceAccount`), pkg/utils/image.

use std::cell::OnceCell;
use std::rc::Rc;

use image_reference::DefaultRegistry;
use jmespath::{Document, LookupError, Term};
use serde_json::{Map, Value, json};

use crate::facts::Halt;
use crate::request::images::{self, ImageAt};
use crate::request::{Operation, Request};

/// Names of the request's own variables.
pub(super) const NAMES: [&str; 4] = [
    "request",
    "images",
    "serviceAccountName",
    "serviceAccountNamespace",
];

/// A request, ready to be looked up in.
#[derive(Debug)]
pub struct RequestDocument<'r> {
    request: &'r Request,
    registry: &'r DefaultRegistry,
    images: OnceCell<Result<Option<Value>, Halt>>,
}

impl<'r> RequestDocument<'r> {
    /// A document of `request`; `registry` is what short image names mean.
    #[must_use]
    pub fn new(request: &'r Request, registry: &'r DefaultRegistry) -> Self {
        Self {
            request,
            registry,
            images: OnceCell::new(),
        }
    }

    /// The request itself.
    #[must_use]
    pub fn request(&self) -> &'r Request {
        self.request
    }

    /// What short image names mean.
    #[must_use]
    pub fn registry(&self) -> &'r DefaultRegistry {
        self.registry
    }

    /// Whether the request deletes: then `request.object` in variables means the old object.
    #[must_use]
    pub fn is_delete(&self) -> bool {
        self.request.operation == Operation::Delete
    }

    /// The variable `name`, if the request has it.
    ///
    /// # Errors
    /// [`Halt::Failed`] where the object's images can't be told.
    pub(super) fn field(&self, name: &str) -> Result<Option<Term<'_>>, Halt> {
        match name {
            "request" => Ok(Some(Term::Root(self))),
            "images" => match self.images.get_or_init(|| self.images_of_object()) {
                Ok(images) => Ok(images.as_ref().map(Term::Json)),
                Err(halt) => Err(halt.clone()),
            },
            "serviceAccountName" => Ok(self.service_account().map(|(_, name)| text(name))),
            "serviceAccountNamespace" => Ok(self.service_account().map(|(namespace, _)| text(namespace))),
            _ => Ok(None),
        }
    }

    fn service_account(&self) -> Option<(&str, &str)> {
        let user = self.request.user.as_ref()?;
        Some(service_account_of(
            user.info
                .get("username")
                .and_then(Value::as_str)
                .unwrap_or_default(),
        ))
    }

    /// One member of `request`. In admission all that the API server sends is there, if only as null.
    fn member(&self, name: &str) -> Option<Term<'_>> {
        let request = self.request;
        let user = request.user.as_deref();
        let of_envelope = || match request.envelope.as_deref() {
            Some(envelope) if !matches!(name, "object" | "oldObject" | "options") => {
                envelope.get(name).map(Term::Json)
            }
            envelope => envelope.map(|_| Term::Null),
        };
        let own = match name {
            "object" => request.object.as_deref().map(Term::Json),
            "oldObject" => request.old_object.as_deref().map(Term::Json),
            "options" => request.options.as_deref().map(Term::Json),
            "operation" => Some(text(request.operation.as_str())),
            "namespace" => Some(text(&request.namespace)),
            "userInfo" => user.map(|user| Term::Json(&user.info)),
            "roles" => user.map(|user| texts(&user.roles)),
            "clusterRoles" => user.map(|user| texts(&user.cluster_roles)),
            "synchronize" => request.dry_run.then_some(Term::Bool(true)),
            _ => None,
        };
        own.or_else(of_envelope)
    }

    fn images_of_object(&self) -> Result<Option<Value>, Halt> {
        let Some(object) = self.request.subject() else {
            return Ok(None);
        };
        let kind = object
            .get("kind")
            .and_then(Value::as_str)
            .unwrap_or(&self.request.kind.kind);
        if images::pod_spec_path(kind).is_none() {
            return Err(Halt::Failed(format!("no extractors found for {kind}")));
        }
        let images = images_json(&images::of_pod_kinds(object, kind, self.registry))?;
        Ok(images
            .as_object()
            .is_some_and(|groups| !groups.is_empty())
            .then_some(images))
    }
}

/// `images` as variables see it: group, key, parts of the reference.
///
/// # Errors
/// [`Halt::Failed`] where an image is no reference: a map without it would hide it from a rule that looks at all images.
pub fn images_json(images: &[ImageAt]) -> Result<Value, Halt> {
    let mut groups = Map::new();
    for image in images.iter().filter(|image| *image.group != *images::VOLUMES) {
        let reference = image
            .reference
            .as_ref()
            .map_err(|why| Halt::Failed(format!("invalid image '{}' ({why})", image.text)))?;
        let mut parts = json!({
            "name": reference.name(),
            "path": reference.path(),
            "jsonPointer": image.pointer,
        });
        if let Some(fields) = parts.as_object_mut() {
            let digest = reference.digest().map(ToString::to_string);
            for (key, text) in [
                ("registry", Some(reference.registry().to_owned())),
                ("tag", reference.tag().map(str::to_owned)),
                ("digest", digest),
                ("reference", Some(reference.canonical())),
                ("referenceWithTag", Some(reference.reference_with_tag())),
            ] {
                if let Some(text) = text.filter(|text| !text.is_empty()) {
                    fields.insert(key.to_owned(), Value::String(text));
                }
            }
        }
        let group = groups
            .entry(image.group.as_ref())
            .or_insert_with(|| Value::Object(Map::new()));
        if let Some(group) = group.as_object_mut() {
            group.insert(image.key.clone(), parts);
        }
    }
    Ok(Value::Object(groups))
}

/// Names that `request` may have beside what the API server sent.
const OWN_MEMBERS: [&str; 9] = [
    "object",
    "oldObject",
    "options",
    "operation",
    "namespace",
    "userInfo",
    "roles",
    "clusterRoles",
    "synchronize",
];

/// The variable `request`, looked into member by member.
impl Document for RequestDocument<'_> {
    fn field<'a>(&'a self, name: &str) -> Result<Option<Term<'a>>, LookupError> {
        Ok(self.member(name))
    }

    fn whole<'a>(&'a self) -> Result<Term<'a>, LookupError> {
        let sent = self.request.envelope.as_deref().and_then(Value::as_object);
        let names = sent
            .into_iter()
            .flat_map(Map::keys)
            .map(String::as_str)
            .chain(OWN_MEMBERS);
        let members = names.filter_map(|name| Some((name.to_owned(), self.member(name)?)));
        Ok(Term::Object(Rc::new(members.collect())))
    }
}

fn text<'t>(text: &str) -> Term<'t> {
    Term::Text(text.into())
}

/// Null where there are none, as Kyverno has it.
fn texts<'t>(names: &[String]) -> Term<'t> {
    match names {
        [] => Term::Null,
        names => Term::Array(Rc::new(names.iter().map(|name| text(name)).collect())),
    }
}

/// Namespace and name of `system:serviceaccount:<namespace>:<name>`; empty for anyone else.
///
/// Stricter than the source, which takes any user name with a colon after as many characters for a service account.
fn service_account_of(user_name: &str) -> (&str, &str) {
    let parts = user_name
        .strip_prefix("system:serviceaccount:")
        .and_then(|rest| rest.split_once(':'));
    let (namespace, name) = parts.unwrap_or_default();
    // what follows a further colon is not part of the name
    (namespace, name.split(':').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_service_account_has_a_service_account_name() {
        for (user, name, namespace) in [
            ("system:serviceaccount:ci:builder", "builder", "ci"),
            ("system:serviceaccount:ci", "", ""),
            ("aaaaaaaaaaaaaaaaaaaaaa:kube-system:admin", "", ""),
            ("alice", "", ""),
        ] {
            assert_eq!(service_account_of(user), (namespace, name), "{user}");
        }
    }
}
