//! Who asks, against the subjects of a rule.

use scalars::wildcard;
use serde_json::Value;

use crate::request::User;

/// A subject of the RBAC API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A service account, as the user name that the API server gives it.
    ServiceAccount {
        /// `system:serviceaccount:<namespace>:<name>`, a wildcard pattern.
        user_name: String,
    },
    /// A group, a wildcard pattern.
    Group(String),
    /// A user, a wildcard pattern.
    User(String),
}

impl Subject {
    /// Reads a subject; `None` for a kind that can never match (refused by the loader).
    #[must_use]
    pub fn compile(subject: &Value) -> Option<Self> {
        let field = |name: &str| subject.get(name).and_then(Value::as_str).unwrap_or_default();
        match field("kind") {
            "ServiceAccount" => Some(Self::ServiceAccount {
                user_name: format!("system:serviceaccount:{}:{}", field("namespace"), field("name")),
            }),
            "Group" => Some(Self::Group(field("name").to_owned())),
            "User" => Some(Self::User(field("name").to_owned())),
            _ => None,
        }
    }

    /// Whether `user` is this subject.
    #[must_use]
    pub fn is(&self, user: &User) -> bool {
        let name = user
            .info
            .get("username")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match self {
            Self::ServiceAccount { user_name } | Self::User(user_name) => wildcard::matches(user_name, name),
            Self::Group(group) => {
                let groups = user.info.get("groups").and_then(Value::as_array);
                groups
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .any(|found| wildcard::matches(group, found))
            }
        }
    }
}
