use crate::load::{Loading, load_policies};

fn load(text: &str) -> Loading {
    load_policies(manifest::read(text.as_bytes(), "").unwrap())
}

/// The faults of a cluster policy with this `spec`, without their places.
fn faults_of_spec(spec: &str) -> Vec<String> {
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    faults(&format!(
        "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p}}\nspec:\n{spec}"
    ))
}

fn faults(text: &str) -> Vec<String> {
    let mut faults = load(text).faults;
    for fault in &mut faults {
        assert!(fault.place.is_some(), "{fault}");
        fault.place = None;
    }
    faults.iter().map(ToString::to_string).collect()
}

/// The faults of a policy with one rule of this body, which matches Pods unless it says otherwise.
fn faults_of_rule(body: &str) -> Vec<String> {
    let matches = if body.contains("match:") {
        ""
    } else {
        "match: {any: [{resources: {kinds: [Pod]}}]}\n"
    };
    let rule: String = format!("{matches}{body}")
        .lines()
        .map(|line| format!("  {line}\n"))
        .collect();
    faults_of_spec(&format!("rules:\n- name: r\n{rule}"))
}

fn assert_only(faults: &[String], expected: &str) {
    assert_eq!(faults, [expected]);
}

const PATTERN: &str = "validate: {pattern: {metadata: {name: '*'}}}";

#[test]
fn a_sound_rule_has_no_fault() {
    assert_eq!(faults_of_rule(PATTERN), [] as [&str; 0]);
}

#[test]
fn a_rule_has_exactly_one_action() {
    assert_only(
        &faults_of_rule("exclude: {any: [{resources: {names: [a]}}]}"),
        "spec.rules[0]: No operation defined in the rule 'r'.(supported operations: mutate,validate,generate,verifyImages)",
    );
    assert_only(
        &faults_of_rule(&format!(
            "{PATTERN}\nmutate: {{patchStrategicMerge: {{metadata: {{}}}}}}"
        )),
        "spec.rules[0]: Multiple operations defined in the rule 'r', only one operation \
         (mutate,validate,generate,verifyImages) is allowed per rule",
    );
    assert_only(
        &faults_of_rule("validate: {assert: {a: 1}}"),
        "spec.rules[0].validate: one of pattern, anyPattern, deny, foreach, cel must be specified",
    );
    assert_only(
        &faults_of_rule("validate: {pattern: {a: 1}, deny: {}}"),
        "spec.rules[0].validate: only one of pattern, anyPattern, deny, foreach, cel can be specified",
    );
}

#[test]
fn rule_names_are_used_once_and_fit_a_label() {
    let long = "x".repeat(64);
    let rule = |name: &str| {
        format!("- name: {name}\n  match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n  {PATTERN}\n")
    };
    let spec = format!("rules:\n{}{}{}", rule("a"), rule("a"), rule(&long));
    assert_eq!(
        faults_of_spec(&spec),
        [
            "spec.rules[1].name: Duplicate rule name: 'a'",
            "spec.rules[2].name: must be no more than 63 bytes"
        ]
    );
}

#[test]
fn match_names_kinds_in_one_form() {
    let with = |matches: &str| faults_of_rule(&format!("match: {matches}\n{PATTERN}"));
    assert_only(
        &with("{}"),
        "spec.rules[0].match.resources: match resources not specified",
    );
    let no_kind = with("{any: [{resources: {names: [a]}}]}");
    assert!(
        no_kind[0].contains("spec.rules[0].match.any[0].resources: at least one element"),
        "{no_kind:?}"
    );
    let both = with("{any: [{resources: {kinds: [Pod]}}], all: [{resources: {kinds: [Pod]}}]}");
    assert_only(&both, "spec.rules[0].match: Can't specify any and all together");
    let mixed = with("{any: [{resources: {kinds: [Pod]}}], resources: {kinds: [Pod]}}");
    assert_only(
        &mixed,
        "spec.rules[0].match.resources: can't specify any/all together with match resources",
    );
    let names = with("{resources: {kinds: [Pod], name: a, names: [b]}}");
    assert_only(
        &names,
        "spec.rules[0].match.resources: Both name and names can not be specified together",
    );
}

