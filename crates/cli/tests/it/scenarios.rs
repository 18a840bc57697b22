//! The three policies that must always work, verbatim, under `apply`.

use crate::terminal::{Folder, pod, vouchsafe};

const REGISTRIES: &str = include_str!("../../src/command/demo/restrict-image-registries.yaml");
const SIGNATURES: &str = include_str!("../../src/command/demo/check-image-signatures.yaml");
const VULNERABILITIES: &str = include_str!("../../src/command/demo/check-vulnerabilities.yaml");

#[test]
fn images_of_other_registries_are_refused_with_the_policys_message() {
    let folder = Folder::new();
    let policy = folder.file("policy.yaml", REGISTRIES);
    let pods = pod("good", "gcr.io/shop/web:1") + &pod("bad", "nginx");
    let said = vouchsafe(&["apply", &policy, "--resource", &folder.file("pods.yaml", &pods)]);
    assert_eq!(
        said.out,
        "\nApplying 1 policy rule(s) to 2 resource(s)...\n\
         policy restrict-image-registries -> resource default/Pod/bad failed:\n\
         1 - validate-registries validation error: Images must be pulled from approved registries (gcr.io or \
         my.private.registry). rule validate-registries failed at path /spec/containers/0/image/\n\
         \n\npass: 1, fail: 1, warn: 0, error: 0, skip: 0 \n"
    );
    assert_eq!(said.code, 1);
}

#[test]
fn the_pattern_names_no_path_of_a_deployment_and_refuses_every_one() {
    let folder = Folder::new();
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: \
                      [{name: c, image: gcr.io/shop/web:1}]}}}\n";
    let policy = folder.file("policy.yaml", REGISTRIES);
    let said = vouchsafe(&["apply", &policy, "-r", &folder.file("web.yaml", deployment)]);
    assert!(
        said.out.contains("failed at path /spec/containers/\n"),
        "{}",
        said.out
    );
    assert_eq!(said.code, 1);
}

#[test]
fn a_placeholder_instead_of_a_key_is_told_with_its_field_when_the_policy_is_loaded() {
    let folder = Folder::new();
    let policy = folder.file("policy.yaml", SIGNATURES);
    let pods = folder.file("pods.yaml", &pod("web", "registry.example.com/shop:1"));
    let said = vouchsafe(&["apply", &policy, "-r", &pods]);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("policy.yaml:28:17: "), "{}", said.err);
    assert!(
        said.err
            .contains("spec.rules[0].verifyImages[0].attestors[0].entries[0].keys.publicKeys"),
        "{}",
        said.err
    );
    assert!(
        said.out
            .contains("Policies Skipped:\n1. check-image-signatures: "),
        "{}",
        said.out
    );
    assert!(
        said.out
            .ends_with("pass: 0, fail: 0, warn: 0, error: 1, skip: 0 \n"),
        "{}",
        said.out
    );
}

#[test]
fn a_scan_that_cannot_be_looked_for_refuses_the_image_and_names_the_registry() {
    let folder = Folder::new();
    let policy = folder.file("policy.yaml", VULNERABILITIES);
    let pinned = format!("registry.example.com/shop@sha256:{}", "0".repeat(64));
    let pods = folder.file("pods.yaml", &pod("web", &pinned));
    let said = vouchsafe(&["apply", &policy, "-r", &pods, "--offline"]);
    assert_eq!(
        (said.code, said.out.contains("pass: 0, ")),
        (1, true),
        "{}",
        said.out
    );
    assert!(
        said.out
            .contains("policy check-vulnerabilities -> resource default/Pod/web"),
        "{}",
        said.out
    );
    assert!(
        said.out
            .contains("`registry.example.com` was not asked (OFFLINE: "),
        "{}",
        said.out
    );
    let tagged = folder.file("tagged.yaml", &pod("web", "registry.example.com/shop:1"));
    let said = vouchsafe(&["apply", &policy, "-r", &tagged, "--offline"]);
    assert_eq!(
        (said.code, said.out.contains("pass: 0, ")),
        (1, true),
        "{}",
        said.out
    );
}

#[test]
fn where_no_rule_selects_anything_that_is_said_in_words() {
    let folder = Folder::new();
    let policy = folder.file("policy.yaml", VULNERABILITIES);
    let namespace = folder.file(
        "ns.yaml",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n",
    );
    for format in [&[][..], &["-p"], &["--table"], &["--explain"]] {
        let arguments = [&["apply", policy.as_str(), "-r", namespace.as_str()], format].concat();
        let said = vouchsafe(&arguments);
        assert!(
            said.err.contains("no rule speaks about any of these resources"),
            "{format:?}: {}",
            said.err
        );
        assert_eq!(said.code, 0);
    }
}
