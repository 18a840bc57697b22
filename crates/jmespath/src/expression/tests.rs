use super::*;
use crate::limits::LimitReached;
use crate::syntax::SyntaxFault;
use crate::term::{Document, LookupError};
use jiff::Timestamp;
use serde_json::{Value, json};

fn compiled(text: &str) -> Expression {
    Expression::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn environment() -> Environment<'static> {
    Environment::at(Timestamp::UNIX_EPOCH, 0)
}

fn value(document: &Value, expression: &str) -> Result<Value, String> {
    let expression = compiled(expression);
    let term = expression
        .evaluate(document, &environment(), Limits::default())
        .map_err(|error| error.to_string())?;
    term.to_json().map_err(|error| error.to_string())
}

#[test]
fn a_missing_key_is_null_only_where_kyverno_swallows_it() {
    let document = json!({"a": {"b": 1, "n": null, "l": [1, {"x": 2}], "s": "t"}});
    for (expression, expected) in [
        ("a.z || 'default'", json!("default")),
        ("a.z || a.y", json!(null)),
        ("a.z && a.b", json!(null)),
        ("!(a.z)", json!(true)),
        ("a.z == `null`", json!(true)),
        ("a.z | b", json!(null)),
        ("a.s.deeper.still", json!(null)),
        ("a.n.x", json!(null)),
        ("a.l[9]", json!(null)),
        ("a.l[*].x", json!([2])),
        ("[a.z, a.b]", json!([null, 1])),
        ("{k: a.z}", json!({"k": null})),
        ("a.z[*].x", json!(null)),
        ("a.z[]", json!(null)),
        ("a.l[?x == `2`]", json!([{"x": 2}])),
        ("length(a.z.y || '')", json!(0)),
    ] {
        assert_eq!(value(&document, expression), Ok(expected), "{expression}");
    }
    for (expression, key) in [
        ("a.z", "z"),
        ("z.a", "z"),
        ("a.b && a.z", "z"),
        ("a.z[0]", "z"),
        ("(a.z)", "z"),
    ] {
        assert_eq!(
            value(&document, expression),
            Err(format!("Unknown key \"{key}\" in path")),
            "{expression}"
        );
    }
    let error = "Invalid type for: <nil>, expected: []jmespath.JpType{\"string\", \"array\", \"object\"}";
    assert_eq!(value(&document, "length(a.z)"), Err(error.to_owned()));
}

#[test]
fn any_error_left_of_a_flatten_a_filter_or_a_star_is_null() {
    let document = json!({});
    for expression in ["abs('x')[]", "abs('x')[?a]", "abs('x').*"] {
        assert_eq!(value(&document, expression), Ok(json!(null)), "{expression}");
    }
    assert!(value(&document, "abs('x')[*]").is_err());
}

#[test]
fn an_object_projection_first_sees_nulls_as_in_kyverno() {
    let document = json!({"m": {"a": [1], "b": [2, 3]}});
    assert!(value(&document, "m.*.length(@)").is_err());
    assert_eq!(
        value(&document, "m.*.type(@)"),
        Ok(json!(["null", "null", "array", "array"]))
    );
    assert_eq!(value(&document, "m.*[0]"), Ok(json!([1, 2])));
}

#[test]
fn slices_follow_python() {
    let document = json!([0, 1, 2, 3, 4]);
    for (expression, expected) in [
        ("[1:3]", json!([1, 2])),
        ("[::-1]", json!([4, 3, 2, 1, 0])),
        ("[-2:]", json!([3, 4])),
        ("[:-9:-2]", json!([4, 2, 0])),
        ("[9:0:-9223372036854775808]", json!([4])),
    ] {
        assert_eq!(value(&document, expression), Ok(expected), "{expression}");
    }
    assert_eq!(
        value(&document, "[::0]"),
        Err("Invalid slice, step cannot be 0".to_owned())
    );
}

/// A document whose `later` is not known yet and whose `broken` cannot be loaded.
struct Layered(Value);

impl Document for Layered {
    fn field<'a>(&'a self, name: &str) -> Result<Option<Term<'a>>, LookupError> {
        match name {
            "later" => Err(LookupError::Pending),
            "broken" => Err(LookupError::Failed("failed to load".to_owned())),
            _ => Ok(self.0.get(name).map(Term::from)),
        }
    }

    fn whole<'a>(&'a self) -> Result<Term<'a>, LookupError> {
        Err(LookupError::Pending)
    }
}

