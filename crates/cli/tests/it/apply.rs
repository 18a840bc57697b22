//! What `apply` counts, and what it exits with.

use crate::terminal::{Folder, TAG_IS_ONE, pod, policy, vouchsafe};

#[test]
fn failures_of_audit_rules_are_warnings_where_that_is_asked_for() {
    let folder = Folder::new();
    let policy = folder.file("policy.yaml", &policy("tags", "Audit", TAG_IS_ONE));
    let pods = folder.file("pods.yaml", &pod("web", "nginx:2"));
    let said = vouchsafe(&["apply", &policy, "-r", &pods]);
    assert_eq!(
        (said.code, said.out.contains("fail: 1, warn: 0")),
        (1, true),
        "{}",
        said.out
    );
    let said = vouchsafe(&["apply", &policy, "-r", &pods, "--audit-warn"]);
    assert!(
        said.out
            .contains("policy tags -> resource default/Pod/web failed as audit warning:\n"),
        "{}",
        said.out
    );
    assert_eq!(
        (said.code, said.out.contains("fail: 0, warn: 1")),
        (0, true),
        "{}",
        said.out
    );
    let said = vouchsafe(&[
        "apply",
        &policy,
        "-r",
        &pods,
        "--audit-warn",
        "--warn-exit-code",
        "7",
    ]);
    assert_eq!(said.code, 7);
    assert!(said.out.ends_with("exit as warnExitCode is 7\n"), "{}", said.out);
}

#[test]
fn nothing_passed_is_an_exit_code_where_that_is_asked_for() {
    let folder = Folder::new();
    let policy = folder.file("policy.yaml", &policy("tags", "Audit", TAG_IS_ONE));
    let namespace = folder.file(
        "ns.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
    );
    let said = vouchsafe(&[
        "apply",
        &policy,
        "-r",
        &namespace,
        "--warn-no-pass",
        "--warn-exit-code",
        "3",
    ]);
    assert_eq!(said.code, 3);
    assert!(
        said.out.ends_with("exit as no objects satisfied policy\n"),
        "{}",
        said.out
    );
}

#[test]
fn a_failure_of_a_policy_without_reports_is_a_failure() {
    let folder = Folder::new();
    let text = policy("tags", "Enforce", TAG_IS_ONE).replace(
        "  annotations:",
        "  labels: {reports.kyverno.io/disabled: 'true'}\n  annotations:",
    );
    let policy = folder.file("policy.yaml", &text);
    let pods = folder.file("pods.yaml", &pod("web", "nginx:2"));
    for format in [&[][..], &["-p"], &["--output-format", "junit"]] {
        let arguments = [&["apply", policy.as_str(), "-r", pods.as_str()], format].concat();
        assert_eq!(vouchsafe(&arguments).code, 1, "{format:?}");
    }
}

#[test]
fn a_policy_of_a_kind_that_is_not_judged_by_is_an_error_and_no_pass() {
    let folder = Folder::new();
    let cleanup = folder.file(
        "cleanup.yaml",
        "apiVersion: kyverno.io/v2\nkind: ClusterCleanupPolicy\nmetadata: {name: sweep}\nspec: {schedule: '0 0 * * *'}\n",
    );
    let said = vouchsafe(&[
        "apply",
        &cleanup,
        "-r",
        &folder.file("pods.yaml", &pod("web", "nginx")),
    ]);
    assert_eq!(said.code, 1);
    assert!(
        said.out
            .contains("1. sweep: ClusterCleanupPolicy of kyverno.io/v2 is not supported\n"),
        "{}",
        said.out
    );
}

#[test]
fn each_policy_is_asked_under_the_operation_that_values_put_it_under() {
    let folder = Folder::new();
    let deletes = policy(
        "no-deletes",
        "Enforce",
        "    validate:\n      message: not while it runs\n      deny: {conditions: {any: [{key: '{{ request.operation }}', \
         operator: Equals, value: DELETE}]}}\n",
    );
    let policies = folder.file(
        "policies.yaml",
        &(policy("tags", "Enforce", TAG_IS_ONE) + &deletes),
    );
    let pods = folder.file("pods.yaml", &pod("web", "nginx:1"));
    let values = folder.file(
        "values.yaml",
        "apiVersion: cli.kyverno.io/v1alpha1\nkind: Values\npolicies:\n- name: no-deletes\n  resources:\n  - name: web\n    \
         values: {request.operation: DELETE}\n",
    );
    let said = vouchsafe(&["apply", &policies, "-r", &pods]);
    assert!(said.out.contains("pass: 2, fail: 0"), "{}", said.out);
    let said = vouchsafe(&["apply", &policies, "-r", &pods, "--values-file", &values]);
    assert!(said.out.contains("pass: 1, fail: 1"), "{}", said.out);
    assert!(
        said.out
            .contains("policy no-deletes -> resource default/Pod/web failed:"),
        "{}",
        said.out
    );
}

