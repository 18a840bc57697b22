//! `vouchsafe serve`: the admission webhook without a cluster.

mod arguments;
mod log;
mod traces;
mod policy_folder;
mod no_cluster;
mod run;

pub(crate) use arguments::{Arguments, LogFormat, LogLevel};
pub(crate) use log::start as start_log;
pub(crate) use run::{run, stop_signal};
pub(crate) use traces::{TracesError, of_environment as traces_of_environment};
