//! Many Pods of many images, made through parallel connections: their statuses say what runs, as a kubelet would.
//!
//! The Pods of one image stand far apart in every list: the worst that can happen to whoever remembers images.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::e2e::cluster::gateway::{Caller, Gateway};
use crate::e2e::cluster::shop::{self, HOST, Shop};
use crate::failure::{Failure, Outcome};
use crate::report::say;

/// Connections at the same time.
const CALLERS: usize = 16;
/// Threads that sign images.
const SIGNERS: usize = 4;
/// Namespaces that share the Pods.
pub(super) const NAMESPACES: usize = 20;
/// Of so many images one is unsigned.
const UNSIGNED_EVERY: usize = 20;
/// How often the number of Pods is told.
const TOLD_EVERY: usize = 10_000;

/// How many of each.
#[derive(Debug, Clone, Copy)]
pub(in crate::e2e) struct Size {
    pub(super) pods: usize,
    pub(super) images: usize,
}

/// The name of a namespace.
pub(super) fn namespace(number: usize) -> String {
    format!("scale-{:02}", number % NAMESPACES)
}

/// The tag of an image.
pub(super) fn tag(number: usize) -> String {
    format!("scale-{number}")
}

/// Whether somebody signed it.
pub(super) fn is_signed(image: usize) -> bool {
    !image.is_multiple_of(UNSIGNED_EVERY)
}

/// Puts the images into the registry; gives their digests.
pub(super) fn images(shop: &Shop, size: Size) -> Outcome<Vec<String>> {
    let push = |image: usize| {
        let tag = tag(image);
        if is_signed(image) {
            shop.push_signed(&tag)?;
        }
        shop.digest(&tag)
    };
    let share = size.images.div_ceil(SIGNERS);
    let shares: Vec<_> = thread::scope(|scope| {
        let signers: Vec<_> = (0..SIGNERS)
            .map(|signer| {
                let own = signer * share..size.images.min((signer + 1) * share);
                scope.spawn(move || own.map(push).collect::<Outcome<Vec<String>>>())
            })
            .collect();
        signers.into_iter().map(|signer| signer.join()).collect()
    });
    let mut digests = Vec::with_capacity(size.images);
    for share in shares {
        digests.extend(share.map_err(|_| Failure::Found("a signer panicked".to_owned()))??);
    }
    Ok(digests)
}

/// Creates the Pods, each with its status.
pub(super) fn pods(gateway: &Gateway, digests: &[String], size: Size) -> Outcome {
    let next = AtomicUsize::new(0);
    let make = |mut caller: Caller| -> Outcome {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= size.pods {
                return Ok(());
            }
            if number.is_multiple_of(TOLD_EVERY) {
                say(format!("  {number} Pods"));
            }
            let image = number % size.images;
            let digest = digests.get(image).map_or("", String::as_str);
            let path = format!("/api/v1/namespaces/{}/pods", namespace(number));
            let name = format!("pod-{number:07}");
            wants(&caller.create(&path, &pod(number, &name, image))?, 201)?;
            let status = json!({"status": {"phase": "Running", "containerStatuses": [{
                "name": "main", "image": shop::image(&tag(image)), "imageID": format!("{HOST}/shop@{digest}"),
                "ready": true, "restartCount": 0, "state": {"running": {}},
            }]}});
            wants(&caller.merge(&format!("{path}/{name}/status"), &status)?, 200)?;
        }
    };
    let ends: Vec<_> = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                let (caller, make) = (gateway.caller(), &make);
                scope.spawn(move || make(caller))
            })
            .collect();
        callers.into_iter().map(|caller| caller.join()).collect()
    });
    for end in ends {
        end.map_err(|_| Failure::Found("a caller panicked".to_owned()))??;
    }
    Ok(())
}

fn wants(answer: &crate::e2e::cluster::gateway::Answer, status: u16) -> Outcome {
    if answer.status == status {
        return Ok(());
    }
    Err(Failure::Found(format!("{}: {}", answer.status, answer.body)))
}

/// A Pod of the size that Deployments make.
fn pod(number: usize, name: &str, image: usize) -> Value {
    let environment: Vec<Value> = (0..12)
        .map(|variable| json!({"name": format!("VARIABLE_{variable}"), "value": format!("value-{number}-{variable}")}))
        .collect();
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace(number),
            "labels": {"app.kubernetes.io/name": format!("app-{image}"), "app.kubernetes.io/part-of": "scale",
                "pod-template-hash": "5d8f6c9b7c"},
            "annotations": {"example.com/checksum": "4f1a0f5ad4e47d0d9e5a3c4b0f1a0f5ad4e47d0d9e5a3c4b0f1a0f5ad4e47d0d"},
        },
        "spec": {
            "nodeName": format!("node-{}", number % 1_000),
            "containers": [{
                "name": "main",
                "image": shop::image(&tag(image)),
                "env": environment,
                "ports": [{"name": "http", "containerPort": 8080}],
                "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
                "securityContext": {"allowPrivilegeEscalation": false, "runAsNonRoot": true,
                    "capabilities": {"drop": ["ALL"]}},
                "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
            }],
        },
    })
}
