//! `test`: what a suite's results are held against, and what is told instead of being passed over.

use crate::terminal::{Folder, Said, TAG_IS_ONE, pod, policy, vouchsafe};

/// A suite of one Pod that passes, with `more` fields and one result.
fn suite(folder: &Folder, name: &str, result: &str, more: &str) -> String {
    folder.file("policy.yaml", &policy("tags", "Enforce", TAG_IS_ONE));
    folder.file("pods.yaml", &pod("web", "nginx:1"));
    let text = format!(
        "apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {{name: tags}}\npolicies: [policy.yaml]\nresources: [pods.yaml]\n\
         {more}results:\n- {result}\n"
    );
    folder.file(name, &text)
}

fn said(result: &str, more: &str) -> Said {
    let folder = Folder::new();
    vouchsafe(&["test", &suite(&folder, "kyverno-test.yaml", result, more)])
}

#[test]
fn a_result_that_names_what_does_not_exist_fails_with_the_nearest_name() {
    let fine = said(
        "{policy: tags, rule: r, kind: Pod, resources: [web], result: pass}",
        "",
    );
    assert_eq!(fine.code, 0, "{}{}", fine.err, fine.out);
    for (result, reason) in [
        (
            "{policy: tag, rule: r, resources: [web], result: pass}",
            "no policy `tag` (did you mean `tags`?)",
        ),
        (
            "{policy: tags, rule: rr, resources: [web], result: pass}",
            "no rule `rr` (did you mean `r`?)",
        ),
        (
            "{policy: tags, rule: r, resources: [wep], result: pass}",
            "no resource `wep` (did you mean `web`?)",
        ),
        (
            "{policy: tags, rule: r, resources: [web, shop/db], result: pass}",
            "no resource `shop/db`",
        ),
    ] {
        let said = said(result, "");
        assert_eq!(said.code, 1, "{result}");
        assert!(said.out.contains(reason), "{result}: {}", said.out);
    }
}

#[test]
fn a_rule_s_name_says_nothing_about_a_policy_without_rules() {
    for (result, code) in [("fail", 0), ("pass", 1)] {
        let folder = Folder::new();
        folder.file(
            "policy.yaml",
            "apiVersion: policies.kyverno.io/v1\nkind: ValidatingPolicy\nmetadata: {name: teams}\nspec:\n  \
             matchConstraints:\n    resourceRules:\n    - {apiGroups: [''], apiVersions: [v1], operations: [CREATE], \
             resources: [pods]}\n  validations:\n  - expression: \"'team' in object.metadata.?labels.orValue({})\"\n",
        );
        folder.file("pods.yaml", &pod("web", "nginx:1"));
        let suite = folder.file(
            "kyverno-test.yaml",
            &format!(
                "apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {{name: teams}}\npolicies: [policy.yaml]\n\
                 resources: [pods.yaml]\nresults:\n- {{policy: teams, rule: has-a-team, kind: Pod, resources: [web], \
                 result: {result}, isValidatingPolicy: true}}\n"
            ),
        );
        let said = vouchsafe(&["test", &suite]);
        assert_eq!(said.code, code, "{}{}", said.err, said.out);
    }
}

#[test]
fn a_resource_in_a_namespace_is_looked_for_in_that_one_and_suggested_with_it() {
    let said = |wanted: &str| {
        let folder = Folder::new();
        let result = format!("{{policy: tags, rule: r, kind: Pod, resources: [{wanted}], result: pass}}");
        let suite = suite(&folder, "kyverno-test.yaml", &result, "");
        folder.file(
            "pods.yaml",
            &pod("web", "nginx:1").replace("metadata: {", "metadata: {namespace: shop, "),
        );
        vouchsafe(&["test", &suite])
    };
    for fine in ["web", "shop/web"] {
        assert_eq!(said(fine).code, 0, "{fine}");
    }
    for wrong in ["shorter/wb", "shp/web", "shop/wb"] {
        let said = said(wrong);
        let reason = format!("no resource `{wrong}` (did you mean `shop/web`?)");
        assert_eq!(said.code, 1, "{wrong}");
        assert!(said.out.contains(&reason), "{}", said.out);
    }
}

#[test]
fn a_policy_that_does_not_load_fails_its_suite_unless_just_that_is_expected() {
    let said = |result: &str| {
        let folder = Folder::new();
        let expected = format!("{{policy: tags, rule: r, kind: Pod, resources: [web], result: {result}}}");
        let suite = suite(&folder, "kyverno-test.yaml", &expected, "");
        let broken = policy("tags", "Enforce", TAG_IS_ONE).replace("validate:", "validat:");
        folder.file("policy.yaml", &broken);
        vouchsafe(&["test", &suite])
    };
    for result in ["pass", "fail", "error", "warn"] {
        let said = said(result);
        assert_eq!(said.code, 1, "{result}: {}", said.out);
        assert!(said.out.contains("│ Fail   │ Invalid Policy │"), "{}", said.out);
    }
    let said = said("skip");
    assert_eq!(said.code, 0, "{}", said.out);
    assert!(said.out.contains("│ Skip   │ Invalid Policy │"), "{}", said.out);
}

