//! One request, one answer.

use std::collections::HashMap;
use std::future;
use std::sync::Arc;

use http::header::{
    ACCEPT_RANGES, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, LINK, LOCATION, RETRY_AFTER, USER_AGENT,
    WWW_AUTHENTICATE,
};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde::Serialize;
use serde_json::json;

use super::access::{Access, basic, scope_for};
use super::body::Answer;
use super::fault::Misbehaviour;
use super::log::LoggedRequest;
use super::route::Route;
use super::{State, lock, query};
use crate::content::StoredManifest;
use crate::oci::{Descriptor, IMAGE_INDEX, Index};

/// Bytes of a form body the token endpoint reads.
const MAX_FORM_BYTES: usize = 16 * 1024;
const OCTETS: &str = "application/octet-stream";
const JSON: &str = "application/json";
const DIGEST_HEADER: &str = "docker-content-digest";

type Reply = Response<Answer>;

/// Ends the connection without an answer: what [`Misbehaviour::HangUp`] asks for.
#[derive(Debug, thiserror::Error)]
#[error("the fault ordered for this request closes the connection")]
pub(super) struct HungUp;

pub(super) async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Reply, HungUp> {
    let (parts, body) = request.into_parts();
    lock(&state.log).push(logged(&parts));
    let route = Route::of(parts.uri.path());
    let struck = lock(&state.faults)
        .iter_mut()
        .find_map(|fault| fault.strike(&route));
    if !state.options.latency.is_zero() {
        tokio::time::sleep(state.options.latency).await;
    }
    let Some(misbehaviour) = struck else {
        return Ok(honest(&state, &parts, body, route).await);
    };
    misbehave(misbehaviour, &state, &parts, body, route).await
}

fn logged(parts: &Parts) -> LoggedRequest {
    let header = |name| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    LoggedRequest {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        host: parts
            .uri
            .authority()
            .map(ToString::to_string)
            .or_else(|| header(HOST))
            .unwrap_or_default(),
        authorization: header(AUTHORIZATION),
        user_agent: header(USER_AGENT),
    }
}

async fn misbehave(
    misbehaviour: Misbehaviour,
    state: &State,
    parts: &Parts,
    body: Incoming,
    mut route: Route,
) -> Result<Reply, HungUp> {
    let mut reply = match misbehaviour {
        Misbehaviour::LieAboutDigest(digest) => {
            let mut reply = honest(state, parts, body, route).await;
            set(&mut reply, DIGEST_HEADER, &digest);
            reply
        }
        Misbehaviour::ServeOtherBytes(bytes) => honest(state, parts, body, route)
            .await
            .map(|_| Answer::whole(bytes)),
        Misbehaviour::Answer { media_type, bytes } => {
            typed(StatusCode::OK, &media_type, Answer::whole(bytes))
        }
        Misbehaviour::MoveTo(references) => {
            if let (Route::Manifest { reference, .. }, Some(now)) = (&mut route, references.first()) {
                reference.clone_from(now);
            }
            honest(state, parts, body, route).await
        }
        Misbehaviour::EndlessBody => typed(StatusCode::OK, OCTETS, Answer::Endless),
        Misbehaviour::OversizedBody(left) => typed(StatusCode::OK, OCTETS, Answer::Zeros { left }),
        Misbehaviour::Stall => future::pending().await,
        Misbehaviour::StallBody => typed(StatusCode::OK, OCTETS, Answer::Silent),
        Misbehaviour::Delay(wait) => {
            tokio::time::sleep(wait).await;
            honest(state, parts, body, route).await
        }
        Misbehaviour::TooManyRequests { retry_after } => {
            let mut reply = fault(StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS", "slow down");
            if let Some(value) = retry_after {
                set(&mut reply, RETRY_AFTER.as_str(), &value);
            }
            reply
        }
        Misbehaviour::Status(code) => {
            let mut reply = Response::new(Answer::Whole(None));
            *reply.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            reply
        }
        Misbehaviour::RedirectTo(url) => {
            let mut reply = Response::new(Answer::Whole(None));
            *reply.status_mut() = StatusCode::TEMPORARY_REDIRECT;
            set(&mut reply, LOCATION.as_str(), &url);
            reply
        }
        Misbehaviour::HangUp => return Err(HungUp),
    };
    set(&mut reply, "docker-distribution-api-version", "registry/2.0");
    Ok(reply)
}

async fn honest(state: &State, parts: &Parts, body: Incoming, route: Route) -> Reply {
    if route == Route::Token {
        return token(state, parts, body).await;
    }
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return fault(
            StatusCode::METHOD_NOT_ALLOWED,
            "UNSUPPORTED",
            "this registry is read-only",
        );
    }
    if let Some(refused) = refused(state, parts, &route) {
        return refused;
    }
    let parameters = query::parse(parts.uri.query().unwrap_or_default());
    match route {
        Route::Ping => json_reply(&json!({})),
        Route::Manifest {
            repository,
            reference,
        } => manifest(state, &repository, &reference),
        Route::Blob { digest, .. } => blob(state, &digest),
        Route::Tags { repository } => tags(state, parts, &repository, &parameters),
        Route::Referrers { repository, digest } if state.options.referrers_api => {
            referrers(state, parts, &repository, &digest, &parameters)
        }
        Route::Referrers { .. } | Route::Token | Route::Unknown => typed(
            StatusCode::NOT_FOUND,
            "text/plain; charset=utf-8",
            Answer::whole("404 page not found\n"),
        ),
    }
}

