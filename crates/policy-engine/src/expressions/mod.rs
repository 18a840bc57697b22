//! Expressions in Common Expression Language: what policies of all kinds that use it have in common.
//!
//! In: the text of a policy's expressions; a [`Request`](crate::Request), [`FactView`](crate::facts::FactView). Out:
//! programs whose types are known when the policy is loaded; values, or that a fact is missing. A kind of policy says in
//! which [`Dialect`] it speaks and what more it binds; it never evaluates by itself.
//!
//!     text ─▶ Dialect ─▶ Program ─▶ Scene (variables · budget) ─▶ value | Halt
//!                                     └─▶ World (questions ─▶ FactRequest) ─▶ ImageAnswers
//!
//! Sources: Kyverno 1.19 `pkg/cel/compiler`, Kubernetes 1.36 `apiserver/pkg/admission/plugin/cel`.

mod dialect;
mod compile;
mod variables;
mod admission_request;
mod api_path;
mod world;
mod discovery;
mod image_metadata;
mod authorizations;
mod questions;
mod scene;
mod conditions;
mod validations;
mod annotations;
mod params;
mod exemption;
pub mod generated;

pub use annotations::AuditAnnotations;
pub use compile::{Output, compile, compile_field};
pub use conditions::{MatchConditions, Met};
pub use dialect::Dialect;
pub(crate) use exemption::exceptions_value;
pub use exemption::{Exempted, Exemption, exempted};
pub use image_metadata::of_image as image_metadata_of;
pub use params::{ParamKind, ParamRef, params};
pub use scene::{Scene, halt};
pub use validations::{Finding, Validations, Wording};
pub use variables::Variables;
pub use world::{ImageAnswers, World};