#[test]
fn subjects_roles_and_selectors_are_whole() {
    let with = |filter: &str| {
        let body = format!("match: {{any: [{{resources: {{kinds: [Pod]}}, {filter}}}]}}\n{PATTERN}");
        let rule: String = body.lines().map(|line| format!("  {line}\n")).collect();
        faults_of_spec(&format!("background: false\nrules:\n- name: r\n{rule}"))
    };
    assert_eq!(
        with("roles: ['ns:r'], subjects: [{kind: User, name: a}]"),
        [] as [&str; 0]
    );
    assert_only(
        &with("roles: [r]"),
        "spec.rules[0].match.any[0].roles[0]: Role is expected to be in namespace:name format",
    );
    assert_only(
        &with("subjects: [{kind: Robot, name: a}]"),
        "spec.rules[0].match.any[0].subjects[0].kind: kind must be 'User', 'Group', or 'ServiceAccount'",
    );
    assert_only(
        &with("subjects: [{kind: ServiceAccount, name: a}]"),
        "spec.rules[0].match.any[0].subjects[0].namespace: namespace is required when Kind is ServiceAccount",
    );
    let selector = |selector: &str| {
        faults_of_rule(&format!(
            "match: {{resources: {{kinds: [Pod], selector: {selector}}}}}\n{PATTERN}"
        ))
    };
    assert_eq!(selector("{matchLabels: {'a*': '?*'}}"), [] as [&str; 0]);
    assert_only(
        &selector("{}"),
        "spec.rules[0].match.resources.selector: The requirements are not specified in selector",
    );
    assert_only(
        &selector("{matchExpressions: [{key: a, operator: Within}]}"),
        "spec.rules[0].match.resources.selector.matchExpressions[0].operator: \"Within\" is not a valid label selector \
         operator",
    );
    assert_only(
        &selector("{matchLabels: {'-a': b}}"),
        "spec.rules[0].match.resources.selector.matchLabels.-a: `-a` is no label key",
    );
}

#[test]
fn a_rule_that_excludes_what_it_matches_is_refused() {
    let empty = "spec.rules[0]: Rule is matching an empty set";
    let filter = "{any: [{resources: {kinds: [Pod], namespaces: [a]}}]}";
    assert_only(
        &faults_of_rule(&format!("match: {filter}\nexclude: {filter}\n{PATTERN}")),
        empty,
    );
    let flat = "match: {resources: {kinds: [Pod]}}\nexclude: {resources: {kinds: [Pod, Job]}}\n";
    assert_only(&faults_of_rule(&format!("{flat}{PATTERN}")), empty);
    let narrower =
        "match: {resources: {kinds: [Pod]}}\nexclude: {resources: {kinds: [Pod], namespaces: [a]}}\n";
    assert_eq!(faults_of_rule(&format!("{narrower}{PATTERN}")), [] as [&str; 0]);
}

#[test]
fn any_kind_stands_alone_outside_background_scans() {
    let body = "match: {any: [{resources: {kinds: ['*', Pod]}}]}\nvalidate: {pattern: {spec: {a: 1}}}";
    let faults = faults_of_rule(body);
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults[0].starts_with(
        "spec.rules[0].match.any[0].resources.kinds: wildcard policy not allowed in background"
    ));
    assert!(
        faults[1].contains("more than one kind") && faults[2].contains("only deal with the metadata field")
    );
}

#[test]
fn variables_stand_neither_in_match_nor_in_image_references() {
    assert_only(
        &faults_of_rule(&format!(
            "match: {{resources: {{kinds: [Pod], namespaces: ['{{{{ request.x }}}}']}}}}\n{PATTERN}"
        )),
        "spec.rules[0].match.resources.namespaces[0]: rule \"r\" should not have variables in match section",
    );
    assert_only(
        &faults_of_rule("verifyImages: [{imageReferences: ['{{ request.x }}'], mutateDigest: false}]"),
        "spec.rules[0].verifyImages[0].imageReferences[0]: rule \"r\" should not have variables in image reference section",
    );
    assert_only(
        &faults_of_rule("validate: {pattern: {a: '{{ element.x }}'}}"),
        "spec.rules[0].validate.pattern.a: variable 'element.x' present outside of foreach",
    );
    assert_eq!(
        faults_of_rule("validate: {foreach: [{list: request.x, pattern: {a: '{{ element.x }}'}}]}"),
        [] as [&str; 0]
    );
}

#[test]
fn a_background_scan_knows_no_user() {
    let body = "match: {any: [{resources: {kinds: [Pod]}, clusterRoles: [admin]}]}\n\
                validate: {message: 'by {{ request.userInfo.username }} {{ request.object.request.roles }}', deny: {}}";
    let faults = faults_of_rule(body);
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(
        faults[0].starts_with("spec.rules[0].match.any[0].clusterRoles: only select variables are allowed")
    );
    assert!(
        faults[1].ends_with("variable {{ request.userInfo.username }} is not allowed"),
        "{}",
        faults[1]
    );
}

