//! `vouchsafe lint PATH…`: what an author should hear before enforcing a policy.
//!
//! In: files and folders of policies. Out: faults and findings, each with file, line and what to write instead, as text,
//! JSON or SARIF. Exit code 1 where a policy can't be loaded, or where a finding is denied.

mod arguments;
mod text;
mod json;
mod sarif;
mod run;

pub(crate) use arguments::Arguments;
pub(crate) use run::run;
