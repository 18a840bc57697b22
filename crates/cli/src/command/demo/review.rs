//! Asks a webhook about one image as the API server does: the mutating call, its patch applied, the validating call.

use std::time::{Duration, Instant};

use admission_server::{CallError, Caller};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use json_patches::patch::{Leniency, Patch};
use serde_json::{Value, json};

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    /// The call.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The answer is no AdmissionReview.
    #[error("the webhook's answer can't be read: {0}")]
    Answer(String),
}

/// What came of one image.
#[derive(Debug)]
pub(super) struct Verdict {
    /// Why it may not run; none where it may.
    pub(super) refusal: Option<String>,
    /// The image as it would run.
    pub(super) image: String,
    /// Time of both calls.
    pub(super) taken: Duration,
}

/// The AdmissionReview for a Pod of one container that runs `image`.
pub(super) fn review(image: &str, namespace: &str) -> Value {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "demo", "namespace": namespace},
        "spec": {"containers": [{"name": "main", "image": image}]},
    });
    review_of(&pod, namespace)
}

fn review_of(pod: &Value, namespace: &str) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "00000000-0000-4000-8000-000000000001",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "name": "demo", "namespace": namespace, "operation": "CREATE",
            "userInfo": {"username": "demo", "groups": ["system:authenticated"]},
            "object": pod, "oldObject": null, "dryRun": false,
        },
    })
}

/// Asks whether `image` may run in `namespace`.
///
/// # Errors
/// [`AskError`] where no answer came; that is no verdict.
pub(super) async fn ask(caller: &Caller, image: &str, namespace: &str) -> Result<Verdict, AskError> {
    let started = Instant::now();
    let sent = review(image, namespace);
    let answer = call(caller, "/mutate?timeout=10s", &sent).await?;
    let pod = sent.pointer("/request/object").cloned().unwrap_or_default();
    let pod = patched(pod, &answer)?;
    let answer = match refusal(&answer) {
        Some(_) => answer,
        None => call(caller, "/validate?timeout=10s", &review_of(&pod, namespace)).await?,
    };
    let image = pod
        .pointer("/spec/containers/0/image")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    Ok(Verdict {
        refusal: refusal(&answer),
        image,
        taken: started.elapsed(),
    })
}

async fn call(caller: &Caller, path: &str, review: &Value) -> Result<Value, AskError> {
    let (status, body) = caller.post(path, review.to_string()).await?;
    let unreadable = || AskError::Answer(format!("HTTP {status}: {}", String::from_utf8_lossy(&body)));
    let answer: Value = serde_json::from_slice(&body).map_err(|_| unreadable())?;
    if answer.pointer("/response/allowed").is_some_and(Value::is_boolean) {
        Ok(answer)
    } else {
        Err(unreadable())
    }
}

/// The messages of a denial; a denial without one is one all the same.
fn refusal(answer: &Value) -> Option<String> {
    if answer.pointer("/response/allowed") == Some(&Value::Bool(true)) {
        return None;
    }
    let message = answer
        .pointer("/response/status/message")
        .and_then(Value::as_str)
        .unwrap_or("denied");
    Some(messages_of(message).unwrap_or_else(|| message.trim().to_owned()))
}

/// The rules' own messages out of Kyverno's envelope.
fn messages_of(denial: &str) -> Option<String> {
    let (_, policies) = denial.split_once("due to the following policies \n\n")?;
    let policies = manifest::read_value(policies).ok()?;
    let rules = policies.as_object()?.values().filter_map(Value::as_object);
    let messages: Vec<&str> = rules
        .flat_map(|rules| rules.values())
        .filter_map(Value::as_str)
        .collect();
    Some(messages.join("; ").replace('\n', " "))
}

fn patched(pod: Value, answer: &Value) -> Result<Value, AskError> {
    let Some(patch) = answer.pointer("/response/patch").and_then(Value::as_str) else {
        return Ok(pod);
    };
    let wrong = |cause: &dyn std::fmt::Display| AskError::Answer(format!("its patch: {cause}"));
    let patch = STANDARD.decode(patch).map_err(|cause| wrong(&cause))?;
    let patch: Value = serde_json::from_slice(&patch).map_err(|cause| wrong(&cause))?;
    let patch = Patch::from_value(&patch).map_err(|cause| wrong(&cause))?;
    patch
        .apply(&pod, Leniency::Kubernetes)
        .map_err(|cause| wrong(&cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_of_a_denial_are_told_without_its_envelope() {
        let denial = "\n\nresource Pod/a/b was blocked due to the following policies \n\np:\n  r: 'no: never'\n  s: again\n";
        let answer = json!({"response": {"allowed": false, "status": {"message": denial}}});
        assert_eq!(refusal(&answer).as_deref(), Some("no: never; again"));
    }

    #[test]
    fn an_answer_that_allows_nothing_is_a_refusal() {
        assert_eq!(
            refusal(&json!({"response": {"allowed": false}})).as_deref(),
            Some("denied")
        );
        assert_eq!(refusal(&json!({"response": {"allowed": true}})), None);
    }
}
