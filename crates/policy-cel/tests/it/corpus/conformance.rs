//! cel-spec's tests, as JSON.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use serde_json::Value as Json;
use vouchsafe_policy_cel::{
    Budget, Environment, Library, List, Map, NoHost, ObjectType, Type, Value, display_errors,
};

use super::Verdict;

/// What the tests may use beyond the language itself
const LIBRARIES: &[Library] = &[
    Library::Optionals,
    Library::Bindings,
    Library::TwoVariables,
    Library::Encoders,
    Library::Lists,
    Library::Math,
    Library::Sets,
    Library::StringsLatest,
    Library::Regex,
    Library::Network,
    Library::Blocks,
];

pub(super) fn run(case: &Json) -> Verdict {
    let text = |field: &str| case[field].as_str().unwrap_or_default();
    let name = format!("{}/{}/{}", text("file"), text("section"), text("name"));
    (name, verdict(case))
}

fn verdict(case: &Json) -> Result<(), String> {
    let expression = case["expr"].as_str().unwrap_or_default();
    let environment = environment(case);
    let compiled = if case["disable_check"] == true {
        environment.compile_unchecked(expression)
    } else {
        environment.compile(expression)
    };
    let program = match compiled {
        Ok(program) => program,
        Err(_) if !case["wantErr"].is_null() => return Ok(()),
        Err(errors) => return Err(display_errors(&errors)),
    };
    if let Some(wanted) = case["wantType"].as_str() {
        let found = type_name(program.result_type());
        if found != wanted {
            return Err(format!("type {found}, wanted {wanted}"));
        }
    }
    if case["check_only"] == true {
        return Ok(());
    }
    let bindings = case["bindings"].as_object().into_iter().flatten();
    let bindings: HashMap<String, Value<'_>> = bindings
        .map(|(name, value)| (name.clone(), value_of(value)))
        .collect();
    let found = program.evaluate(&bindings, &NoHost, &Budget::default());
    match (found, &case["want"]) {
        (Err(_), Json::Null) => Ok(()),
        (Err(error), wanted) => Err(format!("{expression}: error {error}, wanted {wanted}")),
        (Ok(value), Json::Null) => Err(format!(
            "{expression}: {value:?}, wanted error {}",
            case["wantErr"]
        )),
        (Ok(value), wanted) if is(&value, wanted) => Ok(()),
        (Ok(value), wanted) => Err(format!("{expression}: {value:?}, wanted {wanted}")),
    }
}

fn environment(case: &Json) -> Environment {
    let mut builder = Environment::builder()
        .libraries(LIBRARIES)
        .valid_literals(false)
        .container(case["container"].as_str().unwrap_or_default());
    for object in objects() {
        builder = builder.object_type(object);
    }
    for declaration in case["env"].as_array().into_iter().flatten() {
        if let (Some(name), Some(of)) = (declaration["name"].as_str(), declaration["type"].as_str()) {
            builder = builder.variable(name, type_of(of));
        }
    }
    builder.build()
}

/// The messages of the tests, as far as they are built from literals
fn objects() -> Vec<ObjectType> {
    let wrapper = |name: &str, wraps: Type| ObjectType {
        name: format!("google.protobuf.{name}").into(),
        fields: [(Arc::from("value"), wraps.clone())].into_iter().collect(),
        wraps: Some(wraps),
    };
    vec![
        wrapper("BoolValue", Type::Bool),
        wrapper("BytesValue", Type::Bytes),
        wrapper("DoubleValue", Type::Double),
        wrapper("FloatValue", Type::Double),
        wrapper("Int32Value", Type::Int),
        wrapper("Int64Value", Type::Int),
        wrapper("StringValue", Type::String),
        wrapper("UInt32Value", Type::Uint),
        wrapper("UInt64Value", Type::Uint),
        wrapper("Value", Type::Dyn),
        all_types("cel.expr.conformance.proto3"),
        all_types("cel.expr.conformance.proto2"),
        nested("cel.expr.conformance.proto3"),
        nested("cel.expr.conformance.proto2"),
        tree("cel.expr.conformance.proto3"),
        tree("cel.expr.conformance.proto2"),
    ]
}

