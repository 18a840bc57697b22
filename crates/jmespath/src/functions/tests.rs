use super::*;
use crate::environment::Environment;
use crate::expression::Expression;
use crate::limits::Limits;
use crate::term::LookupError;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::net::IpAddr;

fn value(expression: &str) -> Result<Value, String> {
    let document = json!({
        "people": [{"name": "b", "age": 2}, {"name": "a", "age": 10}, {"name": "c", "age": 1}],
        "labels": {"app": "web", "tier": "front"},
    });
    let compiled = Expression::compile(expression).map_err(|error| error.to_string())?;
    let environment = Environment::at("2024-01-02T03:04:05Z".parse().unwrap(), 42);
    let term = compiled
        .evaluate(&document, &environment, Limits::default())
        .map_err(|error| error.to_string())?;
    term.to_json().map_err(|error| error.to_string())
}

fn check(cases: &[(&str, Value)]) {
    for (expression, expected) in cases {
        assert_eq!(value(expression), Ok(expected.clone()), "{expression}");
    }
}

fn refuse(cases: &[(&str, &str)]) {
    for (expression, error) in cases {
        assert_eq!(value(expression), Err((*error).to_owned()), "{expression}");
    }
}

#[test]
fn the_catalog_lists_the_51_functions_kyverno_adds() {
    let catalog = catalog();
    assert_eq!(catalog.len(), 51);
    assert!(catalog.is_sorted_by_key(|function| function.signature()));
    let signatures: Vec<String> = catalog.iter().map(|function| function.signature()).collect();
    assert!(signatures.contains(&"lookup(object|array, string|number) any".to_owned()));
    assert!(signatures.contains(&"time_now() string".to_owned()));
    assert_eq!(
        all().count(),
        51 + 25,
        "the language's own 26, of which `sum` is Kyverno's now"
    );
}

