//! `serve` from its flags to its answers over HTTPS.

use std::ffi::OsString;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use admission_server::{Caller, Protocol};
use serde_json::{Value, json};
use vouchsafe_cli::Console;

use crate::terminal::{Folder, TAG_IS_ONE, policy, vouchsafe};

const ENOUGH: Duration = Duration::from_secs(20);

/// Text that one thread writes and another reads.
#[derive(Debug, Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Starts `serve` on a free port; gives a caller that trusts the authority it prints. It serves until the tests end.
fn serve(arguments: &[&str]) -> Caller {
    let (out, err) = (Shared::default(), Shared::default());
    let mut console = Console::of(Box::new(out.clone()), Box::new(err.clone()));
    let arguments = ["vouchsafe", "serve", "--listen", "127.0.0.1:0"]
        .iter()
        .chain(arguments);
    let arguments: Vec<OsString> = arguments.map(OsString::from).collect();
    std::thread::spawn(move || vouchsafe_cli::run(arguments, &mut console));
    let started = Instant::now();
    loop {
        let text = out.text();
        if text.contains("caBundle: ") {
            let address = text.split_once("https://").unwrap().1.split_once('/').unwrap().0;
            let address: SocketAddr = address.parse().unwrap();
            let begin = text.find("-----BEGIN").unwrap();
            let authority = text.split_at(begin).1.split_once("caBundle").unwrap().0;
            return Caller::new(address, authority, Protocol::Http2).unwrap();
        }
        assert!(
            started.elapsed() < ENOUGH,
            "serve said only {text:?} and {:?}",
            err.text()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn ask(caller: &Caller, image: &str) -> Value {
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "CREATE", "namespace": "d", "name": "p",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "userInfo": {"username": "ann"},
        "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "d"},
            "spec": {"containers": [{"name": "c", "image": image}]}}}});
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (_, body) = runtime
        .block_on(caller.post("/validate/fail?timeout=10s", review.to_string()))
        .unwrap();
    serde_json::from_slice::<Value>(&body).unwrap()["response"].clone()
}

#[test]
fn a_folder_of_policies_is_served_and_followed() {
    let folder = Folder::new();
    folder.file("policy.yaml", &policy("tags", "Enforce", TAG_IS_ONE));
    let caller = serve(&["--policies", &folder.path(".")]);
    assert_eq!(ask(&caller, "a:1"), json!({"uid": "u", "allowed": true}));
    let denied = ask(&caller, "a:2");
    let message = denied["status"]["message"].as_str().unwrap();
    assert!(
        message
            .starts_with("\n\nresource Pod/d/p was blocked due to the following policies \n\ntags:\n  r: "),
        "{message}"
    );

    // A fault keeps the last good set; the repaired file is in force within seconds.
    folder.file("policy.yaml", "kind: ClusterPolicy");
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(ask(&caller, "a:2")["allowed"], false);
    folder.file(
        "policy.yaml",
        &policy("tags", "Enforce", &TAG_IS_ONE.replace("*:1", "*:2")),
    );
    let started = Instant::now();
    while ask(&caller, "a:2")["allowed"] == false {
        assert!(started.elapsed() < ENOUGH, "the change was never taken");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// On the command line what needs a cluster is passed over; where admission is decided that would be consent by absence.
#[test]
fn a_rule_that_needs_a_cluster_denies_where_there_is_none() {
    let folder = Folder::new();
    let rule = "    context:\n    - name: known\n      configMap: {name: known, namespace: d}\n    validate:\n      message: never\n      \
                deny: {conditions: {any: [{key: '{{ known.data.x }}', operator: Equals, value: bad}]}}\n";
    folder.file("policy.yaml", &policy("asks", "Enforce", rule));
    let denied = ask(&serve(&["--policies", &folder.path(".")]), "a:1");
    let message = denied["status"]["message"].as_str().unwrap();
    assert!(message.contains("not connected to a cluster"), "{message}");
}

#[test]
fn policies_with_a_fault_are_told_and_not_served() {
    let folder = Folder::new();
    folder.file("good.yaml", &policy("good", "Enforce", TAG_IS_ONE));
    folder.file(
        "bad.yaml",
        &policy("bad", "Enforce", TAG_IS_ONE).replace("rules:", "rulez:"),
    );
    let said = vouchsafe(&[
        "serve",
        "--policies",
        &folder.path("."),
        "--listen",
        "127.0.0.1:0",
    ]);
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("bad.yaml:") && said.err.contains("rulez"),
        "{}",
        said.err
    );
}

#[test]
fn a_folder_without_policies_is_not_served() {
    let folder = Folder::new();
    let said = vouchsafe(&[
        "serve",
        "--policies",
        &folder.path("."),
        "--listen",
        "127.0.0.1:0",
    ]);
    assert_eq!(
        (said.code, said.err.contains("no policy")),
        (1, true),
        "{}",
        said.err
    );
}

#[test]
fn a_certificate_is_taken_with_its_key_alone() {
    let said = vouchsafe(&["serve", "--policies", "p", "--tls-cert", "tls.crt"]);
    assert_eq!(
        (said.code, said.err.contains("--tls-key")),
        (2, true),
        "{}",
        said.err
    );
}
