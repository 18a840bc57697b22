//! What was asked of the registry, in order.

/// One request as it came in, whatever was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRequest {
    /// `GET`, `HEAD`, …
    pub method: String,
    /// Path without query.
    pub path: String,
    /// Query without `?`, empty where there is none.
    pub query: String,
    /// The `Host` header or authority.
    pub host: String,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
}
