//! What clouds are asked with: the environment, and clients that are made when first needed.

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::environment::Environment;
use crate::http::{Authorities, Http, HttpCall, Word};

/// Largest answer of a cloud, in bytes.
const MOST_ANSWER_BYTES: usize = 256 * 1024;
/// Longest part of an error that is told, in characters.
const MOST_ERROR_CHARACTERS: usize = 300;

/// The environment and the clients. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Means(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    environment: Environment,
    operator: OnceLock<Result<Http, String>>,
    metadata: OnceLock<Result<Http, String>>,
}

/// A question to a cloud: GET, or POST where there is a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) url: &'a str,
    pub(crate) headers: &'a [(String, String)],
    /// Its content type and itself.
    pub(crate) body: Option<(&'a str, &'a str)>,
}

/// The content type of a form.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

impl Means {
    pub(crate) fn new(environment: Environment) -> Self {
        Self(Arc::new(Kept {
            environment,
            operator: OnceLock::new(),
            metadata: OnceLock::new(),
        }))
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.0.environment
    }

    /// The client for addresses that the operator or the cloud names.
    pub(crate) fn operator(&self) -> Result<&Http, String> {
        let make = || Http::new(Word::Operator, Authorities::System).map_err(|cause| cause.to_string());
        self.0.operator.get_or_init(make).as_ref().map_err(Clone::clone)
    }

    /// The client for the machine's metadata service.
    pub(crate) fn metadata(&self) -> Result<&Http, String> {
        let make = || Http::new(Word::Metadata, Authorities::Only("")).map_err(|cause| cause.to_string());
        self.0.metadata.get_or_init(make).as_ref().map_err(Clone::clone)
    }

    /// The JSON that the operator's or the cloud's own address answers.
    pub(crate) async fn json(&self, ask: Ask<'_>) -> Result<Value, String> {
        json(self.operator()?, ask).await
    }

    /// The JSON that the metadata service answers.
    pub(crate) async fn metadata_json(
        &self,
        url: &str,
        headers: &[(String, String)],
    ) -> Result<Value, String> {
        let ask = Ask {
            url,
            headers,
            body: None,
        };
        json(self.metadata()?, ask).await
    }
}

/// The body of a good answer.
pub(crate) async fn bytes(http: &Http, ask: Ask<'_>) -> Result<Vec<u8>, String> {
    let call = HttpCall {
        method: if ask.body.is_some() { "POST" } else { "GET" },
        body: ask.body.map(|(_, body)| body),
        content_type: ask.body.map_or("", |(content_type, _)| content_type),
        ..HttpCall::get(ask.url, ask.headers, MOST_ANSWER_BYTES)
    };
    let (status, body) = http.call(&call).await?;
    if (200..300).contains(&status) {
        Ok(body)
    } else {
        Err(format!("{}: HTTP {status}{}", place(ask.url), told(&body)))
    }
}

/// The JSON of a good answer.
pub(crate) async fn json(http: &Http, ask: Ask<'_>) -> Result<Value, String> {
    let body = bytes(http, ask).await?;
    serde_json::from_slice(&body).map_err(|_| format!("{}: the answer is no JSON", place(ask.url)))
}

/// The address without its query.
fn place(url: &str) -> &str {
    url.split_once('?').map_or(url, |(place, _)| place)
}

/// What an error's body says, by the fields in which clouds and Vault say it; nothing else of it is shown.
fn told(body: &[u8]) -> String {
    let Ok(answer) = serde_json::from_slice::<Value>(body) else {
        return String::new();
    };
    let texts: Vec<&str> = [
        "/__type",
        "/message",
        "/Message",
        "/error",
        "/error_description",
        "/error/code",
        "/error/status",
        "/error/message",
        "/errors/0",
        "/errors/0/message",
    ]
    .into_iter()
    .filter_map(|field| answer.pointer(field).and_then(Value::as_str))
    .collect();
    if texts.is_empty() {
        return String::new();
    }
    let line = texts.join(": ").replace(['\n', '\r'], " ");
    format!(
        ": {}",
        line.chars().take(MOST_ERROR_CHARACTERS).collect::<String>()
    )
}

/// A field of an answer that must be a text.
pub(crate) fn text<'v>(answer: &'v Value, pointer: &str, whose: &str) -> Result<&'v str, String> {
    answer
        .pointer(pointer)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| {
            format!(
                "{whose}: the answer holds no `{}`",
                pointer.trim_start_matches('/')
            )
        })
}

/// A form with these fields.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

/// A header.
pub(crate) fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}