fn tree(package: &str) -> ObjectType {
    let name = format!("{package}.NestedTestAllTypes");
    let payload = Type::object(&format!("{package}.TestAllTypes"));
    let fields = [("child", Type::object(&name)), ("payload", payload)];
    ObjectType {
        fields: fields
            .into_iter()
            .map(|(field, of)| (Arc::from(field), of))
            .collect(),
        name: name.into(),
        wraps: None,
    }
}

fn nested(package: &str) -> ObjectType {
    ObjectType {
        name: format!("{package}.TestAllTypes.NestedMessage").into(),
        fields: [(Arc::from("bb"), Type::Int)].into_iter().collect(),
        wraps: None,
    }
}

/// Fields of the tests' large message: name and type, as types are spelled
const FIELDS: &[(&str, &str)] = &[
    ("single_bool", "bool"),
    ("single_int32", "int"),
    ("single_int64", "int"),
    ("single_uint32", "uint"),
    ("single_uint64", "uint"),
    ("single_sint32", "int"),
    ("single_sint64", "int"),
    ("single_fixed32", "uint"),
    ("single_fixed64", "uint"),
    ("single_float", "double"),
    ("single_double", "double"),
    ("single_string", "string"),
    ("single_bytes", "bytes"),
    ("single_any", "any"),
    ("single_duration", "duration"),
    ("single_timestamp", "timestamp"),
    ("single_struct", "map(string, dyn)"),
    ("single_value", "dyn"),
    ("list_value", "list(dyn)"),
    ("standalone_enum", "int"),
    ("single_bool_wrapper", "wrapper(bool)"),
    ("single_bytes_wrapper", "wrapper(bytes)"),
    ("single_double_wrapper", "wrapper(double)"),
    ("single_float_wrapper", "wrapper(double)"),
    ("single_int32_wrapper", "wrapper(int)"),
    ("single_int64_wrapper", "wrapper(int)"),
    ("single_string_wrapper", "wrapper(string)"),
    ("single_uint32_wrapper", "wrapper(uint)"),
    ("single_uint64_wrapper", "wrapper(uint)"),
    ("repeated_bool", "list(bool)"),
    ("repeated_bytes", "list(bytes)"),
    ("repeated_double", "list(double)"),
    ("repeated_fixed32", "list(uint)"),
    ("repeated_fixed64", "list(uint)"),
    ("repeated_float", "list(double)"),
    ("repeated_int32", "list(int)"),
    ("repeated_int64", "list(int)"),
    ("repeated_nested_enum", "list(int)"),
    ("repeated_sfixed32", "list(int)"),
    ("repeated_sfixed64", "list(int)"),
    ("repeated_sint32", "list(int)"),
    ("repeated_sint64", "list(int)"),
    ("repeated_string", "list(string)"),
    ("repeated_uint32", "list(uint)"),
    ("repeated_uint64", "list(uint)"),
    ("map_string_string", "map(string, string)"),
    ("map_bool_int64", "map(bool, int)"),
    ("map_int32_int64", "map(int, int)"),
    ("map_int32_enum", "map(int, int)"),
    ("map_string_int64", "map(string, int)"),
];

/// Fields whose names are reserved words
const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
    "in",
];

fn all_types(package: &str) -> ObjectType {
    let message = Type::object(&format!("{package}.TestAllTypes.NestedMessage"));
    let messages = [
        (
            "oneof_type",
            Type::object(&format!("{package}.NestedTestAllTypes")),
        ),
        ("single_nested_message", message.clone()),
        ("standalone_message", message.clone()),
        ("repeated_nested_message", Type::list(message)),
    ];
    let plain = FIELDS.iter().map(|(name, of)| (*name, type_of(of)));
    let reserved = RESERVED.iter().map(|name| (*name, Type::Bool));
    let fields = plain
        .chain(messages)
        .chain(reserved)
        .map(|(name, of)| (Arc::from(name), of));
    ObjectType {
        name: format!("{package}.TestAllTypes").into(),
        fields: fields.collect(),
        wraps: None,
    }
}

