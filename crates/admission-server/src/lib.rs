//! The admission webhook over HTTPS: reviews in, answers out.
//!
//! In: reviews (`AdmissionReview` of `admission.k8s.io/v1`) over HTTP/1.1 or HTTP/2, compiled policies, a
//! [`fact_loading::Loader`]. Out: one answer for each review, always: what can't be judged is denied with its reason. Never: an answer after the caller's
//! time; a panic that outlives its request; an unbounded body, wait or label.
//!
//!     TLS ─▶ server ─▶ webhook (routes) ─▶ review ─▶ pipeline ─▶ Engine ⇄ Loader
//!                                                      └──────▶ response ─▶ AdmissionReview
//!
//! Behaviour: Kyverno 1.19 `pkg/webhooks`; where we differ: docs/compat.md#admission

// Floors, ground first: a module names only those above it in this list.
pub mod limits;
mod clock;
mod metrics;
mod policies;
mod tls;
mod review;
mod explanations;
mod response;
mod pipeline;
mod denial_log;
mod review_span;
mod route;
mod reply;
mod body;
mod gate;
mod webhook;
mod self_wakes;
mod server;
mod caller;

pub use caller::{CallError, Caller, Protocol};
pub use denial_log::EXPLANATION_TARGET;
pub use explanations::{Explanation, ExplanationId};
pub use gate::{Gate, Passage, PolicyCheck};
pub use policies::{PlacedPolicies, Placement, PolicySource, PolicyStore, Refused};
pub use server::{Server, ServerError, ServerOptions};
pub use tls::{OwnAuthority, Tls, TlsError};
pub use webhook::{Webhook, WebhookOptions};
