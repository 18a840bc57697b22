//! What a policy's author may reach.
//!
//! A namespaced `Policy` is written by a tenant: it reaches its own namespace's Secrets and ConfigMaps, no file, no
//! environment variable, no address of the cluster. A `ClusterPolicy` is written by the cluster's owner.
//! (CVE-2026-22039, CVE-2026-41068, CVE-2026-4789; spec: verify-images §8.22.)

use policy_engine::facts::Asker;

/// Who stands behind the policies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tenancy {
    /// Tenants write namespaced policies: the webhook and the controller.
    #[default]
    Shared,
    /// One person runs policies on their own machine: the command line.
    Owner,
}

impl Tenancy {
    /// Whether `asker` may read the Secret or ConfigMap of `namespace`.
    ///
    /// # Errors
    /// The sentence that refuses it.
    pub fn may_read_namespace(self, asker: &Asker, namespace: &str) -> Result<(), String> {
        match &asker.policy_namespace {
            Some(own) if own != namespace => Err(format!(
                "a policy of namespace `{own}` may not read namespace `{namespace}`"
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether `asker` may read files and environment variables of this process.
    ///
    /// # Errors
    /// The sentence that refuses it.
    pub fn may_read_process(self, asker: &Asker, what: &str) -> Result<(), String> {
        match (self, &asker.policy_namespace) {
            (Self::Shared, Some(own)) => Err(format!("a policy of namespace `{own}` may not read {what}")),
            (Self::Shared, None) | (Self::Owner, _) => Ok(()),
        }
    }

    /// Whether `asker` may call services at all.
    ///
    /// # Errors
    /// The sentence that refuses it.
    pub fn may_call_services(self, asker: &Asker) -> Result<(), String> {
        self.may_read_process(asker, "addresses outside its namespace")
    }
}