fn refused(state: &State, parts: &Parts, route: &Route) -> Option<Reply> {
    let authorization = parts
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let challenge = match &state.options.access {
        Access::Open => return None,
        Access::Basic { user, password } => {
            if authorization == Some(basic(user, password).as_str()) {
                return None;
            }
            "Basic realm=\"rehearsal\"".to_owned()
        }
        Access::Bearer(_) => {
            if lock(&state.tokens).allow(authorization, route.repository()) {
                return None;
            }
            let scope = route
                .repository()
                .map(|name| format!(",scope=\"{}\"", scope_for(name)));
            let realm = format!("http://{}/token", state.address);
            format!(
                "Bearer realm=\"{realm}\",service=\"rehearsal\"{}",
                scope.unwrap_or_default()
            )
        }
    };
    let mut reply = fault(
        StatusCode::UNAUTHORIZED,
        "UNAUTHORIZED",
        "authentication required",
    );
    set(&mut reply, WWW_AUTHENTICATE.as_str(), &challenge);
    Some(reply)
}

async fn token(state: &State, parts: &Parts, body: Incoming) -> Reply {
    let Access::Bearer(access) = &state.options.access else {
        return fault(
            StatusCode::NOT_FOUND,
            "UNSUPPORTED",
            "this registry gives no tokens",
        );
    };
    let mut parameters = query::parse(parts.uri.query().unwrap_or_default());
    if parts.method == Method::POST {
        let Ok(form) = Limited::new(body, MAX_FORM_BYTES).collect().await else {
            return fault(
                StatusCode::PAYLOAD_TOO_LARGE,
                "SIZE_INVALID",
                "the form is too long",
            );
        };
        parameters.extend(query::parse(&String::from_utf8_lossy(&form.to_bytes())));
    }
    let authorization = parts
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if !access.deserves(&parameters, authorization) {
        return fault(
            StatusCode::UNAUTHORIZED,
            "UNAUTHORIZED",
            "wrong user name, password or refresh token",
        );
    }
    let scope = parameters.get("scope").map(String::as_str).unwrap_or_default();
    let token = lock(&state.tokens).give(scope, access.lifetime);
    json_reply(&json!({ "token": token, "access_token": token, "expires_in": access.lifetime.as_secs() }))
}

fn manifest(state: &State, repository: &str, reference: &str) -> Reply {
    let stored = state
        .content
        .manifest(repository, reference)
        .or_else(|| fallback(state, repository, reference));
    match stored {
        Some(StoredManifest {
            media_type,
            digest,
            bytes,
        }) => {
            let mut reply = typed(StatusCode::OK, &media_type, Answer::whole(bytes));
            set(&mut reply, DIGEST_HEADER, &digest);
            reply
        }
        None if state.content.has_repository(repository) => {
            fault(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "manifest unknown")
        }
        None => fault(
            StatusCode::NOT_FOUND,
            "NAME_UNKNOWN",
            "repository name not known to registry",
        ),
    }
}