#[test]
fn conditions_are_whole_and_use_known_operators() {
    let with = |condition: &str| {
        faults_of_rule(&format!(
            "validate: {{deny: {{conditions: {{any: [{condition}]}}}}}}"
        ))
    };
    assert_eq!(with("{key: a, operator: Equals, value: b}"), [] as [&str; 0]);
    assert_only(
        &with("{key: a, operator: Equals}"),
        "spec.rules[0].validate.deny.conditions.any[0]: entered value of `key`, `value` or `operator` is missing or \
         misspelled",
    );
    let faults = with("{key: a, operator: equals, value: b}");
    assert!(faults[0].starts_with("spec.rules[0].validate.deny.conditions.any[0].operator: entered value"));
    assert!(faults[0].ends_with("(did you mean `Equals`?)"), "{faults:?}");
    let faults = with("{key: '{{ request.operation }}', operator: AnyIn, value: [CREATE, PATCH]}");
    assert!(
        faults[0].contains("any[0].value[1]: unknown value 'PATCH'"),
        "{faults:?}"
    );
}

#[test]
fn a_context_entry_has_a_free_name_and_one_source() {
    let with = |entry: &str| faults_of_rule(&format!("context: [{entry}]\n{PATTERN}"));
    assert_only(
        &with("{name: images.x, variable: {value: 1}}"),
        "spec.rules[0].context[0].name: entry name images.x is invalid as it conflicts with a pre-defined variable images",
    );
    let faults = with("{name: a, variable: {value: 1}, configMap: {name: a, namespace: b}}");
    assert!(
        faults[0].starts_with("spec.rules[0].context[0]: exactly one of"),
        "{faults:?}"
    );
    assert_only(
        &with("{name: a, configMap: {name: a}}"),
        "spec.rules[0].context[0].configMap.namespace: a namespace is required for configMap context entry",
    );
    assert_only(
        &with("{name: a, variable: {}}"),
        "spec.rules[0].context[0].variable: a variable must define a value or a jmesPath expression",
    );
}

#[test]
fn patterns_use_the_anchors_that_checks_know() {
    let with = |pattern: &str| faults_of_rule(&format!("validate: {{pattern: {pattern}}}"));
    assert_only(
        &with("{spec: {+(a): 1}}"),
        "spec.rules[0].validate.pattern.spec[+(a)]: unsupported anchor +(a)",
    );
    assert_only(
        &with("{spec: {^(a): []}}"),
        "spec.rules[0].validate.pattern.spec[^(a)]: existence anchor: should have at least one value",
    );
    let faults = with("{metadata: {labels: {a: 1}}}");
    assert!(
        faults[0]
            .starts_with("spec.rules[0].validate.pattern.metadata.labels.a: labels and annotations supports")
    );
    assert_eq!(
        with("{spec: {=(a): 1, X(b): 1, (c): 1, <(d): 1, ^(e): [1]}}"),
        [] as [&str; 0]
    );
}

#[test]
fn patches_are_lists_of_operations_on_paths() {
    let with = |patch: &str| faults_of_rule(&format!("mutate:\n  patchesJson6902: |-\n    {patch}"));
    assert_eq!(
        with("- {op: add, path: /a, value: '{{ request.x }}'}"),
        [] as [&str; 0]
    );
    assert_only(
        &with("- {op: put, path: a, value: 1}")[..1],
        "spec.rules[0].mutate.patchesJson6902: unexpected kind: put; expected one of add, remove, replace, move, copy, test",
    );
    assert_only(
        &with("- {op: add, path: '/a/{{ request.x }}', value: 1}"),
        "spec.rules[0].mutate.patchesJson6902: should not have variables in patchesJSON6902 path section",
    );
}

#[test]
fn the_digest_of_an_audited_image_is_not_rewritten() {
    let with = |spec: &str, entry: &str| {
        faults_of_spec(&format!(
            "{spec}\nrules:\n- name: r\n  match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n  verifyImages:\n  - \
             {{imageReferences: ['*'], {entry}}}"
        ))
    };
    let expected = "spec.rules[0].verifyImages[0].mutateDigest: mutateDigest must be set to false for ‘Audit’ failure action";
    assert_only(&with("background: true", "required: true"), expected);
    assert_only(
        &with("validationFailureAction: Enforce", "failureAction: Audit"),
        expected,
    );
    assert_eq!(
        with("validationFailureAction: enforce", "required: true"),
        [] as [&str; 0]
    );
    assert_eq!(
        with("background: true", "failureAction: Enforce"),
        [] as [&str; 0]
    );
}

