//! A Kubernetes API server: found, asked with limits, listed page by page.
//!
//! In: a kubeconfig or a service account. Out: JSON of the API server, whole lists, facts for the engine.
//! Never: a credential at another host than the server's, or over plain HTTP; a list of which a page is missing;
//! an answer, a wait or a plugin without a limit.
//!
//!     kubeconfig ─▶ settings ─▶ client ─┬▶ discovery ─▶ list ─▶ objects to judge
//!                 credentials ──┘       └▶ live ─▶ facts that policies ask for
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
mod client;
mod discovery;
mod list;
mod global_context;
mod live;

pub use client::Client;
pub use discovery::{Discovery, ServedKind, UnavailableGroup};
pub use error::ClusterError;
pub use kubeconfig::KubeconfigChoice;
pub use list::{ListOptions, list};
pub use live::LiveCluster;
pub use settings::Settings;