/// The index a client would have kept under `sha256-<hex>` where the registry has no referrers API.
///
/// As cosign writes it, with artifact types and without the annotations of what it lists.
fn fallback(state: &State, repository: &str, reference: &str) -> Option<StoredManifest> {
    let hex = reference
        .strip_prefix("sha256-")
        .filter(|_| !state.options.referrers_api)?;
    let mut listed = state.content.referrers(repository, &format!("sha256:{hex}"));
    if listed.is_empty() {
        return None;
    }
    listed
        .iter_mut()
        .for_each(|descriptor| descriptor.annotations.clear());
    let bytes = serde_json::to_vec(&Index::new(listed)).ok()?;
    let digest = crate::oci::digest_of(&bytes);
    Some(StoredManifest {
        media_type: IMAGE_INDEX.to_owned(),
        digest,
        bytes: bytes.into(),
    })
}

fn blob(state: &State, digest: &str) -> Reply {
    let Some(bytes) = state.content.blob(digest) else {
        return fault(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "blob unknown to registry");
    };
    let mut reply = typed(StatusCode::OK, OCTETS, Answer::whole(bytes));
    set(&mut reply, DIGEST_HEADER, digest);
    set(&mut reply, ACCEPT_RANGES.as_str(), "none");
    reply
}

fn tags(state: &State, parts: &Parts, repository: &str, parameters: &HashMap<String, String>) -> Reply {
    if !state.content.has_repository(repository) {
        return fault(
            StatusCode::NOT_FOUND,
            "NAME_UNKNOWN",
            "repository name not known to registry",
        );
    }
    let all = state.content.tags(repository);
    let start = parameters
        .get("last")
        .map_or(0, |last| all.partition_point(|tag| tag <= last));
    let page = page_size(state, parameters);
    let tags: Vec<_> = all.iter().skip(start).take(page).collect();
    let next = tags.last().filter(|_| start.saturating_add(page) < all.len());
    let next = next.map(|last| format!("{}?n={page}&last={last}", parts.uri.path()));
    let mut reply = json_reply(&json!({ "name": repository, "tags": tags }));
    link(&mut reply, next);
    reply
}

fn referrers(
    state: &State,
    parts: &Parts,
    repository: &str,
    digest: &str,
    parameters: &HashMap<String, String>,
) -> Reply {
    let wanted = parameters.get("artifactType").filter(|_| state.options.filters);
    let fits = |descriptor: &Descriptor| wanted.is_none() || descriptor.artifact_type.as_ref() == wanted;
    let all: Vec<_> = state
        .content
        .referrers(repository, digest)
        .into_iter()
        .filter(fits)
        .collect();
    let start = parameters
        .get("start")
        .and_then(|start| start.parse().ok())
        .unwrap_or(0_usize);
    let page = page_size(state, parameters);
    let end = start.saturating_add(page);
    let next = (end < all.len()).then(|| {
        let filter = wanted
            .map(|kind| format!("&artifactType={}", kind.replace('+', "%2B")))
            .unwrap_or_default();
        format!("{}?start={end}{filter}", parts.uri.path())
    });
    let listed = Index::new(all.into_iter().skip(start).take(page).collect());
    let mut reply = json_reply(&listed);
    set(&mut reply, CONTENT_TYPE.as_str(), IMAGE_INDEX);
    if wanted.is_some() {
        set(&mut reply, "oci-filters-applied", "artifactType");
    }
    link(&mut reply, next);
    reply
}

fn page_size(state: &State, parameters: &HashMap<String, String>) -> usize {
    let asked = parameters
        .get("n")
        .and_then(|n| n.parse().ok())
        .unwrap_or(usize::MAX);
    state.options.page.map_or(asked, |page| page.get().min(asked))
}

fn link(reply: &mut Reply, next: Option<String>) {
    if let Some(next) = next {
        set(reply, LINK.as_str(), &format!("<{next}>; rel=\"next\""));
    }
}

fn json_reply(value: &impl Serialize) -> Reply {
    match serde_json::to_vec(value) {
        Ok(bytes) => typed(StatusCode::OK, JSON, Answer::whole(bytes)),
        Err(cause) => fault(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", &cause.to_string()),
    }
}

fn fault(status: StatusCode, code: &str, message: &str) -> Reply {
    let body = json!({ "errors": [{ "code": code, "message": message }] });
    typed(status, JSON, Answer::whole(body.to_string()))
}

fn typed(status: StatusCode, media_type: &str, body: Answer) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    set(&mut reply, CONTENT_TYPE.as_str(), media_type);
    reply
}

/// Sets a header; a value that can't stand in one is left out, as no test orders such a fault.
fn set(reply: &mut Reply, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
}
