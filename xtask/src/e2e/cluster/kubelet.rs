//! A kubelet's part, played by processes: each Pod of the release is a replica of ours that runs beside the cluster.
//!
//! A Pod is bound, its process started, and the Pod ready when the process says so. One that is to go leaves the Service,
//! its process is asked to end after the chart's pause, and it is gone when the process is.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::chart::RELEASE;
use super::controller::Controller;
use super::kubectl::PATIENCE;
use super::service::Service;
use super::town::Town;
use crate::e2e::port;
use crate::failure::{Failure, Outcome};

/// What the chart's hook waits before a process is asked to end, as the value that says so.
pub(super) const DRAIN: (Duration, &str) = (Duration::from_secs(1), "drainSeconds=1");
/// Time a process has to end: the chart's grace.
const GRACE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// The processes, by their Pods' names.
#[derive(Default)]
pub(super) struct Kubelet {
    replicas: BTreeMap<String, Controller>,
    bound: BTreeSet<String>,
}

impl Kubelet {
    /// Does a kubelet's work until every replica is of the newest template and ready.
    pub(super) fn until_rolled_out(&mut self, town: &Town, service: &Service) -> Outcome {
        let begun = Instant::now();
        loop {
            let is_rolled_out = is_rolled_out(town)?;
            let is_busy = self.step(town, service)?;
            if is_rolled_out && !is_busy {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                let pods = town.admin().run(["get", "pods", "--namespace", RELEASE])?;
                return Err(Failure::Found(format!("the release is not rolled out:\n{pods}")));
            }
            thread::sleep(PAUSE);
        }
    }

    /// The Pods that run.
    pub(super) fn pods(&self) -> BTreeSet<String> {
        self.replicas.keys().cloned().collect()
    }

    /// Ends all processes and takes their Pods away: without a kubelet a bound Pod never goes by itself.
    pub(super) fn leave(self, town: &Town) -> Outcome {
        drop(self.replicas);
        self.bound.iter().try_for_each(|pod| take_away(town, pod))
    }

    /// Begins what is there and ends what is to go; `true` where there was anything of that.
    fn step(&mut self, town: &Town, service: &Service) -> Outcome<bool> {
        let mut is_busy = false;
        let pods = town.admin().raw(&format!("/api/v1/namespaces/{RELEASE}/pods"))?;
        let pods = pods.get("items").and_then(Value::as_array);
        for pod in pods.into_iter().flatten() {
            let name = pod.pointer("/metadata/name").and_then(Value::as_str);
            let name = name.unwrap_or_default();
            if pod.pointer("/metadata/deletionTimestamp").is_some() {
                if let Some(replica) = self.replicas.remove(name) {
                    end(name, replica, service)?;
                }
                take_away(town, name)?;
                is_busy = true;
            } else if !self.replicas.contains_key(name) {
                self.begin(town, service, name)?;
                is_busy = true;
            }
        }
        Ok(is_busy)
    }

    fn begin(&mut self, town: &Town, service: &Service, pod: &str) -> Outcome {
        let kubectl = town.admin();
        let path = format!("/api/v1/namespaces/{RELEASE}/pods/{pod}/binding");
        let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod},
            "target": {"apiVersion": "v1", "kind": "Node", "name": "here"}});
        if !kubectl.post(&path, &binding)?.succeeded() {
            // It went before it was bound.
            return Ok(());
        }
        self.bound.insert(pod.to_owned());
        let replica = Controller::start(town, pod, port::free()?)?;
        let address = replica.address();
        kubectl.eventually(&format!("readiness of {pod}"), || {
            Ok(kubectl.fetch(address, "/readyz")?.is_some())
        })?;
        service.add(address);
        self.replicas.insert(pod.to_owned(), replica);
        let ready =
            json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
        let patch = format!("--patch={ready}");
        // It may be on its way out by now.
        kubectl.call([
            "patch",
            "pod",
            pod,
            "--namespace",
            RELEASE,
            "--subresource=status",
            "--type=merge",
            &patch,
        ])?;
        Ok(())
    }
}

fn end(pod: &str, replica: Controller, service: &Service) -> Outcome {
    service.remove(replica.address());
    thread::sleep(DRAIN.0);
    match replica.end(GRACE)? {
        Some(0) => Ok(()),
        other => Err(Failure::Found(format!(
            "{pod} was asked to end and ended with {other:?}"
        ))),
    }
}

fn take_away(town: &Town, pod: &str) -> Outcome {
    let delete = ["delete", "pod", pod, "--namespace", RELEASE];
    let now = ["--grace-period=0", "--force", "--ignore-not-found"];
    town.admin().run(delete.into_iter().chain(now)).map(drop)
}

fn is_rolled_out(town: &Town) -> Outcome<bool> {
    let path = format!("/apis/apps/v1/namespaces/{RELEASE}/deployments/{RELEASE}");
    let deployment = town.admin().raw(&path)?;
    let number = |pointer: &str| deployment.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let wanted = number("/spec/replicas");
    let counts = ["replicas", "updatedReplicas", "availableReplicas"];
    let is_seen = number("/status/observedGeneration") >= number("/metadata/generation");
    Ok(is_seen
        && counts
            .iter()
            .all(|count| number(&format!("/status/{count}")) == wanted))
}
