//! Any text at all: compiled, evaluated, never a panic.

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::json;
use vouchsafe_policy_cel::{Budget, Environment, NoHost, Scope, Value};

const PIECES: &[&str] = &[
    "object",
    "oldObject",
    "request",
    "variables",
    "images",
    ".",
    ".?",
    "?",
    ":",
    ",",
    "(",
    ")",
    "[",
    "]",
    "[?",
    "{",
    "}",
    "+",
    "-",
    "*",
    "/",
    "%",
    "!",
    "&&",
    "||",
    "==",
    "!=",
    "<",
    ">=",
    "in",
    "1",
    "0",
    "-9223372036854775808",
    "2u",
    "1.5",
    "1e308",
    "''",
    "'a'",
    "b'\\xff'",
    "\"é\"",
    "null",
    "true",
    "false",
    "has(",
    "size(",
    "string(",
    "int(",
    "timestamp(",
    "duration(",
    "'1h'",
    "'2024-01-01T00:00:00Z'",
    ".all(x, ",
    ".map(x, ",
    ".filter(k, v, ",
    ".exists(x, ",
    "x",
    "k",
    "v",
    ".sortBy(x, ",
    "cel.bind(x, ",
    "optional.of(",
    "optional.none()",
    ".orValue(",
    ".optMap(x, ",
    ".split(",
    ".replace(",
    ".substring(",
    ".indexOf(",
    ".format([",
    ".matches(",
    "'(a'",
    "'\\\\d+'",
    "quantity(",
    "semver(",
    "ip(",
    "cidr(",
    "url(",
    ".isLessThan(",
    "math.greatest(",
    "math.bitShiftLeft(",
    "lists.range(",
    ".slice(",
    ".flatten(",
    "sets.contains(",
    "json.unmarshal(",
    "yaml.parse(",
    "gzip.decompress(",
    "base64.decode(",
    "regex.replace(",
    "x509.decode(",
    "random(",
    "time.truncate(",
    "listObjToMap(",
    "parseImageReference(",
    "resource.Get(",
    "http.Get(",
    "`a b`",
    "Object{",
    "\n",
    " ",
];

fn evaluate(text: &str) {
    let environment = Environment::validating_policy(Scope::Cluster).build();
    let data = json!({"a": [1, "b", null, {"c": 1.5}], "b": {"true": true}, "1": "x"});
    let variables: HashMap<String, Value<'_>> = [("object".to_owned(), Value::from(&data))].into();
    for program in [environment.compile(text), environment.compile_unchecked(text)]
        .into_iter()
        .flatten()
    {
        let found = program.evaluate(&variables, &NoHost, &Budget::new(10_000, 10_000, 1_000_000));
        if let Ok(value) = found {
            drop(value.to_json());
        }
    }
}

proptest! {
    #[test]
    fn any_text_compiles_or_is_refused(text in "\\PC{0,60}") {
        evaluate(&text);
    }

    #[test]
    fn any_heap_of_words_of_the_language_is_evaluated_or_refused(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24),
    ) {
        evaluate(&pieces.concat());
    }

    #[test]
    fn any_function_takes_any_arguments_or_refuses_them(
        values in prop::collection::vec(prop::sample::select(vec![
            "object", "null", "1", "-1", "9223372036854775807", "2u", "1.5", "''", "'é'", "b'x'", "[1]", "['a']", "{'a': 1}",
            "timestamp('9999-12-31T23:59:59Z')", "duration('1h')", "optional.of(1)", "int", "quantity('1')", "ip('::1')",
        ]), 1..5),
        name in prop::sample::select(vec![
            "contains", "split", "replace", "substring", "indexOf", "lastIndexOf", "charAt", "join", "format", "slice",
            "flatten", "sort", "distinct", "reverse", "sum", "min", "isSorted", "getHours", "getDate", "add", "sub",
            "containsIP", "value", "or", "orValue", "first", "last", "matches", "find", "findAll", "validate", "tag", "get",
        ]),
    ) {
        let (receiver, arguments) = values.split_first().unwrap();
        let arguments: Vec<String> = arguments.iter().map(|value| format!("dyn({value})")).collect();
        evaluate(&format!("dyn({receiver}).{name}({})", arguments.join(", ")));
    }
}
