//! The webhook: HTTP requests in, HTTP responses out, whatever carries them.
//!
//! In: one [`http::Request`]. Out: always a response. A review is answered with a review wherever its uid can be told; a
//! panic while it is judged denies it, and it alone.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use fact_loading::Loader;
use futures_util::FutureExt;
use http::header::{ALLOW, CACHE_CONTROL};
use http::request::Parts;
use http::{HeaderValue, Request, StatusCode};
use http_body::Body;
use policy_engine::request::Stage;
use policy_engine::{Engine, EngineOptions};
use tokio::sync::{Semaphore, SemaphorePermit};
use trace_export::TraceCounts;
use tracing::{Instrument as _, Span};

use crate::body::{BodyError, announced_bytes, read_whole};
use crate::denial_log;
use crate::explanations::{Explanation, ExplanationId, Explanations, Found};
use crate::gate::{Gate, Passage};
use crate::limits::{ROOM_UNIT_BYTES, ROOM_UNITS};
use crate::metrics::{self, Metrics};
use crate::pipeline::{self, ReviewTime, caller_time};
use crate::policies::{PolicyStore, Share};
use crate::reply::{HttpRefusal, Reply, reply, text};
use crate::response::Answer;
use crate::review::{self, Unreadable};
use crate::review_span;
use crate::route::Route;

/// What the webhook is made of.
#[derive(Debug)]
pub struct WebhookOptions {
    /// Answers the engine's questions.
    pub loader: Loader,
    /// How every request is judged.
    pub engine: EngineOptions,
    /// Longest time one review may take, whatever its caller says.
    pub longest_review: Duration,
    /// What becomes of spans, for the metrics; none: traces are not exported.
    pub traces: Option<TraceCounts>,
}

/// Answers reviews by the policies in force.
#[derive(Debug)]
pub struct Webhook {
    loader: Loader,
    longest_review: Duration,
    policies: Arc<PolicyStore>,
    metrics: Arc<Metrics>,
    room: Semaphore,
    is_stopping: AtomicBool,
    gate: Option<Arc<dyn Gate>>,
    explanations: Explanations,
    has_plain_denials: bool,
}

impl Webhook {
    /// A webhook without policies: it answers no review until [`PolicyStore::take`] gives it some.
    #[must_use]
    pub fn new(options: WebhookOptions) -> Self {
        let metrics = Arc::new(Metrics::new(options.traces));
        Self {
            loader: options.loader,
            longest_review: options.longest_review,
            policies: Arc::new(PolicyStore::new(options.engine, Arc::clone(&metrics))),
            metrics,
            room: Semaphore::new(ROOM_UNITS),
            is_stopping: AtomicBool::new(false),
            gate: None,
            explanations: Explanations::new(),
            has_plain_denials: false,
        }
    }

    /// The same webhook; `is_so`: denials are Kyverno's words alone, without the line that names their explanation. Logs
    /// and the API server's audit log still have its id.
    #[must_use]
    pub fn with_plain_denials(mut self, is_so: bool) -> Self {
        self.has_plain_denials = is_so;
        self
    }

    /// The same webhook, whose requests go through `gate` first.
    #[must_use]
    pub fn behind(mut self, gate: Arc<dyn Gate>) -> Self {
        self.gate = Some(gate);
        self
    }

    /// The policies in force.
    #[must_use]
    pub fn policies(&self) -> &Arc<PolicyStore> {
        &self.policies
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// From now on not ready: nothing new is to be sent here.
    pub(crate) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Answers one HTTP request.
    pub async fn respond<B>(&self, request: Request<B>) -> Reply
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BodyError>,
    {
        let (head, body) = request.into_parts();
        let Some(route) = Route::of(head.uri.path()) else {
            let _timer = self.metrics.http_request("other", "other");
            return text(StatusCode::NOT_FOUND, "no such path");
        };
        let method = route.method();
        if head.method != method {
            let _timer = self.metrics.http_request("other", route.url());
            let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "no such method here");
            if let Ok(value) = HeaderValue::from_str(method.as_str()) {
                refused.headers_mut().insert(ALLOW, value);
            }
            return refused;
        }
        match route {
            Route::Review { stage, share, path } => {
                let _timer = self.metrics.http_request("POST", path);
                let span = review_span::open(&head, stage);
                let review = self.review(&head, body, stage, share, &span);
                match review.instrument(span.clone()).await {
                    Ok(answer) => reply(StatusCode::OK, "application/json; charset=utf-8", answer),
                    Err(refused) => refused.into_reply(),
                }
            }
            Route::PolicyReview => {
                let _timer = self.metrics.http_request("POST", route.url());
                match self.review_policy(&head, body).await {
                    Ok(answer) => reply(StatusCode::OK, "application/json; charset=utf-8", answer),
                    Err(refused) => refused.into_reply(),
                }
            }
            Route::Health => {
                let _timer = self.metrics.http_request("GET", route.url());
                text(StatusCode::OK, "ok")
            }
            Route::Readiness => {
                let _timer = self.metrics.http_request("GET", route.url());
                self.readiness()
            }
            Route::Metrics => {
                let _timer = self.metrics.http_request("GET", route.url());
                self.encoded_metrics()
            }
            Route::Explanation(ref id) => {
                let _timer = self.metrics.http_request("GET", route.url());
                self.explanation(id)
            }
        }
    }

