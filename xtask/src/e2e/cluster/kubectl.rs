//! kubectl, and what a test asks with it: is this object accepted, is it rejected, and with which words.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};
use crate::place;
use crate::program::{Captured, Program, Running};

/// Time that what happens by itself in a cluster may take here.
pub(super) const PATIENCE: Duration = Duration::from_secs(150);
const PAUSE: Duration = Duration::from_millis(100);

/// kubectl as one user.
#[derive(Clone)]
pub(super) struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    folder: PathBuf,
}

impl Kubectl {
    /// kubectl with a kubeconfig; `folder` is where it keeps its caches, and we our objects.
    pub(super) fn new(program: PathBuf, kubeconfig: PathBuf, folder: &Path) -> Self {
        Self {
            program,
            kubeconfig,
            folder: folder.to_owned(),
        }
    }

    /// The user's kubeconfig.
    pub(super) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The program.
    pub(super) fn path(&self) -> &Path {
        &self.program
    }

    /// Calls it, whatever it answers.
    pub(super) fn call<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Outcome<Captured> {
        self.program().args(words).capture()
    }

    fn program(&self) -> Program {
        Program::new(&self.program)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HOME", &self.folder)
    }

    /// Posts `object` to `path`, whatever is answered.
    pub(super) fn post(&self, path: &str, object: &Value) -> Outcome<Captured> {
        let file = self.folder.join("posted.json");
        place::write(&file, &object.to_string())?;
        let file = file.display().to_string();
        self.call(["create", "--raw", path, "--filename", &file])
    }

    /// What a server that is no API server answers at `path` over HTTPS, whoever certifies it; none where it does not.
    pub(super) fn fetch(&self, server: SocketAddr, path: &str) -> Outcome<Option<String>> {
        let server = format!("--server=https://{server}");
        let asked = ["get", "--raw", path, &server, "--insecure-skip-tls-verify"];
        let answer = Program::new(&self.program)
            .env("KUBECONFIG", "/dev/null")
            .env("HOME", &self.folder)
            .args(asked)
            // Without a name and a token it would ask for them.
            .args(["--token=none", "--request-timeout=10s"])
            .capture()?;
        Ok(answer.succeeded().then_some(answer.stdout))
    }

    /// Starts it and lets it run; it is killed when the handle is dropped.
    pub(super) fn start<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Outcome<Running> {
        self.program().args(words).start()
    }

    /// Calls it and gives its output; a refusal is a failure.
    pub(super) fn run<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Outcome<String> {
        Ok(self.call(words)?.expect_success()?.stdout)
    }

    /// The JSON at `path` of the API server.
    pub(super) fn raw(&self, path: &str) -> Outcome<Value> {
        let answer = self.run(["get", "--raw", path])?;
        serde_json::from_str(&answer).map_err(|cause| Failure::Found(format!("{path} is no JSON: {cause}")))
    }

    /// Applies objects written in YAML or JSON.
    pub(super) fn apply(&self, objects: &str) -> Outcome {
        self.with_file("apply", objects)?.expect_success().map(drop)
    }

    /// Makes sure of a namespace and waits until Pods can be created in it.
    pub(super) fn namespace(&self, name: &str) -> Outcome {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        self.apply(&namespace.to_string())?;
        self.await_default_account(name)
    }

    /// Waits for the ServiceAccount without which no Pod is created.
    pub(super) fn await_default_account(&self, namespace: &str) -> Outcome {
        self.eventually(&format!("a default ServiceAccount in `{namespace}`"), || {
            let asked = ["get", "serviceaccount", "default", "--namespace", namespace];
            Ok(self.call(asked)?.succeeded())
        })
    }

    /// Creates `object` and wants that to succeed; gives what the API server made of it.
    pub(super) fn accepts(&self, object: &Value) -> Outcome<Value> {
        let said = self.with_file("create", &object.to_string())?;
        if !said.succeeded() {
            return Err(Failure::Found(format!(
                "{} is rejected: {}",
                name_of(object),
                said.stderr.trim()
            )));
        }
        serde_json::from_str(&said.stdout)
            .map_err(|cause| Failure::Found(format!("kubectl prints no JSON: {cause}")))
    }

    /// Creates `object` and wants it to be refused, with all of `reasons` in what is said; gives what is said.
    pub(super) fn rejects(&self, object: &Value, reasons: &[&str]) -> Outcome<String> {
        let said = self.with_file("create", &object.to_string())?;
        let name = name_of(object);
        if said.succeeded() {
            return Err(Failure::Found(format!("{name} is accepted")));
        }
        match reasons.iter().find(|reason| !said.stderr.contains(**reason)) {
            None => Ok(said.stderr),
            Some(missing) => Err(Failure::Found(format!(
                "{name} is rejected, but not for `{missing}`: {}",
                said.stderr.trim()
            ))),
        }
    }

    /// Waits until `holds`; fails with `what` where it doesn't in time.
    pub(super) fn eventually(&self, what: &str, mut holds: impl FnMut() -> Outcome<bool>) -> Outcome {
        let begun = Instant::now();
        while !holds()? {
            if begun.elapsed() > PATIENCE {
                return Err(Failure::Found(format!(
                    "after {} s there is not yet: {what}",
                    PATIENCE.as_secs()
                )));
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// `apply` or `create` of objects, the answer as JSON.
    pub(super) fn with_file(&self, verb: &str, objects: &str) -> Outcome<Captured> {
        let file = self.folder.join("object.yaml");
        place::write(&file, objects)?;
        self.call([
            verb.as_ref(),
            "--output=json".as_ref(),
            "--filename".as_ref(),
            file.as_os_str(),
        ])
    }
}

fn name_of(object: &Value) -> String {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    format!("{} `{}`", text("/kind"), text("/metadata/name"))
}
