use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::compose::compose;

/// What the full parser says of the same text.
fn full(text: &str) -> Option<Value> {
    let mut documents = compose(text).ok()?;
    let first = documents.pop()?;
    documents.is_empty().then_some(first)
}

#[test]
fn a_pod_is_read_without_the_full_parser() {
    let text = "---\napiVersion: v1\nkind: Pod # a Pod\nmetadata:\n  name: a\n  labels: {app: demo, \"x y\": '1'}\n\
                # comment\nspec:\n  containers:\n  - name: app\n    image: gcr.io/x/y:1.0\n    args: [\"-v\", '2', a-b]\n    \
                command:\n      - sh\n      - -c\n      - |\n        echo 1\n\n        echo 2\n    ports:\n    - \
                containerPort: 8080\n      name: http\n  - name: empty\n    resources: {}\n    env: []\n  nodeName:\n";
    let expected = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "a", "labels": {"app": "demo", "x y": "1"}},
        "spec": {
            "containers": [
                {
                    "name": "app", "image": "gcr.io/x/y:1.0", "args": ["-v", "2", "a-b"],
                    "command": ["sh", "-c", "echo 1\n\necho 2\n"], "ports": [{"containerPort": 8080, "name": "http"}]
                },
                {"name": "empty", "resources": {}, "env": []}
            ],
            "nodeName": null
        }
    });
    assert_eq!(read(text), Some(expected.clone()));
    assert_eq!(full(text), Some(expected));
}

#[test]
fn managed_fields_are_read_without_the_full_parser() {
    let text = "f:metadata:\n  .: {}\n  k:{\"name\":\"app\"}:\n    f:image: {}\n";
    assert!(read(text).is_some());
    assert_eq!(read(text), full(text));
}

#[test]
fn what_means_more_to_yaml_is_left_to_the_full_parser() {
    for text in [
        "a: &x 1\n",
        "a: *x\n",
        "a: !!str 1\n",
        "<<: {a: 1}\n",
        "a: >\n  b\n",
        "a: b\n  c\n",
        "a: 'b\n  c'\n",
        "a: [b,\n  c]\n",
        "a:\tb\n",
        "a: b: c\n",
        "? a\n: b\n",
        "a: 1\na: 2\n",
        "a: .inf\n",
        "~: 1\n",
        "a: é\n",
        "text\n",
        "a: |2\n   b\n",
        "a: |+\n  b\n\n",
        "- a\nb: c\n",
        "a: 1\n b: 2\n",
        "a: b\r\n",
        "a: @b\n",
        "a: `b`\n",
        "a: -\n",
        "a: \"\\x41\"\n",
        "a: |\n  b",
        "a: |\n \n  b\n",
        "a:\n- b\n c\n",
        "{a: b\n",
        "a: [b c]\n",
        "a: b\n...\n",
    ] {
        assert_eq!(read(text), None, "{text:?}");
    }
}

/// Pieces of YAML from which texts are put together: the words of the subset and those around it.
fn pieces() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "a",
        "b:",
        "c: ",
        "- ",
        "-",
        "  ",
        " ",
        "\n",
        "\n  ",
        "\n    ",
        "\n- ",
        "\n  - ",
        "key: value",
        "'q'",
        "\"d\"",
        "\"e\\n\"",
        "''",
        "# c",
        " # c",
        "|",
        "|-",
        "{",
        "}",
        "[",
        "]",
        ", ",
        ",",
        "{}",
        "[]",
        ": ",
        ":",
        "1",
        "017",
        "1.0",
        "yes",
        "~",
        "null",
        "---",
        "---\n",
        "...",
        "&x ",
        "*x",
        "!t ",
        "<<: ",
        "? ",
        "> ",
        "\t",
        "$(x)",
        "=(y)",
        "http://z:1",
        "x: |\n  t\n",
        "x:\n",
        "\"k\": ",
        "%",
        "@",
        "\\",
        "*",
        "a b",
        "a#b",
        "-1",
        "+",
        ".",
        ".inf",
        "\u{e9}",
    ]);
    prop::collection::vec(words, 0..24).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    /// Whatever this reader accepts, the full parser reads the same.
    #[test]
    fn the_fast_reader_and_the_full_parser_say_the_same(text in pieces()) {
        if let Some(value) = read(&text) {
            prop_assert_eq!(Some(value), full(&text), "{:?}", text);
        }
    }
}
