//! Writes reports, and only those that say something new.
//!
//! In: an object and its rows. Out: at most one write for each object whose result changed. What the cluster already has is
//! known by fingerprints, read from the reports' metadata alone. Never: a report that is not ours.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use cluster::{Client, ClusterError, Pages, PatchKind, Preconditions, ServedKind, Subject};
use policy_reports::{
    Fingerprint, MANAGED_BY, ObjectReference, ReportFormat, Row, SOURCE, report_name, resource_report,
};
use serde_json::Value;

/// Writes the reports of one API.
#[derive(Debug)]
pub(crate) struct ReportWriter {
    client: Client,
    format: ReportFormat,
    known: Mutex<HashMap<String, Known>>,
}

/// What the cluster has.
#[derive(Debug, Clone)]
struct Known {
    namespace: String,
    fingerprint: Option<Fingerprint>,
    /// The round in which the report was last found to be right.
    round: u64,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// It was made, or changed.
    Changed,
    /// It says this already.
    Unchanged,
    /// There is nothing to say, and it was taken away.
    Removed,
}

impl ReportWriter {
    pub(crate) fn new(client: Client, format: ReportFormat) -> Self {
        Self {
            client,
            format,
            known: Mutex::default(),
        }
    }

    /// Reads which reports there are of those that `is_ours`, by their objects' uids.
    ///
    /// # Errors
    /// [`ClusterError`]; what was known before is kept.
    pub(crate) async fn learn(&self, is_ours: impl Fn(&str) -> bool) -> Result<(), ClusterError> {
        let mut found = HashMap::new();
        for is_namespaced in [true, false] {
            let subject = Subject {
                labels: format!("{MANAGED_BY}={SOURCE}"),
                metadata_only: true,
                ..Subject::all(self.kind(is_namespaced))
            };
            let mut pages = Pages::new(&self.client, &subject, 0);
            while let Some(page) = pages.next().await? {
                found.extend(
                    page.iter()
                        .filter_map(known_report)
                        .filter(|(uid, _)| is_ours(uid)),
                );
            }
        }
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(())
    }

    /// Says of `resource` what `rows` say, as of `round`.
    ///
    /// # Errors
    /// [`ClusterError`] where the report can't be written: it is written when it is next asked for.
    pub(crate) async fn report(
        &self,
        resource: &ObjectReference,
        rows: &[Row],
        round: u64,
    ) -> Result<Written, ClusterError> {
        if rows.is_empty() {
            return self.remove(&resource.uid).await;
        }
        let report = resource_report(resource, rows, self.format);
        if self.confirm(&resource.uid, &report.fingerprint, round) {
            return Ok(Written::Unchanged);
        }
        let path = self.path(&resource.namespace, &resource.uid);
        let path = format!("{path}?fieldManager={SOURCE}&force=true");
        let written = self.client.patch(&path, PatchKind::Apply, &report.object).await;
        if let Err(cause) = written {
            // What is there now is not known: the next time it is written whatever it says.
            self.forget(&resource.uid);
            return Err(cause);
        }
        let known = Known {
            namespace: resource.namespace.clone(),
            fingerprint: Some(report.fingerprint),
            round,
        };
        self.lock().insert(resource.uid.clone(), known);
        Ok(Written::Changed)
    }

    /// Takes away the reports that no object of the whole of `round` asked for.
    ///
    /// # Errors
    /// [`ClusterError`]; the rest goes the next time.
    pub(crate) async fn sweep(&self, round: u64) -> Result<usize, ClusterError> {
        let stale: Vec<String> = {
            let known = self.lock();
            let stale = known.iter().filter(|(_, known)| known.round < round);
            stale.map(|(uid, _)| uid.clone()).collect()
        };
        for uid in &stale {
            self.remove(uid).await?;
        }
        Ok(stale.len())
    }

    /// Forgets an object that is gone: its report goes with it.
    pub(crate) fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    async fn remove(&self, uid: &str) -> Result<Written, ClusterError> {
        let Some(known) = self.lock().get(uid).cloned() else {
            return Ok(Written::Unchanged);
        };
        let path = self.path(&known.namespace, uid);
        self.client.delete(&path, Preconditions::default()).await?;
        self.forget(uid);
        Ok(Written::Removed)
    }

    /// Whether the report says this already; then it was right in `round`.
    fn confirm(&self, uid: &str, fingerprint: &Fingerprint, round: u64) -> bool {
        let mut known = self.lock();
        let known = known
            .get_mut(uid)
            .filter(|known| known.fingerprint.as_ref() == Some(fingerprint));
        known.map(|known| known.round = round).is_some()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, namespace: &str, uid: &str) -> String {
        self.kind(!namespace.is_empty())
            .object_path(namespace, &report_name(uid))
    }

    fn kind(&self, is_namespaced: bool) -> ServedKind {
        let kind = self.format.kind(is_namespaced);
        let api_version = self.format.api_version();
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let plural = format!("{}s", kind.to_ascii_lowercase());
        ServedKind::known(group, version, kind, &plural, is_namespaced)
    }
}

/// The uid of a report's object and what is known of the report.
fn known_report(report: &Value) -> Option<(String, Known)> {
    let metadata = report.get("metadata")?;
    let text = |key: &str| metadata.get(key).and_then(Value::as_str);
    let uid = text("name")?.strip_suffix(SOURCE)?.strip_suffix('-')?;
    let known = Known {
        namespace: text("namespace").unwrap_or_default().to_owned(),
        fingerprint: Fingerprint::of_metadata(metadata),
        round: 0,
    };
    Some((uid.to_owned(), known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_is_known_by_its_name_and_what_it_says() {
        let report = json!({"metadata": {"name": "7c0ffee0-vouchsafe", "namespace": "shop",
            "labels": {MANAGED_BY: SOURCE}, "annotations": {policy_reports::FINGERPRINT: "00ff"}}});
        let (uid, known) = known_report(&report).unwrap();
        assert_eq!((uid.as_str(), known.namespace.as_str()), ("7c0ffee0", "shop"));
        assert!(known.fingerprint.is_some());
        assert!(known_report(&json!({"metadata": {"name": "7c0ffee0"}})).is_none());
    }
}
