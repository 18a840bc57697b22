//! `vouchsafe verify IMAGE`: whether one image is signed or attested as demanded, by flags or by policies.
//!
//! The flags are cosign's. They are written as a policy and judged by the engine, so that `verify`, `apply` and `serve`
//! can't disagree. With `--policy` a Pod of that one image is judged by the policies' `verifyImages` rules.
//! Exit 0: verified; 1: refused; 2: called wrongly.

mod arguments;
mod predicate_types;
mod demand;
mod run;

pub(crate) use arguments::Arguments;
pub(crate) use run::run;
