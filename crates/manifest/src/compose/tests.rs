use serde_json::json;

use super::*;

fn one(text: &str) -> Value {
    let mut documents = compose(text).unwrap();
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

fn fault(text: &str) -> ManifestFault {
    compose(text).unwrap_err().fault
}

#[test]
fn block_and_flow_collections_become_json() {
    let text = "a:\n- 1\n- [x, {w: z}]\n-\n  - deep\nb: {c: null, d: ~, e: }\n";
    assert_eq!(
        one(text),
        json!({"a": [1, ["x", {"w": "z"}], ["deep"]], "b": {"c": null, "d": null, "e": null}})
    );
}

#[test]
fn quoted_and_block_scalars_are_text_whatever_they_say() {
    let text = "a: '1'\nb: \"yes\"\nc: |\n  017\nd: >-\n  two\n  lines\n\n  end\ne: !!str 1\n";
    assert_eq!(
        one(text),
        json!({"a": "1", "b": "yes", "c": "017\n", "d": "two lines\nend", "e": "1"})
    );
}

#[test]
fn timestamps_stay_text() {
    assert_eq!(
        one("a: 2024-01-01\nb: 2024-01-01T00:00:00Z\n"),
        json!({"a": "2024-01-01", "b": "2024-01-01T00:00:00Z"})
    );
}

#[test]
fn keys_take_the_yaml_1_1_meaning_too() {
    assert_eq!(
        one("n: 3\n1: a\n017: b\n'n': c\n"),
        json!({"false": 3, "1": "a", "15": "b", "n": "c"})
    );
}

#[test]
fn a_comment_may_follow_a_block_scalar_header() {
    assert_eq!(
        one("publicKeys: | #The key\n  BEGIN\n  END\n"),
        json!({"publicKeys": "BEGIN\nEND\n"})
    );
}

#[test]
fn anchors_and_aliases_copy_values() {
    assert_eq!(
        one("a: &x {k: [1]}\nb: *x\nc: &y yes\nd: *y\n"),
        json!({"a": {"k": [1]}, "b": {"k": [1]}, "c": true, "d": true})
    );
    assert_eq!(
        one("&k name: v\nother: *k\n"),
        json!({"name": "v", "other": "name"})
    );
}

#[test]
fn merged_keys_give_way_to_what_comes_later() {
    assert_eq!(
        one("b: &b {x: 1, z: 1}\na:\n  <<: *b\n  x: 2\n")["a"],
        json!({"x": 2, "z": 1})
    );
    assert_eq!(
        one("b: &b {x: 1}\na:\n  x: 2\n  <<: *b\n")["a"],
        json!({"x": 1}),
        "as go-yaml v2 does"
    );
    assert_eq!(
        one("a: {<<: [{x: 1}, {x: 2, z: 2}]}\n"),
        json!({"a": {"x": 1, "z": 2}})
    );
    assert_eq!(one("a: {'<<': 1}\n"), json!({"a": {"<<": 1}}));
    assert_eq!(fault("a: {<<: 1}\n"), ManifestFault::UnmergeableValue);
}

#[test]
fn a_key_written_twice_is_refused() {
    assert_eq!(
        fault("a: 1\nb: 2\na: 3\n"),
        ManifestFault::DuplicateKey { key: "a".to_owned() }
    );
    assert_eq!(
        fault("yes: 1\ntrue: 3\n"),
        ManifestFault::DuplicateKey {
            key: "true".to_owned()
        }
    );
}

#[test]
fn a_key_that_json_cannot_hold_is_refused() {
    assert_eq!(
        fault("? [a]\n: 1\n"),
        ManifestFault::UnusableKey { found: "a sequence" }
    );
    assert_eq!(
        fault("{? {a: 1} : 1}\n"),
        ManifestFault::UnusableKey { found: "a mapping" }
    );
    assert_eq!(fault("~: 1\n"), ManifestFault::UnusableKey { found: "null" });
}

#[test]
fn an_alias_to_nothing_is_refused() {
    assert!(compose("a: *missing\n").is_err());
    assert!(
        compose("a: &x 1\n---\nb: *x\n").is_err(),
        "anchors end with their document"
    );
    assert!(compose("a: &x [*x]\n").is_err(), "a value cannot hold itself");
}

/// The attack: a few hundred bytes of nested aliases that expand to gigabytes in the reader's memory.
#[test]
fn a_billion_laughs_document_is_refused_before_it_grows() {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert!(matches!(fault(&text), ManifestFault::TooManyAliases { .. }));
}

/// The attack: nesting by aliases, which the text itself does not show.
#[test]
fn nesting_deeper_than_the_limit_is_refused() {
    let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    assert!(compose(&deep(MAX_DEPTH)).is_ok());
    assert_eq!(
        fault(&deep(MAX_DEPTH + 1)),
        ManifestFault::TooDeep { limit: MAX_DEPTH }
    );
    assert!(compose(&"[".repeat(100_000)).is_err());
    assert!(compose(&"- ".repeat(100_000)).is_err());
    let text = format!(
        "a: &a {}\nb: &b {}*a{}\n",
        deep(100),
        "[".repeat(100),
        "]".repeat(100)
    );
    assert_eq!(fault(&text), ManifestFault::TooDeep { limit: MAX_DEPTH });
}

#[test]
fn local_tags_keep_the_text() {
    assert_eq!(
        one("a: !secret 1\nb: !thing {c: 1}\n"),
        json!({"a": "1", "b": {"c": 1}})
    );
}

#[test]
fn tabs_may_not_indent_but_may_separate() {
    assert!(compose("a:\n\tb: 1\n").is_err());
    assert_eq!(one("a: \t1\n"), json!({"a": 1}));
}

#[test]
fn a_block_scalar_that_ends_the_text_has_no_line_break_of_its_own() {
    assert_eq!(one("a: |\n  x"), json!({"a": "x"}));
    assert_eq!(one("a: |\n  x\n"), json!({"a": "x\n"}));
    assert_eq!(one("a: >\n  x\n  z"), json!({"a": "x z"}));
    assert_eq!(one("a: |\n  x\n# end"), json!({"a": "x\n"}));
}
