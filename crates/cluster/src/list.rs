//! Whole lists, page by page.
//!
//! A list is all of its pages or an error: what was read before a page failed is dropped. Behaviour: client-go
//! `tools/pager`; where a continuation expires (`410 Gone`) we begin anew instead of asking for all in one answer.

use serde_json::Value;
use url::form_urlencoded;

use crate::client::{Call, Client};
use crate::discovery::ServedKind;
use crate::error::ClusterError;
use crate::limits::{MOST_PAGE_BYTES, MOST_PAGES, MOST_RESTARTS, PAGE_OBJECTS};

/// Answers with `metadata` alone, for those who need no more.
const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";
/// The same for the events of a watch.
const METADATA: &str = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json";

/// Which objects of a kind to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListOptions<'o> {
    /// One namespace; none: all. Not asked of kinds that stand in none.
    pub namespace: Option<&'o str>,
    /// Objects of one page, 1 ..= 500; 0: 500.
    pub page_objects: usize,
}

/// Which objects to list and to watch.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Their kind.
    pub kind: ServedKind,
    /// One namespace; none: all.
    pub namespace: Option<String>,
    /// Labels they must have, as Kubernetes writes selectors; empty: any.
    pub labels: String,
    /// Fields they must have, as Kubernetes writes selectors; empty: any.
    pub fields: String,
    /// Only their `metadata` is asked for.
    pub metadata_only: bool,
}

impl Subject {
    /// All objects of a kind, whole.
    #[must_use]
    pub fn all(kind: ServedKind) -> Self {
        Self {
            kind,
            namespace: None,
            labels: String::new(),
            fields: String::new(),
            metadata_only: false,
        }
    }

    fn path(&self) -> String {
        let namespace = self.namespace.as_deref().filter(|_| self.kind.is_namespaced);
        self.kind.list_path(namespace)
    }

    fn select(&self, query: &mut form_urlencoded::Serializer<'_, String>) {
        for (name, selector) in [("labelSelector", &self.labels), ("fieldSelector", &self.fields)] {
            if !selector.is_empty() {
                query.append_pair(name, selector);
            }
        }
    }

    /// The path of a watch that goes on from `resource_version`, and what it answers with.
    pub(crate) fn watch_path(&self, resource_version: &str, seconds: u64) -> (String, &'static str) {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("watch", "1");
        query.append_pair("allowWatchBookmarks", "true");
        query.append_pair("resourceVersion", resource_version);
        query.append_pair("timeoutSeconds", &seconds.to_string());
        self.select(&mut query);
        let accept = if self.metadata_only {
            METADATA
        } else {
            "application/json"
        };
        (format!("{}?{}", self.path(), query.finish()), accept)
    }
}

/// A list that is read page by page.
#[derive(Debug)]
pub struct Pages<'l> {
    client: &'l Client,
    subject: &'l Subject,
    page_objects: usize,
    path: String,
    continuation: Option<String>,
    read: usize,
    resource_version: String,
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
    let subject = Subject {
        namespace: options.namespace.map(ToOwned::to_owned),
        ..Subject::all(kind.clone())
    };
    let mut restarts = 0;
    loop {
        match whole(client, &subject, options.page_objects).await {
            Err(ClusterError::Gone { .. }) if restarts < MOST_RESTARTS => restarts += 1,
            read => return read,
        }
    }
}

async fn whole(client: &Client, subject: &Subject, page_objects: usize) -> Result<Vec<Value>, ClusterError> {
    let mut pages = Pages::new(client, subject, page_objects);
    let mut objects = Vec::new();
    while let Some(page) = pages.next().await? {
        objects.extend(page);
    }
    Ok(objects)
}

impl<'l> Pages<'l> {
    /// The pages of `subject`, of `page_objects` each, 1 ..= 500; 0: 500. Nothing is asked yet.
    #[must_use]
    pub fn new(client: &'l Client, subject: &'l Subject, page_objects: usize) -> Self {
        Self {
            client,
            subject,
            page_objects: match page_objects {
                0 => PAGE_OBJECTS,
                some => some.min(PAGE_OBJECTS),
            },
            path: subject.path(),
            continuation: Some(String::new()),
            read: 0,
            resource_version: String::new(),
        }
    }

    /// The next page; none after the last.
    ///
    /// # Errors
    /// [`ClusterError::Gone`] where the rest expired: begin anew and forget what was read. Others as [`Client::get`].
    pub async fn next(&mut self) -> Result<Option<Vec<Value>>, ClusterError> {
        let Some(continuation) = self.continuation.take() else {
            return Ok(None);
        };
        if self.read >= MOST_PAGES {
            let fault = format!("more than {MOST_PAGES} pages");
            return Err(ClusterError::malformed(&self.path, fault));
        }
        self.read += 1;
        let asked = self.page_path(&continuation);
        let call = Call {
            most_bytes: MOST_PAGE_BYTES,
            accept: if self.subject.metadata_only {
                METADATA_LIST
            } else {
                "application/json"
            },
            ..Call::get(&asked)
        };
        let (mut page, _) = self.client.exchange(call).await?;
        let text = |pointer: &str| {
            let text = page.pointer(pointer).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let (next, version) = (text("/metadata/continue"), text("/metadata/resourceVersion"));
        if !version.is_empty() {
            self.resource_version = version;
        }
        if !next.is_empty() {
            if next == continuation {
                return Err(ClusterError::malformed(
                    &self.path,
                    "a page continues with itself",
                ));
            }
            self.continuation = Some(next);
        }
        let mut objects = items(&mut page, &self.path)?;
        let api_version = self.subject.kind.api_version();
        for object in &mut objects {
            complete(object, &api_version, &self.subject.kind.kind);
        }
        Ok(Some(objects))
    }

    /// The state of the cluster that the pages show; a watch goes on from it. Empty before the first page.
    #[must_use]
    pub fn resource_version(&self) -> &str {
        &self.resource_version
    }

    fn page_path(&self, continuation: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("limit", &self.page_objects.to_string());
        self.subject.select(&mut query);
        if !continuation.is_empty() {
            query.append_pair("continue", continuation);
        }
        format!("{}?{}", self.path, query.finish())
    }
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
pub(crate) fn complete(object: &mut Value, api_version: &str, kind: &str) {
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    fields.entry("apiVersion").or_insert_with(|| api_version.into());
    fields.entry("kind").or_insert_with(|| kind.into());
    if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
}
