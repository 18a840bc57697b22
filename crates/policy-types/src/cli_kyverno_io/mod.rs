//! The kinds of the group `cli.kyverno.io`: what `test` and `apply` read besides policies and resources.
//!
//! Source: Kyverno 1.19 `cmd/cli/kubectl-kyverno/apis/v1alpha1`.

pub mod test;
pub mod values;
pub mod user_info;
pub mod context;
pub mod cluster_resource;
