//! Which path means what.
//!
//! `/validate` and `/mutate` judge by all policies; with `/fail` or `/ignore` behind them by those with that
//! `failurePolicy`, and with `/finegrained/NAME` or `/finegrained/NAMESPACE/NAME` behind that by one policy alone, as
//! Kyverno's webhooks ask.

use http::Method;
use policy_engine::request::Stage;

use crate::policies::Share;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// A review.
    Review {
        /// Which call it is.
        stage: Stage,
        /// By which policies.
        share: Share,
        /// The path.
        path: &'static str,
    },
    /// A review of a policy that is about to be stored.
    PolicyReview,
    /// Whether the process lives.
    Health,
    /// Whether reviews are answered.
    Readiness,
    /// What was counted.
    Metrics,
    /// Why a request was denied, by an id.
    Explanation(String),
}

impl Route {
    /// What `path` means; none where it means nothing.
    pub(crate) fn of(path: &str) -> Option<Self> {
        let review = |stage, share, path| Some(Self::Review { stage, share, path });
        match path {
            "/validate" => review(Stage::Validate, Share::All, "/validate"),
            "/validate/fail" => review(Stage::Validate, Share::Fail, "/validate/fail"),
            "/validate/ignore" => review(Stage::Validate, Share::Ignore, "/validate/ignore"),
            "/mutate" => review(Stage::Mutate, Share::All, "/mutate"),
            "/mutate/fail" => review(Stage::Mutate, Share::Fail, "/mutate/fail"),
            "/mutate/ignore" => review(Stage::Mutate, Share::Ignore, "/mutate/ignore"),
            "/policyvalidate" => Some(Self::PolicyReview),
            "/healthz" | "/livez" | "/health/liveness" => Some(Self::Health),
            "/readyz" | "/health/readiness" => Some(Self::Readiness),
            "/metrics" => Some(Self::Metrics),
            path => match path.strip_prefix("/explain/") {
                Some(id) => Some(Self::Explanation(id.to_owned())),
                None => Self::of_one_policy(path),
            },
        }
    }

    fn of_one_policy(path: &str) -> Option<Self> {
        let (before, name) = path.split_once("/finegrained/")?;
        let (stage, path) = match before {
            "/validate/fail" => (Stage::Validate, "/validate/fail/finegrained"),
            "/validate/ignore" => (Stage::Validate, "/validate/ignore/finegrained"),
            "/mutate/fail" => (Stage::Mutate, "/mutate/fail/finegrained"),
            "/mutate/ignore" => (Stage::Mutate, "/mutate/ignore/finegrained"),
            _ => return None,
        };
        Some(Self::Review {
            stage,
            share: Share::One(name.to_owned()),
            path,
        })
    }

    /// The one method it is asked with.
    pub(crate) fn method(&self) -> Method {
        match self {
            Self::Review { .. } | Self::PolicyReview => Method::POST,
            Self::Health | Self::Readiness | Self::Metrics | Self::Explanation(_) => Method::GET,
        }
    }

    /// How it is counted.
    pub(crate) fn url(&self) -> &'static str {
        match self {
            Self::Review { path, .. } => path,
            Self::PolicyReview => "/policyvalidate",
            Self::Health => "/healthz",
            Self::Readiness => "/readyz",
            Self::Metrics => "/metrics",
            Self::Explanation(_) => "/explain",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(path: &str) -> Option<Share> {
        match Route::of(path)? {
            Route::Review { share, .. } => Some(share),
            Route::PolicyReview
            | Route::Health
            | Route::Readiness
            | Route::Metrics
            | Route::Explanation(_) => None,
        }
    }

    #[test]
    fn a_policy_with_a_webhook_of_its_own_is_asked_for_by_name() {
        let one = |name: &str| Some(Share::One(name.to_owned()));
        assert_eq!(share("/validate/fail/finegrained/a"), one("a"));
        assert_eq!(share("/mutate/ignore/finegrained/shop/a"), one("shop/a"));
        assert_eq!(share("/validate/fail"), Some(Share::Fail));
        assert_eq!(share("/validate/finegrained/a"), None);
    }
}
