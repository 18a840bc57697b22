//! The object that our webhooks belong to: when it is taken away, Kubernetes' garbage collection takes them too, and nothing
//! is left that calls a Service which is gone.

use cluster::{Client, ClusterError, ServedKind};
use serde_json::{Value, json};

/// The owner reference to the `ClusterRole` called `name`, if one is named.
///
/// # Errors
/// [`ClusterError`] where it can't be read: without its uid nothing can belong to it.
pub(crate) async fn reference(client: &Client, name: Option<&str>) -> Result<Option<Value>, ClusterError> {
    let Some(name) = name else { return Ok(None) };
    let kind = ServedKind::known(
        "rbac.authorization.k8s.io",
        "v1",
        "ClusterRole",
        "clusterroles",
        false,
    );
    let role = client.get(&kind.object_path("", name)).await?;
    Ok(Some(json!({
        "apiVersion": kind.api_version(),
        "kind": kind.kind,
        "name": name,
        "uid": role.pointer("/metadata/uid").cloned().unwrap_or_default(),
    })))
}

/// Puts `object` into the hands of `owner`, if there is one.
pub(crate) fn give(object: &mut Value, owner: Option<&Value>) {
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
    if let (Some(metadata), Some(owner)) = (metadata, owner) {
        metadata.insert("ownerReferences".to_owned(), json!([owner]));
    }
}

/// Whether `object` is in the hands of `owner` already, or nobody is to own it.
pub(crate) fn has(object: &Value, owner: Option<&Value>) -> bool {
    let owners = object
        .pointer("/metadata/ownerReferences")
        .and_then(Value::as_array);
    owner.is_none_or(|owner| owners.is_some_and(|owners| owners.contains(owner)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_had_and_another_owners_is_not() {
        let (first, second) = (json!({"uid": "1"}), json!({"uid": "2"}));
        let mut object = json!({"metadata": {"name": "x"}});
        assert!(has(&object, None) && !has(&object, Some(&first)));
        give(&mut object, Some(&first));
        assert!(has(&object, Some(&first)) && !has(&object, Some(&second)));
    }
}