/// An attacker who can make a fact late must not get the value of its absence: every construct that turns a missing
/// key, or any error, into null must leave a missing fact alone.
#[test]
fn a_fact_that_is_late_is_never_taken_for_a_missing_value() {
    let document = Layered(json!({"here": [{"x": 1}], "map": {"k": 1}}));
    for expression in [
        "later",
        "later.x",
        "later || 'default'",
        "'x' && later",
        "!later",
        "later == `null`",
        "later | 'x'",
        "[later]",
        "{k: later}",
        "later[]",
        "later[*]",
        "later[?x]",
        "later.*",
        "later[0]",
        "length(later)",
        "not_null(later, 'x')",
        "@",
        "keys(@)",
        "@ | later",
        "{a: @}",
        "*",
        "@.*",
    ] {
        let expression = compiled(expression);
        let outcome = expression.evaluate(Term::root(&document), &environment(), Limits::default());
        let late = matches!(outcome, Err(EvaluationError::Lookup(LookupError::Pending)));
        assert!(late, "{expression:?} {outcome:?}");
    }
    let failed = compiled("broken || 'default'");
    let outcome = failed.evaluate(Term::root(&document), &environment(), Limits::default());
    assert_eq!(
        outcome.map(|_| ()).map_err(|error| error.to_string()),
        Err("failed to load".to_owned())
    );
}

#[test]
fn what_is_not_reached_is_not_asked_for() {
    let document = Layered(json!({"here": [1]}));
    for (expression, expected) in [
        ("here || later", json!([1])),
        ("missing && later", json!(null)),
        ("@.here[0]", json!(1)),
        ("@ | here", json!([1])),
    ] {
        let expression = compiled(expression);
        let outcome = expression.evaluate(Term::root(&document), &environment(), Limits::default());
        assert_eq!(
            outcome.map(|term| term.to_json().unwrap()),
            Ok(expected),
            "{expression:?}"
        );
    }
}

#[test]
fn an_expression_that_costs_too_much_is_an_error_and_no_value() {
    let items: Vec<u32> = (0..2000).collect();
    let document = json!({ "items": items });
    let few_steps = Limits {
        steps: 10_000,
        ..Limits::default()
    };
    let few_bytes = Limits {
        output_bytes: 100_000,
        ..Limits::default()
    };
    let joined = format!("join('{}', map(&to_string(@), items)) || 'x'", "a".repeat(60));
    for (text, limits, reached) in [
        (
            "map(&map(&@, [@, @, @]), items) || 'x'",
            few_steps,
            LimitReached::Steps(10_000),
        ),
        (
            "abs(map(&map(&@, [@, @, @]), items))[] || 'x'",
            few_steps,
            LimitReached::Steps(10_000),
        ),
        (joined.as_str(), few_bytes, LimitReached::OutputBytes(100_000)),
    ] {
        let expression = compiled(text);
        let outcome = expression.evaluate(&document, &environment(), limits);
        assert!(
            matches!(&outcome, Err(EvaluationError::Limit(found)) if *found == reached),
            "{text} {outcome:?}"
        );
    }
}

#[test]
fn a_deep_or_long_expression_is_refused() {
    for text in [
        "(".repeat(100_000),
        "!".repeat(100_000),
        "a".to_owned() + &".a".repeat(50_000),
        "a".to_owned() + &"||a".repeat(30_000),
        "[".repeat(100_000),
        "a".to_owned() + &"[]".repeat(50_000),
        "f(".repeat(50_000),
    ] {
        let fault = Expression::compile(&text)
            .map_err(|error| error.fault)
            .unwrap_err();
        assert_eq!(fault, SyntaxFault::TooDeep);
    }
    let long = format!("'{}'", "x".repeat(200_000));
    assert_eq!(
        Expression::compile(&long)
            .map_err(|error| error.fault)
            .unwrap_err(),
        SyntaxFault::TooLong
    );
    assert!(Expression::compile(&("a".to_owned() + &" || a".repeat(300))).is_ok());
}

#[test]
fn the_deepest_expression_runs_on_a_small_stack() {
    let deepest = |open: &str, middle: &str, close: &str| {
        let nested = |levels: usize| format!("{}{middle}{}", open.repeat(levels), close.repeat(levels));
        (1..500)
            .rev()
            .map(nested)
            .find_map(|text| Expression::compile(&text).ok())
            .unwrap()
    };
    let work = move || {
        for (open, middle, close) in [
            ("to_array(", "@", ")"),
            ("[", "@", "]"),
            ("", "a", " || a"),
            ("", "a", ".a"),
            ("!", "a", ""),
            ("map(&", "@", ", @)"),
        ] {
            let expression = deepest(open, middle, close);
            let document = json!({"a": []});
            let outcome = expression.evaluate(&document, &environment(), Limits::default());
            outcome
                .map(|term| term.to_json_text().map(|text| text.len()))
                .ok();
            assert!(!expression.tree().to_string().is_empty());
            assert!(!expression.root_names().names.contains("b"));
        }
    };
    let thread = std::thread::Builder::new().stack_size(1024 * 1024).spawn(work);
    assert!(thread.unwrap().join().is_ok());
}