#[test]
fn attestors_can_be_satisfied_and_say_who() {
    let with = |attestors: &str| {
        faults_of_rule(&format!(
            "verifyImages: [{{imageReferences: ['*'], mutateDigest: false, attestors: [{attestors}]}}]"
        ))
    };
    let at = "spec.rules[0].verifyImages[0].attestors[0]";
    let key = "{keys: {kms: 'awskms://k'}}";
    assert_eq!(with(&format!("{{count: 1, entries: [{key}]}}")), [] as [&str; 0]);
    let cases = [
        (
            format!("{{count: 2, entries: [{key}]}}"),
            ".count: Count cannot exceed length of entries",
        ),
        ("{entries: []}".to_owned(), ": An entry is required"),
        (
            "{entries: [{}]}".to_owned(),
            ".entries[0]: keys, certificates, keyless, or a nested attestor is required",
        ),
        (
            "{entries: [{keys: {}}]}".to_owned(),
            ".entries[0].keys: A public key, kms key or secret is required",
        ),
        (
            "{entries: [{certificates: {}}]}".to_owned(),
            ".entries[0].certificates: cert or certChain required",
        ),
        (
            "{entries: [{keyless: {subject: a}}]}".to_owned(),
            ".entries[0].keyless: Either Rekor URL or roots are required",
        ),
        (
            "{entries: [{keyless: {rekor: {}}}]}".to_owned(),
            ".entries[0].keyless.rekor.url: An URL is required",
        ),
        (
            "{entries: [{keys: {publicKeys: x, signatureAlgorithm: md5}}]}".to_owned(),
            ".entries[0].keys.signatureAlgorithm: Invalid signature algorithm provided",
        ),
        (
            "{entries: [{attestor: {entries: []}}]}".to_owned(),
            ".entries[0].attestor: An entry is required",
        ),
    ];
    for (attestors, expected) in cases {
        assert_only(&with(&attestors), &format!("{at}{expected}"));
    }
}

/// The attack: a nested attestor, which the API server does not look into, names its subject under a misspelt field,
/// so that the verifier would demand none.
#[test]
fn a_misspelt_subject_of_a_nested_attestor_is_refused() {
    let body = "verifyImages: [{imageReferences: ['*'], mutateDigest: false, attestors: [{entries: [{attestor: {entries: \
                [{keyless: {subjct: a@b.c, roots: x}}]}}]}]}]";
    assert_only(
        &faults_of_rule(body),
        "spec.rules[0].verifyImages[0].attestors[0].entries[0].attestor.entries[0].keyless.subjct: unknown field `subjct` \
         (did you mean `subject`?)",
    );
}

#[test]
fn notary_verifies_certificates_only() {
    let body = "verifyImages: [{type: Notary, imageReferences: ['*'], mutateDigest: false, attestors: [{entries: [{keys: \
                {kms: k}}]}]}]";
    assert_only(
        &faults_of_rule(body),
        "spec.rules[0].verifyImages[0].attestors[0].entries[0].keys: Keys field is not allowed for type notary",
    );
}

#[test]
fn fields_of_the_policy_fit_each_other() {
    assert_eq!(
        faults_of_spec("webhookTimeoutSeconds: 31\nadmission: false\nbackground: false\nrules: []"),
        [
            "spec.webhookTimeoutSeconds: the timeout value must be between 1 and 30 seconds",
            "spec.admission: disabling both admission and background processing is not allowed",
        ]
    );
    let overrides = "[{action: Enforce, namespaces: [a]}, {action: Audit, namespaces: ['a*']}]";
    assert_only(
        &faults_of_spec(&format!(
            "validationFailureActionOverrides: {overrides}\nrules: []"
        )),
        "spec.validationFailureActionOverrides[1].namespaces[0]: conflicting namespaces found: `a*` and `a` have different \
         actions",
    );
}

#[test]
fn a_policy_of_a_namespace_stays_in_it() {
    let text = format!(
        "apiVersion: kyverno.io/v1\nkind: Policy\nmetadata: {{name: p, namespace: team}}\nspec:\n  rules:\n  - name: r\n    \
         match: {{resources: {{kinds: [Namespace], namespaces: [a]}}}}\n    {PATTERN}\n"
    );
    assert_eq!(
        faults(&text),
        [
            "spec.rules[0].match.resources.kinds[0]: Cluster wide resource 'Namespace' not allowed in namespaced policy",
            "spec.rules[0].match.resources.namespaces: Filtering namespaces not allowed in namespaced policies",
        ]
    );
}

#[test]
fn exceptions_name_policies_and_no_users_in_background() {
    let text = "apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: e, namespace: team}\nspec:\n  match: {any: \
                [{resources: {kinds: [Pod]}, roles: ['a:b']}]}\n  exceptions: [{policyName: '', ruleNames: ['*']}]\n";
    assert_eq!(
        faults(text),
        [
            "spec.match.any[0]: Usage of user info is forbidden",
            "spec.exceptions[0].policyName: An exception requires a policy name",
        ]
    );
}
