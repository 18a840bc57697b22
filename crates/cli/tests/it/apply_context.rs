//! What files tell `apply` and `test` instead of a cluster and a registry.

use crate::terminal::{Folder, TAG_IS_ONE, pod, policy, vouchsafe};

const RUNS_AS_ROOT: &str = "    context: [{name: image, imageRegistry: {reference: '{{ request.object.spec.containers[0].image }}'}}]\n    \
     validate:\n      message: 'runs {{ image.repository }} as root'\n      deny: {conditions: {any: [{key: '{{ image.configData.config.User \
     || ''root'' }}', operator: Equals, value: root}]}}\n";

const CONTEXT: &str = "apiVersion: cli.kyverno.io/v1alpha1\nkind: Context\nmetadata: {name: known}\nspec:\n  resources: []\n  images:\n  \
     - image: registry.example.com/shop:1\n    digest: sha256:0000000000000000000000000000000000000000000000000000000000000000\n    \
     config: {config: {User: '1000'}}\n  - image: registry.example.com/shop:2\n    config: {config: {}}\n";

#[test]
fn images_of_a_context_file_answer_what_a_registry_would() {
    let folder = Folder::new();
    let policy = folder.file("policy.yaml", &policy("users", "Enforce", RUNS_AS_ROOT));
    let context = folder.file("context.yaml", CONTEXT);
    for (tag, count) in [("1", "pass: 1, fail: 0"), ("2", "pass: 0, fail: 1")] {
        let pods = folder.file(
            "pods.yaml",
            &pod("web", &format!("registry.example.com/shop:{tag}")),
        );
        let said = vouchsafe(&[
            "apply",
            &policy,
            "-r",
            &pods,
            "--context-file",
            &context,
            "--offline",
        ]);
        assert!(said.out.contains(count), "{}{}", said.err, said.out);
        assert!(
            tag == "1" || said.out.contains("runs shop as root"),
            "{}",
            said.out
        );
    }
}

#[test]
fn a_suite_takes_images_from_its_context_file() {
    let folder = Folder::new();
    folder.file("policy.yaml", &policy("users", "Enforce", RUNS_AS_ROOT));
    folder.file("context.yaml", CONTEXT);
    folder.file(
        "pods.yaml",
        &(pod("good", "registry.example.com/shop:1") + &pod("bad", "registry.example.com/shop:2")),
    );
    let test = folder.file(
        "kyverno-test.yaml",
        "apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {name: users}\npolicies: [policy.yaml]\nresources: [pods.yaml]\n\
         context: context.yaml\nresults:\n- {policy: users, rule: r, kind: Pod, resources: [good], result: pass}\n\
         - {policy: users, rule: r, kind: Pod, resources: [bad], result: fail}\n",
    );
    let said = vouchsafe(&["test", &test]);
    assert_eq!(said.code, 0, "{}{}", said.err, said.out);
    assert!(
        said.out.contains("2 tests passed and 0 tests failed"),
        "{}",
        said.out
    );
}

#[test]
fn a_key_file_that_is_not_there_is_told_when_the_policy_is_loaded() {
    let folder = Folder::new();
    let key = folder.path("absent.pub");
    let rule = format!(
        "    verifyImages:\n    - imageReferences: ['registry.example.com/*']\n      attestors: [{{entries: [{{keys: {{publicKeys: \
         {key}}}}}]}}]\n"
    );
    let policy = folder.file("policy.yaml", &policy("signed", "Enforce", &rule));
    let pods = folder.file("pods.yaml", &pod("web", "registry.example.com/shop:1"));
    let said = vouchsafe(&["apply", &policy, "-r", &pods, "--offline"]);
    let place = "spec.rules[0].verifyImages[0].attestors[0].entries[0].keys.publicKeys";
    let told = format!("{place}: key file `{key}` can't be read");
    assert!(said.err.contains(&told), "{}", said.err);
    let said = vouchsafe(&["verify", "registry.example.com/shop:1", "--key", &key]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains(&format!("key file `{key}` can't be read")),
        "{}",
        said.err
    );
}

#[test]
fn a_key_that_can_verify_nothing_is_told_when_the_policy_is_loaded() {
    // The last byte of the point is another: the DER is whole, and the point on no curve.
    let pem = "-----BEGIN PUBLIC KEY-----\n\
               MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8nXRh950IZbRj8Ra/N9sbqOPZrfM\n\
               5/KAQN0/KjHcorm/J5yctVd7iEcnessRQjU917hmKO6JWVGHpDguIyakZQ==\n-----END PUBLIC KEY-----\n";
    let folder = Folder::new();
    let file = folder.file("key.pub", pem);
    let pods = folder.file("pods.yaml", &pod("web", "registry.example.com/shop:1"));
    let place = "spec.rules[0].verifyImages[0].attestors[0].entries[0].keys.publicKeys";
    for (key, told) in [
        (pem.replace('\n', "\\n"), "a key that can't be used: ".to_owned()),
        (file.clone(), format!("key file `{file}` can't be used: ")),
    ] {
        let rule = format!(
            "    verifyImages:\n    - imageReferences: ['registry.example.com/*']\n      attestors: [{{entries: [{{keys: \
             {{publicKeys: \"{key}\"}}}}]}}]\n"
        );
        let policy = folder.file("policy.yaml", &policy("signed", "Enforce", &rule));
        let said = vouchsafe(&["apply", &policy, "-r", &pods, "--offline"]);
        let told = format!("{place}: {told}the key is no valid SubjectPublicKeyInfo");
        assert!(said.err.contains(&told), "{}", said.err);
    }
}

#[test]
fn an_empty_folder_of_policies_is_told_and_is_no_success() {
    let folder = Folder::new();
    let nothing = folder.file("policy.yaml", "");
    let pods = folder.file("pods.yaml", &pod("web", "nginx:1"));
    let said = vouchsafe(&["apply", &nothing, "-r", &pods]);
    assert_eq!(said.code, 1);
    assert!(
        said.err
            .contains("there is no policy in the files and folders named"),
        "{}",
        said.err
    );
    let policy = folder.file("tags.yaml", &policy("tags", "Enforce", TAG_IS_ONE));
    let said = vouchsafe(&["apply", &policy, "-r", &nothing]);
    assert_eq!(said.code, 0);
    assert!(said.err.contains("there are no resources"), "{}", said.err);
}

#[test]
fn where_every_policy_was_refused_nothing_is_said_about_rules_that_match_nothing() {
    let folder = Folder::new();
    let broken = policy("tags", "Enforce", TAG_IS_ONE).replace("validate:", "validat:");
    let broken = folder.file("policy.yaml", &broken);
    let pods = folder.file("pods.yaml", &pod("web", "nginx:1"));
    let said = vouchsafe(&["apply", &broken, "-r", &pods]);
    assert_eq!(said.code, 1);
    assert!(
        said.err.contains("nothing was judged: every policy was refused"),
        "{}",
        said.err
    );
    assert!(!said.err.contains("no rule speaks"), "{}", said.err);
}