    fn readiness(&self) -> Reply {
        if self.is_stopping.load(Ordering::Relaxed) {
            text(StatusCode::SERVICE_UNAVAILABLE, "stopping")
        } else if self.policies.is_loaded() {
            text(StatusCode::OK, "ok")
        } else {
            text(StatusCode::SERVICE_UNAVAILABLE, "no policies are loaded yet")
        }
    }

    fn encoded_metrics(&self) -> Reply {
        match self.metrics.encode() {
            Ok(encoded) => reply(StatusCode::OK, metrics::MEDIA_TYPE, encoded.into()),
            Err(cause) => text(StatusCode::INTERNAL_SERVER_ERROR, &cause.to_string()),
        }
    }

    /// What is kept under `id`. Whoever shows the whole of it was told it.
    fn explanation(&self, id: &str) -> Reply {
        let (status, body) = match self.explanations.find(id) {
            Found::Kept(explanation) => (StatusCode::OK, explanation),
            Found::Evicted => {
                let sentence = r#"{"message": "no longer kept: later denials took its place"}"#;
                (StatusCode::GONE, Bytes::from_static(sentence.as_bytes()))
            }
            Found::NotOurs => {
                let sentence = r#"{"message": "this replica made no such id"}"#;
                (StatusCode::NOT_FOUND, Bytes::from_static(sentence.as_bytes()))
            }
        };
        let mut reply = reply(status, "application/json; charset=utf-8", body);
        let kept_nowhere = HeaderValue::from_static("no-store");
        reply.headers_mut().insert(CACHE_CONTROL, kept_nowhere);
        reply
    }

    /// Keeps `explanation` under a new id.
    fn explain(&self, explanation: &Explanation) -> Option<ExplanationId> {
        let json = explanation.to_json().ok()?;
        let id = self.explanations.new_id()?;
        denial_log::explained(id, &json);
        self.explanations.keep(id, json.into());
        Some(id)
    }

