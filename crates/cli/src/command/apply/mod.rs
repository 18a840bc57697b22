//! `vouchsafe apply POLICY… --resource …`: judge resources by policies, as `kyverno apply` does.
//!
//! Behaviour: Kyverno 1.19 `kyverno apply`; spec: engine-and-cli §9.1.

mod arguments;
mod run;

pub(crate) use arguments::Arguments;
pub(crate) use run::run;
