//! `vouchsafe serve`: the admission webhook without a cluster.

mod arguments;
mod log;
mod policy_folder;
mod no_cluster;
mod run;

pub(crate) use arguments::Arguments;
pub(crate) use run::run;