#[test]
fn exceptions_count_where_a_flag_says_they_do() {
    let folder = Folder::new();
    let exception = "---\napiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: old, namespace: default}\nspec:\n  \
                     match: {any: [{resources: {kinds: [Pod]}}]}\n  exceptions: [{policyName: tags, ruleNames: [r]}]\n";
    let strict = policy("tags", "Enforce", TAG_IS_ONE);
    let both = folder.file("both.yaml", &(strict.clone() + exception));
    let strict = folder.file("policy.yaml", &strict);
    let bad = pod("web", "nginx:2");
    let with_pod = folder.file("with-pod.yaml", &(bad.clone() + exception));
    let (pods, alone) = (
        folder.file("pods.yaml", &bad),
        folder.file("exception.yaml", exception),
    );
    let said = vouchsafe(&["apply", &both, "-r", &pods]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("--exceptions-within-policies"), "{}", said.err);
    for arguments in [
        &[
            "apply",
            both.as_str(),
            "-r",
            pods.as_str(),
            "--exceptions-within-policies",
        ][..],
        &[
            "apply",
            strict.as_str(),
            "-r",
            pods.as_str(),
            "--exception",
            alone.as_str(),
        ],
        &[
            "apply",
            strict.as_str(),
            "-r",
            with_pod.as_str(),
            "--exceptions-within-resources",
        ],
        &[
            "apply",
            strict.as_str(),
            "-r",
            with_pod.as_str(),
            "--exceptions-with-resources",
        ],
    ] {
        let said = vouchsafe(arguments);
        assert_eq!(
            (
                said.code,
                said.out.contains("fail: 0, warn: 0, error: 0, skip: 1")
            ),
            (0, true),
            "{arguments:?}: {}",
            said.out
        );
        assert!(said.out.contains("with 1 exception(s)"), "{}", said.out);
    }
}

#[test]
fn a_generated_exception_excuses_what_failed_and_nothing_else() {
    let folder = Folder::new();
    let policy = folder.file("policy.yaml", &policy("tags", "Enforce", TAG_IS_ONE));
    let pods = folder.file("pods.yaml", &(pod("web", "nginx:2") + &pod("db", "postgres:1")));
    let said = vouchsafe(&[
        "apply",
        &policy,
        "-r",
        &pods,
        "--generate-exceptions",
        "--generated-exception-ttl",
        "90m",
    ]);
    assert_eq!(said.code, 1);
    assert!(
        said.out.contains("cleanup.kyverno.io/ttl: 1h30m0s"),
        "{}",
        said.out
    );
    let exceptions = folder.file("exceptions.yaml", &said.out);
    let others = folder.file("others.yaml", &(pod("web", "nginx:2") + &pod("db", "postgres:2")));
    let said = vouchsafe(&["apply", &policy, "-r", &others, "--exception", &exceptions]);
    assert!(
        said.out.contains("pass: 0, fail: 1, warn: 0, error: 0, skip: 1"),
        "{}{}",
        said.err,
        said.out
    );
    assert!(said.out.contains("default/Pod/db failed"), "{}", said.out);
}

#[test]
fn entries_of_the_global_context_are_filled_from_the_resources() {
    let folder = Folder::new();
    let rule = "    context: [{name: taken, globalReference: {name: pods, jmesPath: 'length(@)'}}]\n    validate:\n      message: too \
                many\n      deny: {conditions: {any: [{key: '{{ taken }}', operator: GreaterThan, value: 1}]}}\n";
    let policy = folder.file("policy.yaml", &policy("few", "Enforce", rule));
    let entry = "---\napiVersion: kyverno.io/v2beta1\nkind: GlobalContextEntry\nmetadata: {name: pods}\nspec:\n  \
                 kubernetesResource: {version: v1, resource: pods, namespace: default}\n";
    let one = folder.file("one.yaml", &(entry.to_owned() + &pod("a", "nginx")));
    let two = folder.file(
        "two.yaml",
        &(entry.to_owned() + &pod("a", "nginx") + &pod("b", "nginx")),
    );
    let said = vouchsafe(&["apply", &policy, "-r", &one]);
    assert!(
        said.out.contains("to 1 resource(s)") && said.out.contains("pass: 1, fail: 0"),
        "{}",
        said.out
    );
    let said = vouchsafe(&["apply", &policy, "-r", &two]);
    assert!(said.out.contains("pass: 0, fail: 2"), "{}", said.out);
}
