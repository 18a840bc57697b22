//! On whose behalf, and until when, a question is asked.
//!
//! Out: [`Call`], which every question carries.

use crate::credentials::Keychain;
use crate::deadline::{Deadline, RequestCount};

/// On whose behalf a registry is asked, and how
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Where credentials come from; empty: anonymous.
    pub keychain: Keychain,
    /// Plain HTTP is tried where HTTPS fails (`allowInsecureRegistry`). Certificates are checked all the same.
    pub allow_insecure: bool,
}

/// What every question to a registry carries
#[derive(Debug, Clone)]
pub struct Call {
    /// On whose behalf.
    pub access: Access,
    /// Until when.
    pub deadline: Deadline,
    /// Counts what it costs.
    pub requests: RequestCount,
}

impl Call {
    /// A call with a count of its own.
    #[must_use]
    pub fn new(access: Access, deadline: Deadline) -> Self {
        Self {
            access,
            deadline,
            requests: RequestCount::default(),
        }
    }
}
