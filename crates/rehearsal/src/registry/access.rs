//! Who may read: nobody asked, Basic, or Bearer tokens with the token endpoint of the Docker registry.
//!
//! Tokens are for one repository and end after their lifetime or by [`Tokens::revoke`]; a client must ask anew.
//! Source: distribution/docs/spec/auth/token.md and oauth.md.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::time::Instant;

/// What a request must show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Nothing.
    #[default]
    Open,
    /// A user's name and password in each request.
    Basic {
        /// User name.
        user: String,
        /// Password.
        password: String,
    },
    /// A token, fetched with a user's name and password or with a refresh token.
    Bearer(BearerAccess),
}

/// Who gets a Bearer token, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BearerAccess {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
    /// A refresh token (`identitytoken` of a Docker login) that is as good as the password.
    pub refresh_token: Option<String>,
    /// Give tokens to those who show nothing, as public registries do.
    pub anonymous: bool,
    /// How long a token is good.
    pub lifetime: Duration,
}

impl BearerAccess {
    /// Tokens of five minutes for `user` alone.
    #[must_use]
    pub fn new(user: &str, password: &str) -> Self {
        Self {
            user: user.to_owned(),
            password: password.to_owned(),
            refresh_token: None,
            anonymous: false,
            lifetime: Duration::from_secs(300),
        }
    }

    /// `true` where these parameters and this header deserve a token.
    pub(super) fn deserves(&self, parameters: &HashMap<String, String>, authorization: Option<&str>) -> bool {
        if let Some(offered) = parameters.get("refresh_token") {
            return self.refresh_token.as_ref() == Some(offered);
        }
        if parameters
            .get("grant_type")
            .is_some_and(|grant| grant == "password")
        {
            return parameters.get("username") == Some(&self.user)
                && parameters.get("password") == Some(&self.password);
        }
        authorization.map_or(self.anonymous, |header| {
            header == basic(&self.user, &self.password)
        })
    }
}

/// The value of an `Authorization: Basic` header.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Tokens given and not yet ended.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    given: HashMap<String, Token>,
    count: u64,
}

#[derive(Debug)]
struct Token {
    scope: String,
    ends: Instant,
}

impl Tokens {
    pub(super) fn give(&mut self, scope: &str, lifetime: Duration) -> String {
        self.count += 1;
        let token = format!("rehearsal-token-{}", self.count);
        let ends = Instant::now() + lifetime;
        self.given.insert(
            token.clone(),
            Token {
                scope: scope.to_owned(),
                ends,
            },
        );
        token
    }

    pub(super) fn revoke(&mut self) {
        self.given.clear();
    }

    pub(super) fn allow(&self, authorization: Option<&str>, repository: Option<&str>) -> bool {
        let token = authorization.and_then(|header| header.strip_prefix("Bearer "));
        let Some(token) = token.and_then(|token| self.given.get(token)) else {
            return false;
        };
        let fits = repository.is_none_or(|name| token.scope == scope_for(name));
        fits && Instant::now() < token.ends
    }
}

/// The scope a client must ask to read `repository`.
pub(super) fn scope_for(repository: &str) -> String {
    format!("repository:{repository}:pull")
}
