//! Writes reports, and only those that say something new.
//!
//! In: an object and its rows. Out: at most one write for each object whose result changed. What the cluster already has is
//! known by fingerprints, read from the reports' metadata alone. What admission said of an object stays in its report while
//! the policy that said it is in force. Never: a report that is not ours.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use cluster::{Client, ClusterError, Pages, PatchKind, Preconditions, ServedKind, Subject};
use policy_engine::PolicySet;
use policy_engine::policy::CompiledPolicy;
use policy_reports::{
    ADMITTED_BY, Fingerprint, MANAGED_BY, ObjectReference, ReportFormat, Row, SOURCE, put_admitted,
    report_beside, report_name, take_admitted,
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
    /// The policies whose results of admission stand in it.
    admitted_by: Vec<String>,
    /// The round in which the report was last found to be right.
    round: u64,
}

/// Policies that admission alone is judged by, as reports name them.
pub(crate) type AdmissionOnly = BTreeSet<String>;

/// Whether no scan finds what `policy` says, and it is to be reported.
pub(crate) fn is_admission_only(policy: &CompiledPolicy) -> bool {
    policy.in_admission && !policy.in_background && policy.is_reported
}

/// Those of `policies` that admission alone is judged by.
pub(crate) fn admission_only(policies: &PolicySet) -> AdmissionOnly {
    let only = policies.policies().iter();
    only.filter(|policy| is_admission_only(policy))
        .map(|policy| policy.key.to_string())
        .collect()
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

    /// Says of `resource` what `rows` say, as of `round`, beside what policies of `admission_only` said of it.
    ///
    /// # Errors
    /// [`ClusterError`] where the report can't be written: it is written when it is next asked for.
    pub(crate) async fn report(
        &self,
        resource: &ObjectReference,
        rows: &[Row],
        admission_only: &AdmissionOnly,
        round: u64,
    ) -> Result<Written, ClusterError> {
        let known = self.lock().get(&resource.uid).cloned();
        // Of what no round knows there is no report, or one that an admission made since: that stays.
        if rows.is_empty() && (admission_only.is_empty() || known.is_none()) {
            return self.remove(&resource.uid).await;
        }
        let before = known.map(|known| known.admitted_by).unwrap_or_default();
        let report = report_beside(resource, rows, Vec::new(), self.format);
        let are_kept = before.iter().all(|policy| admission_only.contains(policy));
        if are_kept && self.confirm(&resource.uid, &report.fingerprint, round) {
            return Ok(Written::Unchanged);
        }
        let (admitted, version) = if admission_only.is_empty() {
            (Vec::new(), None)
        } else {
            self.admitted(resource, admission_only).await?
        };
        if rows.is_empty() && admitted.is_empty() {
            return self.remove(&resource.uid).await;
        }
        let mut report = report_beside(resource, rows, admitted, self.format);
        if let (Some(version), Some(Value::Object(metadata))) = (version, report.object.get_mut("metadata")) {
            metadata.insert("resourceVersion".to_owned(), version);
        }
        if let Err(cause) = self.apply(resource, &report.object).await {
            // What is there now is not known: the next time it is written whatever it says.
            self.forget(&resource.uid);
            return Err(cause);
        }
        let known = Known {
            namespace: resource.namespace.clone(),
            fingerprint: Some(report.fingerprint),
            admitted_by: admitted_by(report.object.get("metadata")),
            round,
        };
        self.lock().insert(resource.uid.clone(), known);
        Ok(Written::Changed)
    }

    /// Puts what the policies `asked` said of `resource` when it was admitted into its report, in place of what they said
    /// before.
    ///
    /// # Errors
    /// [`ClusterError::Conflict`] where the report was changed meanwhile, and as [`Client::get`].
    pub(crate) async fn put_admitted(
        &self,
        resource: &ObjectReference,
        asked: &AdmissionOnly,
        results: Vec<Value>,
    ) -> Result<(), ClusterError> {
        let path = self.path(&resource.namespace, &resource.uid);
        match self.client.get(&path).await {
            Ok(report) => match retold(report, asked, results) {
                Some(report) => self.apply(resource, &report).await,
                None => Ok(()),
            },
            Err(ClusterError::NotFound { .. }) if results.is_empty() => Ok(()),
            Err(ClusterError::NotFound { .. }) => {
                let report = report_beside(resource, &[], results, self.format);
                self.apply(resource, &report.object).await
            }
            Err(cause) => Err(cause),
        }
    }

    /// What policies of `admission_only` said of `resource`, and the version of the report that says so.
    async fn admitted(
        &self,
        resource: &ObjectReference,
        admission_only: &AdmissionOnly,
    ) -> Result<(Vec<Value>, Option<Value>), ClusterError> {
        let mut report = match self
            .client
            .get(&self.path(&resource.namespace, &resource.uid))
            .await
        {
            Ok(report) => report,
            Err(ClusterError::NotFound { .. }) => return Ok((Vec::new(), None)),
            Err(cause) => return Err(cause),
        };
        let mut admitted = take_admitted(&mut report);
        admitted.retain(|result| is_of(result, admission_only));
        Ok((admitted, report.pointer("/metadata/resourceVersion").cloned()))
    }

    async fn apply(&self, resource: &ObjectReference, report: &Value) -> Result<(), ClusterError> {
        let path = self.path(&resource.namespace, &resource.uid);
        let path = format!("{path}?fieldManager={SOURCE}&force=true");
        self.client.patch(&path, PatchKind::Apply, report).await.map(drop)
    }

    /// Takes away the reports that no object of the whole of `round` asked for; of those, what policies of `admission_only`
    /// said stays.
    ///
    /// # Errors
    /// [`ClusterError`]; the rest goes the next time.
    pub(crate) async fn sweep(
        &self,
        round: u64,
        admission_only: &AdmissionOnly,
    ) -> Result<usize, ClusterError> {
        let stale = stale(&self.lock(), round);
        for (uid, known) in &stale {
            if !known
                .admitted_by
                .iter()
                .any(|policy| admission_only.contains(policy))
            {
                self.remove(uid).await?;
                continue;
            }
            let report = match self.client.get(&self.path(&known.namespace, uid)).await {
                Ok(report) => report,
                Err(ClusterError::NotFound { .. }) => continue,
                Err(cause) => return Err(cause),
            };
            let Some(scope) = report.get("scope") else {
                continue;
            };
            self.report(&ObjectReference::of_scope(scope), &[], admission_only, round)
                .await?;
        }
        Ok(stale.len())
    }

    /// What the report of an object says stays, though nothing could be said of it in `round`: that nothing is known is no
    /// reason to take it away.
    pub(crate) fn keep(&self, uid: &str, round: u64) {
        if let Some(known) = self.lock().get_mut(uid) {
            known.round = round;
        }
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

/// Reports that nothing asked for in the whole of `round`.
fn stale(known: &HashMap<String, Known>, round: u64) -> Vec<(String, Known)> {
    let stale = known.iter().filter(|(_, known)| known.round < round);
    stale.map(|(uid, known)| (uid.clone(), known.clone())).collect()
}

/// The uid of a report's object and what is known of the report.
fn known_report(report: &Value) -> Option<(String, Known)> {
    let metadata = report.get("metadata")?;
    let text = |key: &str| metadata.get(key).and_then(Value::as_str);
    let uid = text("name")?.strip_suffix(SOURCE)?.strip_suffix('-')?;
    let known = Known {
        namespace: text("namespace").unwrap_or_default().to_owned(),
        fingerprint: Fingerprint::of_metadata(metadata),
        admitted_by: admitted_by(Some(metadata)),
        round: 0,
    };
    Some((uid.to_owned(), known))
}

fn admitted_by(metadata: Option<&Value>) -> Vec<String> {
    let annotations = metadata.and_then(|metadata| metadata.get("annotations"));
    let named = annotations.and_then(|all| all.get(ADMITTED_BY)?.as_str());
    let names = named.into_iter().flat_map(|named| named.split(','));
    names.map(ToOwned::to_owned).collect()
}

/// Whether a policy of `policies` said `result`.
fn is_of(result: &Value, policies: &AdmissionOnly) -> bool {
    let policy = result.get("policy").and_then(Value::as_str);
    policy.is_some_and(|policy| policies.contains(policy))
}

/// `report` with what the policies `asked` say now in place of what they said before, to be written; none where that is the
/// same.
fn retold(mut report: Value, asked: &AdmissionOnly, mut results: Vec<Value>) -> Option<Value> {
    let admitted = take_admitted(&mut report.clone());
    let (before, others): (Vec<Value>, Vec<Value>) =
        admitted.into_iter().partition(|result| is_of(result, asked));
    if same(&before, &results) {
        return None;
    }
    results.extend(others);
    put_admitted(&mut report, results);
    if let Some(Value::Object(metadata)) = report.get_mut("metadata") {
        metadata.remove("managedFields");
    }
    Some(report)
}

/// Whether both say the same, whenever it was said.
fn same(before: &[Value], now: &[Value]) -> bool {
    let timeless = |results: &[Value]| {
        let results = results.iter().map(|result| {
            let mut result = result.clone();
            if let Some(fields) = result.as_object_mut() {
                fields.remove("timestamp");
            }
            result
        });
        let mut all: Vec<String> = results.map(|result| result.to_string()).collect();
        all.sort();
        all
    };
    timeless(before) == timeless(now)
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

    /// A writer that reaches no cluster.
    fn writer() -> ReportWriter {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let text = "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
             clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n\
             contexts: [{name: here, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\n";
        std::fs::write(&path, text).unwrap();
        let choice = cluster::KubeconfigChoice {
            file: Some(path.to_string_lossy().into_owned()),
            context: None,
        };
        let client = Client::new(cluster::Settings::load(&choice).unwrap()).unwrap();
        ReportWriter::new(client, ReportFormat::OpenReports)
    }

    #[test]
    fn the_report_of_an_object_that_could_not_be_judged_is_not_swept_away() {
        let writer = writer();
        for uid in ["gone", "unjudged"] {
            let report = json!({"metadata": {"name": format!("{uid}-vouchsafe")}});
            writer.lock().extend(known_report(&report));
        }
        writer.keep("unjudged", 7);
        let swept: Vec<String> = stale(&writer.lock(), 7).into_iter().map(|(uid, _)| uid).collect();
        assert_eq!(swept, ["gone"]);
    }

    /// Every Pod of a cluster, in every round.
    #[tokio::test]
    async fn of_an_object_without_results_and_report_the_cluster_is_asked_nothing() {
        let resource = ObjectReference {
            uid: "7c0ffee0".to_owned(),
            ..ObjectReference::default()
        };
        let admission_only = AdmissionOnly::from(["p".to_owned()]);
        let reported = writer().report(&resource, &[], &admission_only, 1).await;
        assert_eq!(reported.unwrap(), Written::Unchanged);
    }

    /// The policies of `failurePolicy: Fail` are asked in one call, those of `Ignore` in another.
    #[test]
    fn two_calls_about_one_object_leave_what_the_other_was_told() {
        let said = |policy: &str, result: &str, seconds: u32| {
            json!({"policy": policy, "rule": "r", "result": result, "timestamp": {"seconds": seconds},
                "properties": {"process": "admission review"}})
        };
        let resource = ObjectReference {
            kind: "Pod".to_owned(),
            uid: "7c0ffee0".to_owned(),
            ..ObjectReference::default()
        };
        let asked = |policy: &str| AdmissionOnly::from([policy.to_owned()]);
        let first = vec![said("failing", "pass", 1)];
        let report = report_beside(&resource, &[], first, ReportFormat::OpenReports).object;
        let report = retold(report, &asked("ignoring"), vec![said("ignoring", "fail", 2)]).unwrap();
        assert_eq!(report["results"].as_array().unwrap().len(), 2, "{report}");
        assert_eq!(report["metadata"]["annotations"][ADMITTED_BY], "failing,ignoring");
        assert_eq!(
            retold(
                report.clone(),
                &asked("failing"),
                vec![said("failing", "pass", 3)]
            ),
            None,
            "it says this already"
        );
        let report = retold(report, &asked("failing"), Vec::new()).unwrap();
        assert_eq!(report["results"], json!([said("ignoring", "fail", 2)]));
        assert_eq!(
            (&report["summary"]["fail"], &report["summary"]["pass"]),
            (&json!(1), &json!(0))
        );
    }
}
