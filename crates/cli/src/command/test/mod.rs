//! `vouchsafe test DIR…`: run the suites of `kyverno-test.yaml` files, as `kyverno test` does.
//!
//! Behaviour: Kyverno 1.19 `kyverno test`; spec: engine-and-cli §9.2.
//!
//!     files ─▶ suite (inputs) ─▶ responses (judged) ─▶ rows (expected against found) ─▶ tables, summary, exit code

mod arguments;
mod selector;
mod suite;
mod responses;
mod rows;
mod comparison;
mod output;
mod run;

pub(crate) use arguments::Arguments;
pub(crate) use run::run;
