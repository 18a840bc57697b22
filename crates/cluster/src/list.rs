//! Whole lists, page by page.
//!
//! A list is all of its pages or an error: what was read before a page failed is dropped. Behaviour: client-go
//! `tools/pager`; where a continuation expires (`410 Gone`) we begin anew instead of asking for all in one answer.

use serde_json::Value;
use url::form_urlencoded;

use crate::client::Client;
use crate::discovery::ServedKind;
use crate::error::ClusterError;
use crate::limits::{MOST_PAGE_BYTES, MOST_PAGES, MOST_RESTARTS, PAGE_OBJECTS};

/// Which objects of a kind.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListOptions<'o> {
    /// One namespace; none: all. Not asked of kinds that stand in none.
    pub namespace: Option<&'o str>,
    /// Objects of one page, 1 ..= 500; 0: 500.
    pub page_objects: usize,
}

/// Every object of `kind`, with its `apiVersion` and `kind` and without its `metadata.managedFields`.
///
/// # Errors
/// [`ClusterError`] where any page can't be had.
pub async fn list(
    client: &Client,
    kind: &ServedKind,
    options: ListOptions<'_>,
) -> Result<Vec<Value>, ClusterError> {
    let path = kind.list_path(options.namespace.filter(|_| kind.is_namespaced));
    let page_objects = match options.page_objects {
        0 => PAGE_OBJECTS,
        some => some.min(PAGE_OBJECTS),
    };
    let mut restarts = 0;
    loop {
        match pages(client, kind, &path, page_objects).await {
            Err(ClusterError::Gone { .. }) if restarts < MOST_RESTARTS => restarts += 1,
            read => return read,
        }
    }
}

async fn pages(
    client: &Client,
    kind: &ServedKind,
    path: &str,
    page_objects: usize,
) -> Result<Vec<Value>, ClusterError> {
    let api_version = kind.api_version();
    let mut objects = Vec::new();
    let mut continuation = String::new();
    for _ in 0..MOST_PAGES {
        let asked = page_path(path, page_objects, &continuation);
        let (mut page, _) = client.get_within(&asked, MOST_PAGE_BYTES).await?;
        let next = page.pointer("/metadata/continue").and_then(Value::as_str);
        let next = next.unwrap_or_default().to_owned();
        for mut object in items(&mut page, path)? {
            complete(&mut object, &api_version, &kind.kind);
            objects.push(object);
        }
        if next.is_empty() {
            return Ok(objects);
        }
        if next == continuation {
            return Err(ClusterError::malformed(path, "a page continues with itself"));
        }
        continuation = next;
    }
    Err(ClusterError::malformed(
        path,
        format!("more than {MOST_PAGES} pages"),
    ))
}

fn page_path(path: &str, page_objects: usize, continuation: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &page_objects.to_string());
    if !continuation.is_empty() {
        query.append_pair("continue", continuation);
    }
    format!("{path}?{}", query.finish())
}

/// The objects of a page. `null` is how some servers write an empty list; no list at all is an error.
fn items(page: &mut Value, path: &str) -> Result<Vec<Value>, ClusterError> {
    let is_list = page
        .get("kind")
        .and_then(Value::as_str)
        .is_some_and(|kind| kind.ends_with("List"));
    match page.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) if items.iter().all(Value::is_object) => Ok(items),
        Some(Value::Null) if is_list => Ok(Vec::new()),
        Some(_) | None => Err(ClusterError::malformed(path, "the answer is no list of objects")),
    }
}

/// Gives an item of a list what stands only once in the list, and drops the server's own bookkeeping.
fn complete(object: &mut Value, api_version: &str, kind: &str) {
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    fields.entry("apiVersion").or_insert_with(|| api_version.into());
    fields.entry("kind").or_insert_with(|| kind.into());
    if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
}
