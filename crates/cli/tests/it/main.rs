//! The commands as people type them: arguments and files in; text, files and exit codes out.

// `cfg(test)` tells clippy that all of it is test code, functions without `#[test]` too.
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod api_server;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod ready_policies;
#[cfg(test)]
mod apply;
#[cfg(test)]
mod apply_calls;
#[cfg(test)]
mod apply_cluster;
#[cfg(test)]
mod apply_context;
#[cfg(test)]
mod apply_exceptions;
#[cfg(test)]
mod apply_formats;
#[cfg(test)]
mod apply_mutations;
#[cfg(test)]
mod migrate;
#[cfg(test)]
mod suites;
#[cfg(test)]
mod verify;
#[cfg(test)]
#[path = "../../../trust-root/tests/it/tuf.rs"]
mod tuf;
#[cfg(test)]
mod verify_bundle;
#[cfg(test)]
mod stale_trust;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod demo;