#[test]
fn text_functions_work_as_in_go() {
    check(&[
        ("compare('a', 'b')", json!(-1)),
        ("equal_fold('Straße', 'STRAßE')", json!(true)),
        ("replace('banana', 'a', 'o', `2`)", json!("bonona")),
        ("replace('banana', 'a', 'o', `-1`)", json!("bonono")),
        ("replace_all('ab', '', '-')", json!("-a-b-")),
        ("to_upper('aß')", json!("Aß")),
        ("trim('--a--', '-')", json!("a")),
        ("split('a,b', ',')", json!(["a", "b"])),
        ("split('aé', '')", json!(["a", "é"])),
        ("truncate('héllo', `2`)", json!("hé")),
        ("regex_match('^[a-z]+$', 'abc')", json!(true)),
        ("regex_match('^1', `12`)", json!(true)),
        ("regex_replace_all('(a)(b)', 'abab', '$2${1}')", json!("baba")),
        ("regex_replace_all_literal('a', 'aa', '$1')", json!("$1$1")),
        ("pattern_match('12*', `123`)", json!(true)),
        ("to_boolean('TrUe')", json!(true)),
        ("semver_compare('1.2.3', '>=1.0.0 <2.0.0')", json!(true)),
        ("semver_compare('v1.2.3', '0.0.0')", json!(true)),
        ("path_canonicalize('/a/../../b//c/.')", json!("/b/c")),
        ("path_canonicalize('a/..')", json!(".")),
        ("join(',', split('a b', ' '))", json!("a,b")),
        ("reverse('añ')", json!("ña")),
        ("to_string({a: '<'})", json!(r#"{"a":"\u003c"}"#)),
    ]);
    refuse(&[
        (
            "to_boolean('yes')",
            "JMESPath function 'to_boolean': lowercase argument must be 'true' or 'false' (provided: 'yes')",
        ),
        (
            "regex_match('(', 'x')",
            "error parsing regexp: missing closing ): `(`",
        ),
        (
            "to_upper(`1`)",
            "Invalid type for: 1, expected: []jmespath.JpType{\"string\"}",
        ),
        ("random('')", "no pattern provided"),
        ("nope()", "unknown function: nope"),
    ]);
}

#[test]
fn list_and_object_functions_walk_keys_in_order() {
    check(&[
        ("keys(labels)", json!(["app", "tier"])),
        ("values(labels)", json!(["web", "front"])),
        (
            "items(labels, 'k', 'v')",
            json!([{"k": "app", "v": "web"}, {"k": "tier", "v": "front"}]),
        ),
        ("items(`[5]`, 'k', 'v')", json!([{"k": 0, "v": 5}])),
        ("merge(labels, {app: 'x'})", json!({"app": "x", "tier": "front"})),
        ("label_match({app: 'web'}, labels)", json!(true)),
        ("label_match({app: 'db'}, labels)", json!(false)),
        ("lookup(labels, 'nope')", json!(null)),
        ("lookup(people, `1`).name", json!("a")),
        ("lookup(people, `-1`)", json!(null)),
        ("object_from_lists(['a', 'b'], `[1]`)", json!({"a": 1, "b": null})),
        ("sort_by(people, &age)[].name", json!(["c", "b", "a"])),
        ("max_by(people, &name).age", json!(1)),
        ("min(people[].age)", json!(1)),
        ("map(&missing, people)", json!([null, null, null])),
        ("contains(people[].name, 'a')", json!(true)),
    ]);
    refuse(&[
        ("sort_by(people, &nope)", "invalid type, must be number of string"),
        (
            "lookup(people, `1.5`)",
            "JMESPath function 'lookup': argument #2: expected an integer number but got: 1.5",
        ),
        (
            "merge(labels, `1`)",
            "Invalid type for: 1, expected: []jmespath.JpType{\"object\"}",
        ),
        ("not_null()", "Invalid arity."),
    ]);
}

#[test]
fn arithmetic_tells_quantities_durations_and_numbers_apart() {
    check(&[
        ("add('1Gi', '512Mi')", json!("1536Mi")),
        ("add('1h', '90s')", json!("1h1m30s")),
        ("sum(['10m', '20m'])", json!("30m")),
        ("subtract(`5`, `2`)", json!(3)),
        ("multiply('1h', `2.5`)", json!("2h30m0s")),
        ("multiply(`2`, '10Mi')", json!("20Mi")),
        ("divide('10Mi', `3`)", json!("3495253")),
        ("divide('1h', '30s')", json!(120)),
        ("modulo('10', '3')", json!("1")),
        ("modulo(`7`, `4`)", json!(3)),
        ("round(`2.555`, `1`)", json!(2.6)),
        ("round(`-2.5`, `0`)", json!(-3)),
    ]);
    refuse(&[
        ("add('1h', '30m')", "JMESPath function 'add': Types mismatch"),
        ("add('x', '30m')", "JMESPath function 'add': invalid operand"),
        (
            "divide('1h', `0`)",
            "JMESPath function 'divide': Zero divisor passed",
        ),
        (
            "modulo(`1.5`, `1`)",
            "JMESPath function 'modulo': Non-integer argument(s) passed for modulo",
        ),
        (
            "sum(`[]`)",
            "JMESPath function 'sum': at least one element in the array is required",
        ),
        (
            "add('2000000h', '2000000h')",
            "JMESPath function 'add': the result is out of range",
        ),
        ("avg(`[]`)", "json: unsupported value: NaN"),
    ]);
}

#[test]
fn time_is_the_environments_and_never_the_clocks() {
    check(&[
        ("time_now()", json!("2024-01-02T03:04:05Z")),
        ("time_since('', '2024-01-02T02:04:05Z', '')", json!("1h0m0s")),
        (
            "time_add('2024-02-28T23:00:00+01:00', '2h')",
            json!("2024-02-29T01:00:00+01:00"),
        ),
        (
            "time_parse('02 Jan 06', '03 Feb 24')",
            json!("2024-02-03T00:00:00Z"),
        ),
        ("time_parse('1', '1136239445')", json!("2006-01-02T22:04:05Z")),
        ("time_to_cron('2024-01-02T03:04:05Z')", json!("4 3 2 1 2")),
        (
            "time_truncate('2024-01-02T03:44:05Z', '1h')",
            json!("2024-01-02T03:00:00Z"),
        ),
        (
            "time_between('2024-01-02T00:00:00Z', '2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z')",
            json!(false),
        ),
        (
            "time_diff('2024-01-02T00:00:00Z', '2024-01-01T00:00:00Z')",
            json!("-24h0m0s"),
        ),
    ]);
}

#[test]
fn encodings_and_hashes() {
    check(&[
        ("base64_encode('aé')", json!("YcOp")),
        ("base64_decode('YcOp')", json!("aé")),
        ("md5('')", json!("d41d8cd98f00b204e9800998ecf8427e")),
        ("sha1('a')", json!("86f7e437faa5a7fce15d1ddcb9eaeaea377667b8")),
        (
            "sha256('a')",
            json!("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ),
        ("parse_json('{\"a\": [1]}').a[0]", json!(1)),
        ("parse_yaml('a: yes')", json!({"a": true})),
        ("image_normalize('nginx')", json!("docker.io/nginx:latest")),
        ("random('[a-z]{4}') == random('[a-z]{4}')", json!(true)),
    ]);
    refuse(&[("base64_decode('YQ')", "illegal base64 data at input byte 0")]);
}

/// A resolver that knows two hosts and has not heard of a third yet.
struct Addresses;

impl crate::environment::Hosts for Addresses {
    fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, LookupError> {
        let parsed = |texts: &[&str]| Ok(texts.iter().map(|text| text.parse().unwrap()).collect());
        match host {
            "public.example" => parsed(&["8.8.8.8", "2001:4860:4860::8888"]),
            "rebound.example" => parsed(&["8.8.8.8", "10.0.0.1"]),
            _ => Err(LookupError::Pending),
        }
    }
}

#[test]
fn a_url_is_external_only_if_no_address_of_its_host_is_internal() {
    let environment = Environment {
        hosts: &Addresses,
        ..Environment::at(Timestamp::UNIX_EPOCH, 0)
    };
    let judge = |text: &str, url: &str| {
        let (document, expression) = (json!({ "url": url }), Expression::compile(text).unwrap());
        let outcome = expression.evaluate(&document, &environment, Limits::default());
        outcome
            .map(|term| term.to_json().unwrap())
            .map_err(|error| error.to_string())
    };
    for (url, external) in [
        ("https://8.8.8.8/x", true),
        ("http://127.0.0.1:8080", false),
        ("http://[::1]/", false),
        ("http://[::ffff:10.0.0.1]/", false),
        ("http://user@192.168.0.1", false),
        ("https://public.example", true),
        ("https://rebound.example", false),
    ] {
        assert_eq!(judge("is_external_url(url)", url), Ok(json!(external)), "{url}");
    }
    let no_host = judge("is_external_url(url)", "notaurl");
    assert_eq!(no_host, Err("lookup : no such host".to_owned()));
    let late = judge("is_external_url(url) || `true`", "https://later.example");
    assert_eq!(late, Err("a fact is not known yet".to_owned()));
}
