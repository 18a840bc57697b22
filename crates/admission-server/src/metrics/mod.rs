//! What the server counts, as Prometheus reads it; Kyverno's names and labels where the thing is the same.
//!
//! Kinds, namespaces and names come from requests, so every metric has a bounded number of label sets; what comes after
//! the last is counted under `(other)`. Behaviour: Kyverno 1.19 `pkg/metrics`.

mod capped;
mod labels;
mod changes;
mod traces;

use std::time::{Duration, Instant};

use policy_engine::policy::PolicyKind;
use policy_engine::request::Stage;
use policy_engine::{Decision, PolicySet, Request, RuleResult};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use capped::Capped;
use changes::Changes;
use labels::{
    AdmissionLabels, ExpressionLabels, HttpLabels, InfoLabels, ReloadLabels, ResultLabels, RuleLabels,
    background, scope, validation_mode,
};
use trace_export::TraceCounts;
use traces::Traces;

/// Media type of [`Metrics::encode`].
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Kyverno's buckets, in seconds.
const BUCKETS_SECONDS: [f64; 15] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0,
];

/// Everything counted.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    admissions: Capped<AdmissionLabels, Counter>,
    durations: Capped<AdmissionLabels, Histogram>,
    results: Capped<ResultLabels, Counter>,
    validating: Capped<ExpressionLabels, Counter>,
    image_validating: Capped<ExpressionLabels, Counter>,
    rules: Family<RuleLabels, Gauge>,
    http: Family<HttpLabels, Counter>,
    http_durations: Family<HttpLabels, Histogram, fn() -> Histogram>,
    changes: Changes,
    reloads: Family<ReloadLabels, Counter>,
    connections: Gauge,
    tasks: Gauge,
}

