//! `vouchsafe controller`: the admission controller of a cluster.

mod arguments;
mod run;

pub(crate) use arguments::Arguments;
pub(crate) use run::run;