    /// One review in, the body of its answer out; `Err` where no review can be answered.
    async fn review<B>(
        &self,
        head: &Parts,
        body: B,
        stage: Stage,
        share: Share,
        span: &Span,
    ) -> Result<Bytes, HttpRefusal>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BodyError>,
    {
        let time = ReviewTime::start(caller_time(head.uri.query()).min(self.longest_review));
        let announced = announced_bytes(head)?;
        let _room = self.room(announced, time).await?;
        let body = read_whole(body, announced, time).await?;
        let engine = self.policies.engine(&share).ok_or_else(|| {
            HttpRefusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the policies asked for are not loaded: nothing can be judged",
            )
        })?;
        let judging = AssertUnwindSafe(self.judge(&engine, &body, stage, time, span));
        match judging.catch_unwind().await {
            Ok(answered) => answered,
            Err(_) => {
                let reason = "judging this request failed in an unforeseen way; it is denied".to_owned();
                review_span::failed(span, &reason);
                let uid = review::uid_of(&body);
                self.unjudged(stage, Unreadable { uid, reason })
            }
        }
    }

    /// One review of a policy in, the body of its answer out.
    async fn review_policy<B>(&self, head: &Parts, body: B) -> Result<Bytes, HttpRefusal>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<BodyError>,
    {
        let Some(gate) = &self.gate else {
            return Err(HttpRefusal::new(StatusCode::NOT_FOUND, "no such path"));
        };
        let time = ReviewTime::start(caller_time(head.uri.query()).min(self.longest_review));
        let announced = announced_bytes(head)?;
        let _room = self.room(announced, time).await?;
        let body = read_whole(body, announced, time).await?;
        let stage = Stage::Validate;
        let request = policy_engine::Request::from_admission_review(&body, stage, crate::clock::now_ns());
        let request = match request {
            Ok(request) => request,
            Err(cause) => {
                let unreadable = Unreadable {
                    uid: review::uid_of(&body),
                    reason: cause.to_string(),
                };
                return self.unjudged(stage, unreadable);
            }
        };
        // What is deleted needs no check, and a faulty policy that is there must be deletable: finalizers are updates.
        let spec_before = request.old_object.as_ref().and_then(|before| before.get("spec"));
        let policy = request.object.as_ref();
        let Some(policy) = policy.filter(|policy| spec_before.is_none() || policy.get("spec") != spec_before)
        else {
            return written(&Answer::default(), &request.uid);
        };
        let checking = std::panic::catch_unwind(AssertUnwindSafe(|| gate.check_policy(policy)));
        let Ok(check) = checking else {
            let reason = "checking this policy failed in an unforeseen way; it is refused".to_owned();
            let explanation = Explanation::unjudged(stage, &request, reason.clone());
            return self.denied_unjudged(stage, &explanation, reason);
        };
        let denial = match check.faults.as_slice() {
            [] => None,
            [fault] => Some(fault.clone()),
            // As Kubernetes lists them.
            faults => Some(format!("[{}]", faults.join(", "))),
        };
        let explanation = denial.as_ref().and_then(|faults| {
            let id = self.explain(&Explanation::unjudged(stage, &request, faults.clone()));
            denial_log::denied_unjudged(stage, &request.uid, faults, id);
            id
        });
        let answer = Answer {
            denial,
            explanation,
            is_plain: self.has_plain_denials,
            warnings: check.warnings,
            ..Answer::default()
        };
        written(&answer, &request.uid)
    }

    async fn judge(
        &self,
        engine: &Engine,
        body: &[u8],
        stage: Stage,
        time: ReviewTime,
        span: &Span,
    ) -> Result<Bytes, HttpRefusal> {
        let request = match review::read(body, engine.policies(), stage, crate::clock::now_ns()) {
            Ok(request) => request,
            Err(unreadable) => {
                // The reason itself may quote the object.
                review_span::failed(span, "the review could not be read");
                return self.unjudged(stage, unreadable);
            }
        };
        let request = match self.gate.as_ref().map(|gate| gate.pass(&request)) {
            None => request,
            Some(Passage::Judged(completed)) => *completed,
            Some(Passage::Admitted) => return written(&Answer::default(), &request.uid),
        };
        review_span::about(span, stage, &request);
        match pipeline::judge(engine, &self.loader, &request, time).await {
            Ok(decision) => {
                let mut answer = Answer::of(&decision, stage);
                review_span::decided(span, &decision, answer.is_allowed());
                if let Some(gate) = &self.gate {
                    gate.decided(stage, engine.policies(), &request, &decision);
                }
                self.metrics.review(
                    stage,
                    &request,
                    answer.is_allowed(),
                    Some(&decision),
                    time.taken(),
                );
                if !answer.is_allowed() {
                    answer.explanation = self.explain(&Explanation::of(stage, &request, &decision));
                    answer.is_plain = self.has_plain_denials;
                    denial_log::denied(stage, &request, &decision, time, answer.explanation);
                }
                written(&answer, &request.uid)
            }
            Err(reason) => {
                review_span::failed(span, &reason);
                self.metrics.review(stage, &request, false, None, time.taken());
                let explanation = Explanation::unjudged(stage, &request, reason.clone());
                self.denied_unjudged(stage, &explanation, reason)
            }
        }
    }

    /// A denial of what could not be judged, where there is a uid to answer under.
    fn unjudged(&self, stage: Stage, unreadable: Unreadable) -> Result<Bytes, HttpRefusal> {
        let Unreadable { uid, reason } = unreadable;
        let Some(uid) = uid else {
            denial_log::denied_unjudged(stage, "", &reason, None);
            return Err(HttpRefusal::new(StatusCode::BAD_REQUEST, reason));
        };
        let explanation = Explanation::unread(stage, uid, crate::clock::now_ns(), reason.clone());
        self.denied_unjudged(stage, &explanation, reason)
    }

    fn denied_unjudged(
        &self,
        stage: Stage,
        explanation: &Explanation,
        reason: String,
    ) -> Result<Bytes, HttpRefusal> {
        let id = self.explain(explanation);
        denial_log::denied_unjudged(stage, &explanation.uid, &reason, id);
        let answer = Answer {
            explanation: id,
            is_plain: self.has_plain_denials,
            ..Answer::denied(reason)
        };
        written(&answer, &explanation.uid)
    }

    /// Room for a body of `bytes`; waits for it as long as the caller does.
    async fn room(&self, bytes: usize, time: ReviewTime) -> Result<SemaphorePermit<'_>, HttpRefusal> {
        let units = u32::try_from(bytes.div_ceil(ROOM_UNIT_BYTES).max(1)).unwrap_or(u32::MAX);
        match tokio::time::timeout(time.for_facts(), self.room.acquire_many(units)).await {
            Ok(Ok(room)) => Ok(room),
            Ok(Err(_)) | Err(_) => Err(HttpRefusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many reviews at the same time",
            )),
        }
    }
}

fn written(answer: &Answer, uid: &str) -> Result<Bytes, HttpRefusal> {
    let body = answer.to_body(uid);
    body.map_err(|cause| HttpRefusal::new(StatusCode::INTERNAL_SERVER_ERROR, cause.to_string()))
}