#[test]
fn a_syntax_error_points_at_its_place() {
    let error = Expression::compile("foo[abc, 1]").unwrap_err();
    assert_eq!(
        error.to_string(),
        "SyntaxError: Expected tStar, received: tUnquotedIdentifier"
    );
    assert_eq!(error.highlight(), "foo[abc, 1]\n    ^");
    let error = Expression::compile("a.\"\\u\"").unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid character '\"' in \\u hexadecimal character escape"
    );
}

#[test]
fn the_root_names_of_an_expression_are_what_it_may_look_at() {
    for (text, names, whole) in [
        ("request.object.spec", vec!["request"], false),
        ("a || b.c", vec!["a", "b"], false),
        ("element.x | y", vec!["element"], false),
        ("images.containers.*.registry", vec!["images"], false),
        ("length(keys(a)) > `0` && !b", vec!["a", "b"], false),
        ("{x: a, y: [b]}", vec!["a", "b"], false),
        ("a[?b == c].d", vec!["a"], false),
        ("@.a", vec!["a"], false),
        ("@ | a", vec!["a"], false),
        ("map(&b, a)", vec!["a"], false),
        ("(a || @).b", vec!["a", "b"], false),
        ("@", vec![], true),
        ("keys(@)", vec![], true),
        ("*", vec![], true),
        ("{all: @}", vec![], true),
        ("`1`", vec![], false),
    ] {
        let found = compiled(text).root_names();
        assert_eq!(
            found.names.iter().map(String::as_str).collect::<Vec<_>>(),
            names,
            "{text}"
        );
        assert_eq!(found.whole, whole, "{text}");
    }
    let functions = compiled("length(a) > `0` && nope(to_string(b))");
    assert_eq!(
        functions.function_names().into_iter().collect::<Vec<_>>(),
        ["length", "nope", "to_string"]
    );
}

#[test]
fn a_tree_prints_as_kyverno_prints_it() {
    let printed = compiled("a.b | {k: length(@)}").tree().to_string();
    let expected = "\
ASTPipe {
  children: {
    ASTSubexpression {
      children: {
        ASTField {
          value: \"a\"
        }
        ASTField {
          value: \"b\"
        }
    }
    ASTMultiSelectHash {
      children: {
        ASTKeyValPair {
          value: \"k\"
          children: {
            ASTFunctionExpression {
              value: \"length\"
              children: {
                ASTCurrentNode {
                }
            }
        }
    }
}
";
    assert_eq!(printed, expected);
}

#[test]
fn a_regular_expression_is_compiled_once_for_an_expression() {
    let expression = compiled("regex_match('^a+$', @)");
    for (text, expected) in [("aa", true), ("b", false), ("aaa", true)] {
        let document = json!(text);
        let outcome = expression.evaluate(&document, &environment(), Limits::default());
        assert_eq!(outcome.map(|term| term.to_json().unwrap()), Ok(json!(expected)));
    }
}

proptest::proptest! {
    #[test]
    fn every_text_is_an_expression_or_a_syntax_error(text in r#"[a-c.*@|&!()\[\]{}:,?`'"=<>0-9 -]{0,24}"#) {
        if let Ok(expression) = Expression::compile(&text) {
            let document = json!({"a": {"b": [1, {"c": "x"}]}, "b": [[1], [2]], "c": null});
            let limits = Limits { steps: 10_000, output_bytes: 100_000 };
            let first = expression.evaluate(&document, &environment(), limits);
            let second = expression.evaluate(&document, &environment(), limits);
            proptest::prop_assert_eq!(format!("{first:?}"), format!("{second:?}"));
            proptest::prop_assert!(!expression.tree().to_string().is_empty());
            // what the analysis says is not looked at may be anything
            let names = expression.root_names();
            if !names.whole && !names.names.contains("b") {
                let other = json!({"a": {"b": [1, {"c": "x"}]}, "c": null});
                let third = expression.evaluate(&other, &environment(), limits);
                proptest::prop_assert_eq!(format!("{first:?}"), format!("{third:?}"));
            }
        }
    }

    #[test]
    fn no_call_panics(name in proptest::sample::select(crate::functions::names()), count in 0usize..4, picks in proptest::collection::vec(0usize..12, 4)) {
        let arguments = ["`1`", "`-2.5`", "'10Mi'", "'1h'", "''", "`[1, 2]`", "`[\"b\", \"a\"]`", "`{\"k\": 1}`", "&@", "`null`", "'2021-01-02T15:04:05Z'", "`1e300`"];
        let chosen: Vec<&str> = picks.iter().take(count).filter_map(|pick| arguments.get(*pick).copied()).collect();
        let expression = compiled(&format!("{name}({})", chosen.join(", ")));
        let document = json!({});
        if let Ok(term) = expression.evaluate(&document, &environment(), Limits::default()) {
            term.to_json_text().ok();
        }
    }
}
