//! `UserInfo`: who makes the request.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Who makes the request, with the roles that the cluster would work out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UserInfo {
    /// Roles as `namespace:name`.
    pub roles: Vec<String>,
    /// Cluster roles.
    pub cluster_roles: Vec<String>,
    /// The user.
    pub user_info: User,
    /// For generate rules.
    pub synchronize: bool,
}

/// A user as the API server tells of one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct User {
    /// Name.
    pub username: String,
    /// UID.
    pub uid: String,
    /// Groups.
    pub groups: Vec<String>,
    /// What the authenticator adds.
    pub extra: BTreeMap<String, Vec<String>>,
}
