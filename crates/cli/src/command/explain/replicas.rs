//! An explanation from the replica that made it, asked through the API server: whoever may not `get` `pods/proxy` there gets
//! none.

use admission_server::Explanation;
use cluster::{Client, ClusterError};
use futures_util::future::join_all;
use serde_json::Value;

use super::{Arguments, ExplainError};
use crate::host::async_runtime;
use crate::input::InputError;

/// Replicas that are asked at most.
const MOST_REPLICAS: usize = 100;
/// Port of a replica, where its Pod does not name one `webhook`.
const USUAL_PORT: u64 = 9443;

/// What one replica answered.
enum Answer {
    Explained(Box<Explanation>),
    /// It made the id, and keeps the explanation no longer.
    Evicted,
    NotOurs,
    Failed(String),
}

/// The explanation of `id` from the replicas that run.
pub(super) fn find(id: &str, arguments: &Arguments) -> Result<Explanation, ExplainError> {
    let client = arguments.cluster.client()?;
    let runtime = async_runtime().map_err(|cause| InputError::Malformed(cause.to_string()))?;
    let answers = runtime.block_on(ask_all(&client, id, arguments))?;
    judged(id, &arguments.cluster.namespace, answers)
}

async fn ask_all(
    client: &Client,
    id: &str,
    arguments: &Arguments,
) -> Result<Vec<(String, Answer)>, ExplainError> {
    let selector = &arguments.selector;
    let (namespace, label_selector) = (escaped(&arguments.cluster.namespace), escaped(selector));
    let path =
        format!("/api/v1/namespaces/{namespace}/pods?labelSelector={label_selector}&limit={MOST_REPLICAS}");
    let pods = client.get(&path).await?;
    let pods: Vec<(String, u64)> = pods
        .get("items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(replica)
        .collect();
    if pods.is_empty() {
        let text = format!(
            "no replica runs in namespace `{}` with labels `{selector}`: name them with `--namespace` and `--selector`",
            arguments.cluster.namespace
        );
        return Err(ExplainError::NotFound(text));
    }
    let asked = pods.into_iter().map(|(pod, port)| {
        let namespace = &namespace;
        async move {
            let path = format!(
                "/api/v1/namespaces/{namespace}/pods/https:{}:{port}/proxy/explain/{id}",
                escaped(&pod)
            );
            (pod, answer(client.get(&path).await))
        }
    });
    Ok(join_all(asked).await)
}

/// Name and port of a Pod that runs.
fn replica(pod: &Value) -> Option<(String, u64)> {
    if pod.pointer("/status/phase")?.as_str()? != "Running" {
        return None;
    }
    let name = pod.pointer("/metadata/name")?.as_str()?.to_owned();
    let containers = pod.pointer("/spec/containers").and_then(Value::as_array);
    let ports = containers
        .into_iter()
        .flatten()
        .filter_map(|container| container.get("ports")?.as_array())
        .flatten();
    let webhook = ports
        .filter(|port| port.get("name").and_then(Value::as_str) == Some("webhook"))
        .find_map(|port| port.get("containerPort")?.as_u64());
    Some((name, webhook.unwrap_or(USUAL_PORT)))
}

fn answer(answer: Result<Value, ClusterError>) -> Answer {
    match answer {
        Ok(found) => match serde_json::from_value(found) {
            Ok(explanation) => Answer::Explained(Box::new(explanation)),
            Err(cause) => Answer::Failed(format!("no explanation: {cause}")),
        },
        Err(ClusterError::Gone { .. }) => Answer::Evicted,
        Err(ClusterError::NotFound { .. }) => Answer::NotOurs,
        Err(cause) => Answer::Failed(cause.to_string()),
    }
}

/// The explanation among `answers`, or what is known about it.
fn judged(id: &str, namespace: &str, answers: Vec<(String, Answer)>) -> Result<Explanation, ExplainError> {
    let (mut faults, mut asked) = (Vec::new(), 0_usize);
    for (pod, answer) in answers {
        asked += 1;
        match answer {
            Answer::Explained(explanation) => return Ok(*explanation),
            Answer::Evicted => {
                let text = format!(
                    "{id} was evicted: replica {pod} keeps the last 8 MiB of explanations, and later denials took its place. \
                     Its log has it, if it is written with `--log json`: `kubectl logs --namespace {namespace} {pod} | vouchsafe explain {id} --log -`"
                );
                return Err(ExplainError::NotFound(text));
            }
            Answer::NotOurs => {}
            Answer::Failed(why) => faults.push(format!("{pod}: {why}")),
        }
    }
    let text = if faults.is_empty() {
        format!(
            "none of {asked} replicas made {id}: the one that did has ended since, and what it kept with it. Its log may still \
             be had: `vouchsafe explain {id} --log FILE`"
        )
    } else {
        format!(
            "{id} was not found, and not every replica answered:\n  {}",
            faults.join("\n  ")
        )
    };
    Err(ExplainError::NotFound(text))
}

/// `text` as one part of a path or query.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}
