//! Calls of `apply` that can't be followed: told in words, exit 2 where the call is wrong, 1 where an input is.

use crate::terminal::{Folder, TAG_IS_ONE, pod, policy, vouchsafe};

#[test]
fn wrong_calls_are_told_in_kyvernos_words() {
    for (arguments, words) in [
        (&["apply"][..], "require policy"),
        (&["apply", "p.yaml"], "resource file(s) or cluster required"),
        (
            &["apply", "-", "-r", "-"],
            "a stdin pipe can be used for either policies or resources, not both",
        ),
        (
            &["apply", "p.yaml", "-r", "r.yaml", "-f", "v.yaml", "--set", "a=b"],
            "pass the values either using set flag or values_file flag",
        ),
        (
            &["apply", "p.yaml", "--cluster", "--secrets", "s.yaml"],
            "`--secrets` can't be used with `--cluster`",
        ),
        (
            &["apply", "p.yaml", "-r", "r.yaml", "--git-branch", "main"],
            "policies are not fetched from Git",
        ),
        (
            &["apply", "p.yaml", "--http-payload", "h.json"],
            "policies for HTTP requests and Envoy",
        ),
    ] {
        let said = vouchsafe(arguments);
        assert_eq!(said.code, 2, "{arguments:?}: {}", said.err);
        assert!(
            said.err.starts_with(&format!("Error: {words}")),
            "{arguments:?}: {}",
            said.err
        );
        assert_eq!(said.out, "");
    }
}

#[test]
fn addresses_are_not_fetched() {
    let folder = Folder::new();
    let policy = folder.file("policy.yaml", &policy("tags", "Audit", TAG_IS_ONE));
    for scheme in ["http", "https"] {
        let said = vouchsafe(&[
            "apply",
            &policy,
            "-r",
            &format!("{scheme}://acme.example/pod.yaml"),
        ]);
        assert_eq!(said.code, 1);
        assert!(said.err.contains("addresses are not fetched"), "{}", said.err);
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = Folder::new();
    let pods = folder.file("pods.yaml", &pod("web", "nginx"));
    let said = vouchsafe(&["apply", &folder.path("none.yaml"), "-r", &pods]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("none.yaml`: "), "{}", said.err);
}

#[test]
fn every_fault_of_every_policy_is_told_at_once_and_the_others_still_judge() {
    let folder = Folder::new();
    let typos = policy("typos", "Enforce", TAG_IS_ONE)
        .replace("pattern", "patern")
        .replace("message", "mesage");
    let policies = folder.file("policies.yaml", &(typos + &policy("tags", "Enforce", TAG_IS_ONE)));
    let said = vouchsafe(&[
        "apply",
        &policies,
        "-r",
        &folder.file("pods.yaml", &pod("web", "nginx:1")),
    ]);
    for field in ["patern", "mesage"] {
        assert!(said.err.contains(field), "{}", said.err);
    }
    assert!(said.out.contains("1. typos: "), "{}", said.out);
    assert!(
        said.out.contains("pass: 1, fail: 0, warn: 0, error: 1, skip: 0"),
        "{}",
        said.out
    );
    assert_eq!(said.code, 1);
}
