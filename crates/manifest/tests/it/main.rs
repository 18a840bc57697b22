//! The reader through its public face: what holds for every text.

use proptest::prelude::*;
use serde_json::Value;
use vouchsafe_manifest::{FieldPath, read, read_objects, read_value, read_values, unpack_list};

/// JSON values whose floats are not whole: whole ones become integers on the way through YAML, as in Kubernetes.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>()
            .prop_map(|number| f64::from(number) / 64.0)
            .prop_filter("not whole", |float| float.fract() != 0.0)
            .prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        prop::sample::select(vec![
            "yes", "017", "~", "a: b", "# c", "- d", "'", "\"", "\\", "a\nb", "\t", ""
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z0-9 .:/#-]{0,8}", inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn json_text_reads_the_same_as_json_and_as_yaml(value in json()) {
        let text = value.to_string();
        prop_assert_eq!(read_value(&text), Ok(value.clone()));
        // A comment before it makes the text YAML.
        prop_assert_eq!(read_value(&format!("# YAML\n{text}\n")), Ok(value.clone()));
        let pretty = format!("# YAML\n{value:#}\n");
        prop_assert_eq!(read_value(&pretty), Ok(value));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _unused = read(&bytes, "any");
    }

    #[test]
    fn no_yaml_words_make_the_reader_panic(words in prop::collection::vec(prop::sample::select(vec![
        "a", ": ", "- ", "\n", "  ", "[", "]", "{", "}", "&a ", "*a", "<<: ", "!!int ", "!!binary ", "|", ">", "'", "\"", "#",
        "? ", "---\n", "...\n", "%YAML 1.1\n", ",", "\t", "\r\n", "é", "\u{feff}", "\u{2028}", "1", ".inf", "~", "\\x",
    ]), 0..60)) {
        let text = words.concat();
        let documents = read(text.as_bytes(), "any");
        let values = read_values(&text, "any");
        prop_assert_eq!(documents.is_ok(), values.is_ok());
        if let (Ok(documents), Ok(values)) = (documents, values) {
            for document in &documents {
                let _place = document.place(&FieldPath::root().key("a").index(0));
            }
            let read: Vec<Value> = documents.into_iter().map(|document| document.value).collect();
            prop_assert_eq!(&read, &values);
            let objects: Vec<Value> = values.into_iter().flat_map(unpack_list).collect();
            prop_assert_eq!(read_objects(text.as_bytes(), "any", |object, _| object), Ok(objects));
        }
    }
}
