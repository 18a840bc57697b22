//! A Kubernetes API server: found, asked with limits, listed page by page, watched, written to.
//!
//! In: a kubeconfig or a service account. Out: JSON of the API server, whole lists, copies that follow, facts for the engine.
//! Never: a credential at another host than the server's, or over plain HTTP; a list of which a page is missing;
//! an answer, a wait or a plugin without a limit.
//!
//!     kubeconfig ─▶ settings ─▶ client ─┬▶ discovery ─▶ list ─▶ objects to judge
//!                 credentials ──┘       ├▶ list ─▶ watch ─▶ reflector: a copy that follows
//!                                       ├▶ writes
//!                                       └▶ live ─▶ facts that policies ask for
//!
//! Behaviour: client-go's `clientcmd`, `plugin/pkg/client/auth/exec` and `tools/pager` of Kubernetes 1.34.

mod limits;
mod error;
mod secret;
mod exec_plugin;
mod credentials;
mod settings;
mod kubeconfig;
mod connection;
mod backoff;
mod client;
mod writes;
mod discovery;
mod resources;
mod list;
mod watch;
mod reflector;
mod global_context;
mod live;

pub use backoff::{Backoff, jittered};
pub use client::Client;
pub use discovery::{Discovery, ServedKind, UnavailableGroup};
pub use error::ClusterError;
pub use kubeconfig::KubeconfigChoice;
pub use list::{ListOptions, Pages, Subject, list};
pub use live::LiveCluster;
pub use reflector::{ObjectName, Store, Sync, reflect};
pub use resources::{ServedResource, ServedResources};
pub use settings::Settings;
pub use watch::{Watch, WatchEvent};
pub use writes::{PatchKind, Preconditions};
