//! Calls to services (`apiCall.service`), on behalf of a policy.
//!
//! No credential is added that the policy does not name itself: Kyverno adds its service account's token to addresses that
//! policies choose (CVE-2026-41323).

use policy_engine::FactError;
use policy_engine::facts::Asker;
use serde_json::{Value, json};

use crate::addresses::Loopback;
use crate::http::{Authorities, Http, HttpCall, Word};
use crate::tenancy::Tenancy;

/// Largest answer of a service, in bytes, as Kyverno's for admission.
const MOST_ANSWER_BYTES: usize = 10 * 1024 * 1024;

/// One call as the engine asks it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServiceCall<'c> {
    pub(crate) asker: &'c Asker,
    pub(crate) method: &'c str,
    pub(crate) url: &'c str,
    pub(crate) headers: &'c [(String, String)],
    pub(crate) ca_bundle: Option<&'c str>,
    pub(crate) body: Option<&'c str>,
}

/// Calls a service and reads its JSON.
pub(crate) async fn call(
    http: &Http,
    loopback: Loopback,
    tenancy: Tenancy,
    call: ServiceCall<'_>,
) -> Result<Value, FactError> {
    let (status, body) = answer(http, loopback, tenancy, call).await?;
    if !(200..300).contains(&status) {
        let text: String = String::from_utf8_lossy(&body).chars().take(1_000).collect();
        return Err(FactError::Failed(format!("HTTP {status}: {text}")));
    }
    serde_json::from_slice(&body)
        .map_err(|cause| FactError::Failed(format!("the answer is no JSON: {cause}")))
}

/// Calls a service; the status is part of the answer: `{status, body}`. A body that is no JSON is text.
pub(crate) async fn exchange(
    http: &Http,
    loopback: Loopback,
    tenancy: Tenancy,
    call: ServiceCall<'_>,
) -> Result<Value, FactError> {
    let (status, body) = answer(http, loopback, tenancy, call).await?;
    let body = serde_json::from_slice(&body)
        .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&body).into_owned()));
    Ok(json!({"status": status, "body": body}))
}

async fn answer(
    http: &Http,
    loopback: Loopback,
    tenancy: Tenancy,
    call: ServiceCall<'_>,
) -> Result<(u16, Vec<u8>), FactError> {
    tenancy.may_call_services(call.asker).map_err(FactError::Failed)?;
    let own;
    let http = match call.ca_bundle {
        None => http,
        Some(pem) => {
            let made = Http::new(Word::Policy(loopback), Authorities::Only(pem));
            own = made.map_err(|cause| FactError::Failed(cause.to_string()))?;
            &own
        }
    };
    let request = HttpCall {
        method: call.method,
        url: call.url,
        headers: call.headers,
        body: call.body,
        content_type: "application/json",
        most_bytes: MOST_ANSWER_BYTES,
    };
    http.call(&request).await.map_err(FactError::Failed)
}
