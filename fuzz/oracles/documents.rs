//! YAML and JSON.

use serde_json::Value;

/// Values as they compare: whole floats are integers after the way through YAML, as in Kubernetes.
fn comparable(value: &Value) -> Value {
    match value {
        Value::Number(number) => {
            let float = number.as_f64().unwrap_or(f64::NAN);
            // Adding zero takes the sign of a negative zero, which no integer has.
            Value::from((float + 0.0).to_string())
        }
        Value::Array(items) => items.iter().map(comparable).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.clone(), comparable(value)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

/// Where a text is JSON, the reader gives what `serde_json` gives or refuses it (a key twice, too deep); as YAML, behind a
/// comment, too. What is no JSON is read or refused; all of the reader's faces agree, and every place can be asked for.
pub(crate) fn json_means_what_json_says(bytes: &[u8]) {
    let documents = manifest::read(bytes, "fuzz");
    let Ok(text) = std::str::from_utf8(bytes) else {
        assert!(documents.is_err(), "text that is not UTF-8 was read");
        return;
    };
    if let Ok(documents) = &documents {
        for document in documents {
            let _place = document.place(&manifest::FieldPath::root().key("spec").index(0));
        }
    }
    assert_eq!(
        documents.is_ok(),
        manifest::read_values(text, "fuzz").is_ok(),
        "two faces of one reader differ"
    );
    let Ok(json) = serde_json::from_str::<Value>(text) else {
        return;
    };
    for text in [text.to_owned(), format!("# YAML\n{text}\n")] {
        if let Ok(read) = manifest::read_value(&text) {
            assert_eq!(comparable(&read), comparable(&json), "{text:?}");
        }
    }
}