fn type_of(text: &str) -> Type {
    match text.strip_prefix("msg:") {
        Some("google.protobuf.Duration") => Type::Duration,
        Some(name) => Type::object(name),
        None => text.replace("null_type", "null").parse().expect("a type"),
    }
}

/// A type as the tests spell it
fn type_name(of: &Type) -> String {
    if let Type::List(element) = of {
        return format!("list({})", type_name(element));
    }
    if let Type::Map(entry) = of {
        return format!("map({},{})", type_name(&entry.0), type_name(&entry.1));
    }
    if let Type::Struct(name) = of {
        return format!("msg:{name}");
    }
    if let Type::Opaque(opaque) = of {
        let parameters: Vec<String> = opaque.parameters.iter().map(type_name).collect();
        return format!("abstract:{}({})", opaque.name, parameters.join(","));
    }
    if *of == Type::Null {
        "null_type".into()
    } else {
        of.to_string()
    }
}

fn value_of(json: &Json) -> Value<'static> {
    let text = json["v"].as_str().unwrap_or_default();
    let items = || json["v"].as_array().into_iter().flatten();
    match json["t"].as_str().unwrap_or_default() {
        "bool" => Value::Bool(json["v"] == true),
        "int" => Value::Int(text.parse().unwrap()),
        "uint" => Value::Uint(text.parse().unwrap()),
        "double" => Value::Double(text.parse().unwrap()),
        "string" => Value::string(text.to_owned()),
        "bytes" => Value::Bytes(
            base64::engine::general_purpose::STANDARD
                .decode(text)
                .unwrap()
                .into(),
        ),
        "list" => Value::List(List::from(items().map(value_of).collect::<Vec<_>>())),
        "map" => {
            let entries = items().map(|pair| {
                let key = vouchsafe_policy_cel::Key::from_value(&value_of(&pair[0])).unwrap();
                (key, value_of(&pair[1]))
            });
            Value::Map(entries.collect::<Map<'_>>())
        }
        _ => Value::Null,
    }
}

/// Whether a value is what was wanted, type and all
fn is(value: &Value<'_>, wanted: &Json) -> bool {
    let text = wanted["v"].as_str().unwrap_or_default();
    match (value, wanted["t"].as_str().unwrap_or_default()) {
        (Value::Null, "null") => true,
        (Value::Double(found), "double") => {
            let wanted: f64 = text.parse().unwrap();
            found.to_bits() == wanted.to_bits() || (found.is_nan() && wanted.is_nan())
        }
        (Value::Type(name), "type") => **name == *text,
        (Value::Duration(found), "duration") => {
            Some(*found)
                == wanted["v"][0]
                    .as_i64()
                    .map(|seconds| seconds * 1_000_000_000 + wanted["v"][1].as_i64().unwrap())
        }
        (Value::Timestamp(found), "timestamp") => Some(found.seconds()) == wanted["v"][0].as_i64(),
        (Value::Object(object), "proto") => text.ends_with(object.type_name()),
        (Value::List(list), "list") => {
            let wanted = wanted["v"].as_array().unwrap();
            list.len() == wanted.len() && list.iter().zip(wanted).all(|(value, wanted)| is(&value, wanted))
        }
        (Value::Map(map), "map") => {
            let wanted = wanted["v"].as_array().unwrap();
            map.len() == wanted.len()
                && wanted.iter().all(|pair| {
                    map.iter()
                        .any(|(key, value)| is(&key.to_value(), &pair[0]) && is(&value, &pair[1]))
                })
        }
        (value, "bool" | "int" | "uint" | "string" | "bytes") => {
            let wanted = value_of(wanted);
            value.type_name() == wanted.type_name() && *value == wanted
        }
        _ => false,
    }
}
