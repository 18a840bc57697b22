use super::*;

#[test]
fn numbers_are_equal_by_magnitude_and_nan_to_nothing() {
    assert_eq!(Value::Int(1), Value::Uint(1));
    assert_eq!(Value::Int(1), Value::Double(1.0));
    assert_ne!(Value::Int(-1), Value::Uint(u64::MAX));
    assert_ne!(Value::Double(f64::NAN), Value::Double(f64::NAN));
    assert_ne!(Value::Null, Value::Bool(false));
}

#[test]
fn a_map_finds_a_number_under_any_numeric_type() {
    let entries: Entries<'_> = [(Key::Uint(3), Value::Bool(true))].into_iter().collect();
    let map = Map::from(entries);
    assert!(map.has_key(&Value::Int(3)));
    assert!(map.has_key(&Value::Double(3.0)));
    assert!(!map.has_key(&Value::Double(3.5)));
}

#[test]
fn json_numbers_become_ints_when_they_fit() {
    let json = serde_json::json!([1, -1, 18_446_744_073_709_551_615_u64, 1.5]);
    let Value::List(list) = Value::from(&json) else {
        panic!("a list")
    };
    assert!(matches!(list.get(0), Some(Value::Int(1))));
    assert!(matches!(list.get(2), Some(Value::Double(_))));
}

#[test]
fn nesting_is_counted_where_a_value_is_made() {
    let inner = Value::List(List::from(vec![Value::Null]));
    let outer = Value::List(List::from(vec![Value::Optional(Some(Arc::new(Held::new(
        inner,
    ))))]));
    assert_eq!(outer.depth(), 3);
}

#[test]
fn decoded_json_has_doubles_and_whole_ones_are_written_without_a_point() {
    let value = Value::from_decoded(serde_json::json!({"b": 1, "a": [2.5, -0.0]}));
    let Value::Map(map) = &value else { panic!("a map") };
    assert!(matches!(map.field("b"), Some(Value::Double(_))));
    assert_eq!(value.to_json().unwrap().to_string(), r#"{"a":[2.5,-0.0],"b":1}"#);
}
