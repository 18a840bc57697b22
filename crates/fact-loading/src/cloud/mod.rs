//! The clouds, and this process's own identity there.
//!
//! In: what the operator's environment says (the variables that each cloud's own tools read). Out: tokens and signed
//! calls, remembered until shortly before they end. Never: a credential to a host that the operator or the cloud did not
//! name; a secret in an error; a second call while one is under way for the same token.
//!
//!     key_services, logins ─▶ amazon · google · azure ─▶ means (environment, HTTP) ─▶ the network
//!
//! Source: AWS Signature Version 4 and the SDKs' credential chain; Google's AIP-4110 ff.; Azure Identity's
//! `DefaultAzureCredential`. Written against those documents and tested against local servers that hold to them.

mod means;
mod wallet;
mod json_web_token;
mod sigv4;
mod amazon_profile;
mod amazon_identity;
mod amazon;
mod google;
mod azure;

use crate::environment::Environment;

pub(crate) use amazon::{Amazon, AwsCall};
pub(crate) use azure::{Azure, NationalCloud};
pub(crate) use google::Google;
pub(crate) use means::{Ask, FORM, Means, form, header, json as ask_json};
pub(crate) use wallet::{Timed, Wallet};

/// All clouds. Cheap to clone; tokens are shared.
#[derive(Debug, Clone)]
pub(crate) struct Clouds {
    pub(crate) means: Means,
    pub(crate) amazon: Amazon,
    pub(crate) google: Google,
    pub(crate) azure: Azure,
}

impl Clouds {
    /// Clouds as `environment` names them. Nothing is asked before something is needed.
    pub(crate) fn new(environment: Environment) -> Self {
        let means = Means::new(environment);
        Self {
            amazon: Amazon::new(means.clone()),
            google: Google::new(means.clone()),
            azure: Azure::new(means.clone()),
            means,
        }
    }
}