impl Metrics {
    /// Nothing counted yet; `traces` counts for itself.
    pub(crate) fn new(traces: Option<TraceCounts>) -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            admissions: Capped::new(Counter::default),
            durations: Capped::new(|| Histogram::new(BUCKETS_SECONDS)),
            results: Capped::new(Counter::default),
            validating: Capped::new(Counter::default),
            image_validating: Capped::new(Counter::default),
            rules: Family::default(),
            http: Family::default(),
            http_durations: Family::new_with_constructor(|| Histogram::new(BUCKETS_SECONDS)),
            changes: Changes::new(),
            reloads: Family::default(),
            connections: Gauge::default(),
            tasks: Gauge::default(),
        };
        metrics.register();
        if let Some(counts) = traces {
            metrics.registry.register_collector(Box::new(Traces(counts)));
        }
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        let info: Family<InfoLabels, Gauge> = Family::default();
        info.get_or_create(&InfoLabels {
            version: env!("CARGO_PKG_VERSION"),
        })
        .set(1);
        registry.register("kyverno_info", "Version of the server", info);
        registry.register(
            "kyverno_admission_requests",
            "Reviews answered",
            self.admissions.family(),
        );
        registry.register(
            "kyverno_admission_review_duration_seconds",
            "Time from the head of a review to its answer",
            self.durations.family(),
        );
        registry.register(
            "kyverno_policy_results",
            "Outcomes of rules",
            self.results.family(),
        );
        registry.register(
            "kyverno_validating_policy_results",
            "Outcomes of ValidatingPolicies",
            self.validating.family(),
        );
        registry.register(
            "kyverno_image_validating_policy_results",
            "Outcomes of ImageValidatingPolicies",
            self.image_validating.family(),
        );
        registry.register(
            "kyverno_policy_rule_info_total",
            "Rules that are loaded",
            self.rules.clone(),
        );
        registry.register(
            "kyverno_http_requests",
            "HTTP requests answered",
            self.http.clone(),
        );
        registry.register(
            "kyverno_http_requests_duration_seconds",
            "Time from the head of an HTTP request to its answer",
            self.http_durations.clone(),
        );
        registry.register(
            "kyverno_policy_changes",
            "Policies created, updated and deleted",
            self.changes.family(),
        );
        registry.register(
            "vouchsafe_policy_reloads",
            "Policy sets taken or refused",
            self.reloads.clone(),
        );
        registry.register(
            "vouchsafe_connections",
            "Open connections",
            self.connections.clone(),
        );
        registry.register(
            "vouchsafe_tasks",
            "Tasks that have not ended: what grows for ever leaks",
            self.tasks.clone(),
        );
    }

    /// Counts one review and, where it was judged, its rules.
    pub(crate) fn review(
        &self,
        stage: Stage,
        request: &Request,
        allowed: bool,
        decision: Option<&Decision>,
        taken: Duration,
    ) {
        let labels = AdmissionLabels::of(stage, request, allowed);
        self.admissions.with(&labels, |counter| counter.inc());
        self.durations
            .with(&labels, |histogram| histogram.observe(taken.as_secs_f64()));
        for result in decision.into_iter().flat_map(|decision| &decision.results) {
            self.rule_result(request, result);
        }
    }

    fn rule_result(&self, request: &Request, result: &RuleResult) {
        let of_kind = match result.policy.kind {
            PolicyKind::ValidatingPolicy | PolicyKind::NamespacedValidatingPolicy => &self.validating,
            PolicyKind::ImageValidatingPolicy | PolicyKind::NamespacedImageValidatingPolicy => {
                &self.image_validating
            }
            PolicyKind::ClusterPolicy | PolicyKind::Policy | PolicyKind::ValidatingAdmissionPolicy => {
                let labels = ResultLabels::of(request, result);
                self.results.with(&labels, |counter| counter.inc());
                return;
            }
        };
        of_kind.with(&ExpressionLabels::of(request, result), |counter| counter.inc());
    }

    /// Counts one HTTP request, whose time ends with the timer; `url` is one of the paths of this server.
    pub(crate) fn http_request(&self, method: &'static str, url: &'static str) -> HttpTimer {
        let labels = HttpLabels {
            http_method: method,
            http_url: url,
        };
        self.http.get_or_create(&labels).inc();
        HttpTimer {
            began: Instant::now(),
            duration: self.http_durations.get_or_create(&labels).clone(),
        }
    }

    /// Counts one policy set that was taken or refused.
    pub(crate) fn policies_refused(&self) {
        self.reloads
            .get_or_create(&ReloadLabels { result: "refused" })
            .inc();
    }

    /// Shows the rules of the set that is judged by from now on.
    pub(crate) fn policies_taken(&self, set: &PolicySet) {
        self.reloads
            .get_or_create(&ReloadLabels { result: "taken" })
            .inc();
        self.changes.take(set);
        self.rules.clear();
        for policy in set.policies() {
            let written = policy
                .rules
                .iter()
                .filter(|rule| matches!(rule.origin, policy_engine::policy::RuleOrigin::Written));
            for rule in written.take(crate::limits::MOST_LABEL_SETS) {
                let labels = RuleLabels {
                    policy_validation_mode: validation_mode(policy),
                    policy_type: scope(policy),
                    policy_background_mode: background(policy),
                    policy_namespace: policy.key.namespace.clone().unwrap_or_else(|| "-".into()),
                    policy_name: policy.key.name.clone(),
                    rule_name: rule.name.clone(),
                    rule_type: labels::rule_type(rule.body.kind()),
                    status_ready: "true",
                };
                self.rules.get_or_create(&labels).set(1);
            }
        }
    }

    /// Counts a connection for as long as the guard lives.
    pub(crate) fn connection(&self) -> ConnectionGuard {
        self.connections.inc();
        ConnectionGuard(self.connections.clone())
    }

    /// All of it as text.
    ///
    /// # Errors
    /// [`std::fmt::Error`], never in practice: a `String` takes everything.
    pub(crate) fn encode(&self) -> Result<String, std::fmt::Error> {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let tasks = runtime.metrics().num_alive_tasks();
            self.tasks.set(i64::try_from(tasks).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// One HTTP request under way.
#[derive(Debug)]
#[must_use = "the time of the request ends where this is dropped"]
pub(crate) struct HttpTimer {
    began: Instant,
    duration: Histogram,
}

impl Drop for HttpTimer {
    fn drop(&mut self) {
        self.duration.observe(self.began.elapsed().as_secs_f64());
    }
}

/// One open connection.
#[derive(Debug)]
pub(crate) struct ConnectionGuard(Gauge);

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}
