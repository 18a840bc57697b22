//! `vouchsafe apply POLICY… --resource …`: judge resources by policies, as `kyverno apply` does.
//!
//! Behaviour: Kyverno 1.19 `kyverno apply`; spec: engine-and-cli §9.1.
//!
//!     arguments ─▶ inputs ─▶ judging, batch by batch ─▶ collected ─▶ view ─▶ exit code

mod arguments;
mod elsewhere;
mod global_context;
mod world;
mod inputs;
mod mutated;
mod exceptions;
mod collected;
mod run;

pub(crate) use arguments::Arguments;
pub(crate) use run::run;