/// An exception that does not load is no policy, whatever its name: the policy is judged, and the suite fails for the other.
#[test]
fn an_exception_that_does_not_load_never_passes_for_the_policy_of_its_name() {
    let broken =
        "apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: tags}\nspec: {exeptions: []}\n";
    for (result, reason) in [("skip", "Want skip, got fail"), ("fail", "Ok")] {
        let folder = Folder::new();
        let expected = format!("{{policy: tags, rule: r, kind: Pod, resources: [web], result: {result}}}");
        let suite = suite(
            &folder,
            "kyverno-test.yaml",
            &expected,
            "exceptions: [exception.yaml]\n",
        );
        folder.file("pods.yaml", &pod("web", "nginx:2"));
        folder.file("exception.yaml", broken);
        let said = vouchsafe(&["test", &suite]);
        assert_eq!(said.code, 1, "{}", said.out);
        for reason in [reason, "Invalid Policy"] {
            assert!(said.out.contains(reason), "{result}: {}", said.out);
        }
    }
}

#[test]
fn a_policy_that_does_not_load_and_that_no_result_names_fails_its_suite() {
    let folder = Folder::new();
    let result = "{policy: tags, rule: r, kind: Pod, resources: [web], result: pass}";
    let suite = suite(&folder, "kyverno-test.yaml", result, "");
    let broken = policy("other", "Enforce", TAG_IS_ONE).replace("validate:", "validat:");
    folder.file(
        "policy.yaml",
        &format!("{}\n---\n{broken}", policy("tags", "Enforce", TAG_IS_ONE)),
    );
    let said = vouchsafe(&["test", &suite]);
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(said.out.contains("│ other  │"), "{}", said.out);
    let said = vouchsafe(&["test", &suite, "-t", "policy=tags"]);
    assert_eq!(said.code, 0, "{}", said.out);
}

#[test]
fn what_a_suite_asks_for_and_nothing_judges_is_told() {
    let result = "{policy: tags, rule: r, resources: [web], result: pass}";
    for field in ["httpPayloads", "envoyPayloads"] {
        let said = said(result, &format!("{field}: [request.yaml]\n"));
        assert_eq!(said.code, 1);
        assert!(
            said.err.contains(&format!("`{field}` is not supported")),
            "{}",
            said.err
        );
    }
    let said = said(result, "resource: [pods.yaml]\n");
    assert!(
        said.err.contains("did you mean `resources`") || said.err.contains("`resources`"),
        "{}",
        said.err
    );
}

#[test]
fn suites_of_a_git_checkout_are_found_and_what_git_keeps_is_not() {
    let folder = Folder::new();
    let result = "{policy: tags, rule: r, resources: [web], result: pass}";
    suite(&folder, "kyverno-test.yaml", result, "");
    std::fs::create_dir(folder.path(".git")).unwrap();
    folder.file(".git/kyverno-test.yaml", "apiVersion: nonsense\n");
    let said = vouchsafe(&["test", &folder.path("")]);
    assert_eq!(said.code, 0, "{}{}", said.err, said.out);
    let said = vouchsafe(&["test", &folder.path(""), "--git-branch", "main"]);
    assert!(said.err.contains("check the repository out"), "{}", said.err);
}

#[test]
fn an_unknown_flag_is_told_with_the_nearest_one() {
    for (arguments, nearest) in [
        (["apply", "p.yaml", "--polcy-report"], "--policy-report"),
        (["test", "folder", "--fail-onli"], "--fail-only"),
    ] {
        let said = vouchsafe(&arguments);
        assert_eq!(said.code, 2);
        assert!(said.err.contains(nearest), "{}", said.err);
    }
}

#[test]
fn objects_of_the_cluster_of_a_suite_answer_context_entries_for_config_maps() {
    let folder = Folder::new();
    let policy = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: allowed}\nspec:\n  background: false\n  rules:\n  \
                  - name: r\n    match: {any: [{resources: {kinds: [Pod]}}]}\n    \
                  context: [{name: allowed, configMap: {name: allowed, namespace: default}}]\n    \
                  validate: {message: m, deny: {conditions: {all: [{key: \"{{ request.object.metadata.name }}\", \
                  operator: NotEquals, value: \"{{ allowed.data.name }}\"}]}}}\n";
    folder.file("policy.yaml", policy);
    folder.file(
        "pods.yaml",
        &(pod("web", "nginx:1") + "---\n" + &pod("db", "nginx:1")),
    );
    folder.file(
        "cluster.yaml",
        "apiVersion: cli.kyverno.io/v1alpha1\nkind: ClusterResource\nmetadata: {name: c}\nspec:\n  resources:\n  \
         - {apiVersion: v1, kind: ConfigMap, metadata: {name: allowed, namespace: default}, data: {name: web}}\n",
    );
    let text = "apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {name: allowed}\npolicies: [policy.yaml]\n\
                resources: [pods.yaml]\nclusterResources: [cluster.yaml]\nresults:\n\
                - {policy: allowed, rule: r, kind: Pod, resources: [web], result: pass}\n\
                - {policy: allowed, rule: r, kind: Pod, resources: [db], result: fail}\n";
    let said = vouchsafe(&["test", &folder.file("kyverno-test.yaml", text)]);
    assert_eq!(said.code, 0, "{}{}", said.err, said.out);
}
