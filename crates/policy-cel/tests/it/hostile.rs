//! Expressions that would hurt: each ends in an error of its own kind, on a small stack.

use std::collections::HashMap;

use serde_json::{Value as Json, json};
use vouchsafe_policy_cel::{Budget, Environment, EvalError, Failure, Limit, NoHost, Scope, Value};

/// Half of what a thread of the runtime has
const STACK_BYTES: usize = 1024 * 1024;

/// What evaluating `text` over the hostile object ends in; a compile error is its first line
fn outcome(text: &str) -> Result<String, Failure> {
    let text = text.to_owned();
    let judge = move || {
        let environment = Environment::validating_policy(Scope::Cluster).build();
        let program = match environment.compile(&text) {
            Ok(program) => program,
            Err(errors) => return Ok(errors[0].message.clone()),
        };
        let data = object();
        let variables: HashMap<String, Value<'_>> = [("object".to_owned(), Value::from(&data))].into();
        let found = program.evaluate(&variables, &NoHost, &Budget::default());
        let spelled = |error: EvalError| error.failure().clone();
        found.map(|value| value.type_name().into_owned()).map_err(spelled)
    };
    std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(judge)
        .unwrap()
        .join()
        .unwrap()
}

fn object() -> Json {
    let text = "x".repeat(100_000);
    let texts = vec![format!("{text}z"); 30];
    json!({"list": (0..1_000).collect::<Vec<_>>(), "text": text, "texts": texts})
}

fn limit(limit: Limit) -> Result<String, Failure> {
    Err(Failure::Limit(limit))
}

/// `cel.bind(v0, first, cel.bind(v1, step(v0), … last))`
fn chain(
    length: usize,
    first: &str,
    step: impl Fn(String) -> String,
    last: impl Fn(String) -> String,
) -> String {
    let open: String = (0..length)
        .map(|index| match index.checked_sub(1) {
            None => format!("cel.bind(v0, {first}, "),
            Some(before) => format!("cel.bind(v{index}, {}, ", step(format!("v{before}"))),
        })
        .collect();
    format!("{open}{}{}", last(format!("v{}", length - 1)), ")".repeat(length))
}

#[test]
fn loops_within_loops_end_at_the_cost_limit() {
    for text in [
        "object.list.all(a, object.list.all(b, object.list.all(c, a + b + c >= 0)))",
        "object.list.map(a, object.list.map(b, object.list.map(c, a)))",
        "lists.range(2000000000)",
        "lists.range(100000).distinct().size()",
        "object.list.all(a, !object.text.contains('xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxy'))",
    ] {
        assert_eq!(outcome(text), limit(Limit::Cost), "{text}");
    }
}

#[test]
fn text_and_lists_that_double_end_at_a_limit_before_they_are_made() {
    let doubled = chain(60, "'ab'", |v| format!("{v} + {v}"), |v| format!("{v}.size()"));
    assert!(matches!(outcome(&doubled), Err(Failure::Limit(_))));
    let lists = chain(60, "[1, 2]", |v| format!("{v} + {v}"), |v| format!("{v}.size()"));
    assert_eq!(outcome(&lists), limit(Limit::Memory));
    assert_eq!(
        outcome("object.text.replace('', object.text)"),
        limit(Limit::Memory)
    );
}

#[test]
fn values_nested_by_a_chain_of_bindings_end_at_the_depth_limit() {
    let nested = chain(100, "[1]", |v| format!("[[{v}]]"), |v| format!("[{v}] == [{v}]"));
    assert_eq!(outcome(&nested), limit(Limit::Depth));
}

#[test]
fn types_that_double_are_refused_or_forgotten_and_never_unfolded() {
    let maps = chain(
        60,
        "{1: 1}",
        |v| format!("{{{v}: {v}}}"),
        |v| format!("{v} == {v}"),
    );
    assert!(matches!(outcome(&maps), Err(Failure::Failed(_))));
    let bound = chain(
        60,
        "{}",
        |v| format!("[{{}}, {{dyn({v}): [{v}, {v}]}}][0]"),
        |v| format!("{v} == {v}"),
    );
    outcome(&bound).unwrap_or_default();
}

#[test]
fn thousands_of_large_patterns_are_paid_for() {
    let many: Vec<String> = (0..2_000)
        .map(|index| format!("'x'.matches('\\\\pL{{30}}{index}')"))
        .collect();
    assert_eq!(outcome(&many.join("||")).unwrap(), "invalid matches argument");
    let made = "object.list.all(a, !'x'.matches('(\\\\pL{40})y' + string(a)))";
    assert_eq!(outcome(made), limit(Limit::Cost));
}

#[test]
fn the_deepest_expressions_that_are_accepted_fit_a_small_stack() {
    let nested_lists = format!("{}1{}", "[".repeat(120), "]".repeat(120));
    let calls = format!("{}1{}", "dyn(".repeat(240), ")".repeat(240));
    let conjunctions = format!("{}object.list[0] > 0{}", "(true && ".repeat(120), ")".repeat(120));
    let conditionals = format!("{}1{}", "true ? ".repeat(0), "") + &"+ (true ? 1 : 1)".repeat(120);
    let macros = (0..120).fold(String::from("true"), |text, index| {
        format!("[1].all(v{index}, {text})")
    });
    let optionals = (0..80).fold(String::from("1"), |text, index| {
        format!("optional.of(1).optMap(v{index}, {text}).orValue(1)")
    });
    for text in [nested_lists, calls, conjunctions, conditionals, macros, optionals] {
        assert!(outcome(&text).is_ok_and(|kind| !kind.contains("limit")), "{text}");
    }
}

#[test]
fn a_bomb_of_compressed_data_stops_at_its_bound() {
    let text = "gzip.decompress(gzip.compress(object.text + object.text)).size()";
    assert_eq!(outcome(text).unwrap(), "int");
    let bomb = chain(
        8,
        "object.text",
        |v| format!("{v} + {v}"),
        |v| format!("gzip.decompress(gzip.compress({v}))"),
    );
    assert!(matches!(outcome(&bomb), Err(Failure::Limit(_))));
}

#[test]
fn one_request_cannot_spend_more_than_its_allowance_however_many_expressions_it_has() {
    let environment = Environment::validating_policy(Scope::Cluster).build();
    let program = environment.compile("lists.range(1000).all(x, x >= 0)").unwrap();
    let budget = Budget::new(1_000_000, 20_000, 1_000_000);
    let variables: HashMap<String, Value<'_>> = HashMap::new();
    let outcomes: Vec<bool> = (0..5)
        .map(|_| program.evaluate(&variables, &NoHost, &budget).is_ok())
        .collect();
    assert!(outcomes[0]);
    assert!(!outcomes[4]);
    assert_eq!(budget.left(), 0);
}

/// Each level holds the one below twice: 2^60 leaves in 60 small lists. Making them is cheap; walking them must be paid for.
#[test]
fn values_that_hold_themselves_many_times_over_cannot_be_walked_for_free() {
    let walked = |last: &str| {
        chain(
            60,
            "[dyn(1)]",
            |v| format!("[dyn({v}), dyn({v})]"),
            |v| last.replace('V', &v),
        )
    };
    assert_eq!(
        outcome(&walked("dyn(V) == dyn([V, V][0]) && dyn(V) == V")),
        limit(Limit::Cost)
    );
    assert_eq!(outcome(&walked("V in [[dyn(1), dyn(2)], V]")), limit(Limit::Cost));
    assert_eq!(outcome(&walked("[V, V].distinct()")), limit(Limit::Cost));
    assert_eq!(outcome(&walked("json.marshal(V)")), limit(Limit::Memory));
    assert_eq!(outcome(&walked("'%s'.format([V])")), limit(Limit::Memory));
    assert!(matches!(
        outcome(&walked("V.flatten(100)")),
        Err(Failure::Limit(_))
    ));
    assert!(matches!(
        outcome(&walked("dyn([V]).join(',')")),
        Err(Failure::Failed(_))
    ));
}

#[test]
fn text_that_is_held_a_thousand_times_is_counted_a_thousand_times_when_it_is_written() {
    assert_eq!(
        outcome("'%s'.format([object.list.map(x, object.text)])"),
        limit(Limit::Memory)
    );
    assert_eq!(
        outcome("json.marshal(object.list.map(x, object.text))"),
        limit(Limit::Memory)
    );
}

/// Cost and what is left of a request's allowance of `allowed`, once `text` was evaluated over the hostile object
fn spent(text: &str, allowed: u64) -> (Result<(), Failure>, u64, u64) {
    let environment = Environment::validating_policy(Scope::Cluster).build();
    let program = environment.compile(text).unwrap();
    let budget = Budget::new(1_000_000, allowed, 16 * 1024 * 1024);
    let data = object();
    let variables: HashMap<String, Value<'_>> = [("object".to_owned(), Value::from(&data))].into();
    let outcome = program.evaluate_measured(&variables, &NoHost, &budget);
    let value = outcome.value.map(|_| ());
    (
        value.map_err(|error| error.failure().clone()),
        outcome.cost,
        budget.left(),
    )
}

#[test]
fn what_takes_more_time_than_its_cost_is_paid_by_the_request_and_never_by_the_expression() {
    let text = "lists.range(1000).all(i, semver('1.2.3').major() == 1 && quantity('1Gi').isInteger())";
    let (value, cost, left) = spent(text, 10_000_000);
    assert_eq!(value, Ok(()));
    assert!(cost < 20_000, "{cost}");
    assert!(left < 10_000_000 - 2 * cost, "{left}");
    // An expression that Kubernetes' limit allows is allowed, however slow its functions are, as long as the allowance of the policy
    // lasts.
    let (value, cost, _) = spent("lists.range(60000).all(i, sha256(string(i)) != '')", 10_000_000);
    assert_eq!(value, Ok(()));
    assert!(cost > 500_000, "{cost}");
    let (value, ..) = spent("lists.range(60000).all(i, sha256(string(i)) != '')", 1_000_000);
    assert_eq!(value, Err(Failure::Limit(Limit::Cost)));
}

#[test]
fn a_pattern_that_turns_back_for_each_match_is_paid_for() {
    assert_beyond_the_allowance(&[
        "object.text.upperAscii().findAll('.*[^A-Z]|[A-Z]').size() > 0",
        "regex.replace(object.text.upperAscii(), '.*[^A-Z]|[A-Z]', 'y') != ''",
        "regex.extractAll(object.text.upperAscii(), '.*[^A-Z]|([A-Z])').size() > 0",
    ]);
}

#[test]
fn thousands_of_patterns_made_while_evaluating_fit_the_allowance() {
    let text = "lists.range(10).all(c, lists.range(300).all(p, 'registry.example.com/team/image:v1'.matches('^[a-z.]+/' + string(p % 100) + '$') == false))";
    assert_eq!(spent(text, 10_000_000).0, Ok(()));
}

#[test]
fn a_pattern_whose_states_are_many_at_once_is_paid_for_by_its_states() {
    let search = |states: u32| format!("object.text.matches('^[x-z]*x[w-z]{{{states}}}y')");
    let (_, few_cost, few_left) = spent(&search(10), 10_000_000);
    let (_, many_cost, many_left) = spent(&search(99), 10_000_000);
    assert!(many_cost.abs_diff(few_cost) < 10_000);
    assert!(
        many_left < few_left.saturating_sub(1_000_000),
        "{few_left} {many_left}"
    );
}

#[test]
fn keys_as_long_as_a_file_and_numbers_of_a_thousand_digits_are_paid_for() {
    assert_beyond_the_allowance(&[
        "lists.range(90000).all(i, !(object.text in object))",
        "lists.range(90000).all(i, object[object.text] == 1 || true)",
        "lists.range(20000).all(i, {string(object.text): 1, 'a': i}.size() == 2)",
        "lists.range(80000).all(i, '%.100f'.format([1e300]) != '')",
    ]);
}

/// Asserts of each that the allowance of a request ends it.
fn assert_beyond_the_allowance(texts: &[&str]) {
    for text in texts {
        let (value, ..) = spent(text, 10_000_000);
        assert_eq!(value, Err(Failure::Limit(Limit::Cost)), "{text}");
    }
}

#[test]
fn a_pattern_of_many_states_that_turns_back_is_paid_for_by_its_states() {
    assert_beyond_the_allowance(&[
        "lists.range(4000).map(i, 'a').join('').findAll('[ab]*a[ab]{200}c|[ab]').size() > 0",
        "lists.range(4000).map(i, 'a').join('').findAll('[ab]{1,900}c|[ab]').size() > 0",
    ]);
}

#[test]
fn white_space_of_a_whole_file_is_folded_within_the_allowance() {
    let file = "lists.range(4000).map(i, 'word').join('  \\n')";
    for text in [
        format!("regex.replace({file}, '\\\\s+', ' ') != ''"),
        format!("{file}.findAll('[a-z]+').size() == 4000"),
        format!("regex.replace({file}, 'w(or)d', '\\\\1') != ''"),
    ] {
        assert_eq!(spent(&text, 10_000_000).0, Ok(()), "{text}");
    }
}

#[test]
fn a_pattern_that_reaches_a_few_bytes_of_a_long_text_is_paid_for_by_these() {
    let search = "object.text.matches('^[a-w]{3,40}$') == false";
    let (value, _, left) = spent(search, 10_000_000);
    assert_eq!(value, Ok(()));
    assert!(left > 9_900_000, "{left}");
}

#[test]
fn texts_that_are_compared_over_and_over_are_paid_for_by_their_length() {
    let key = "k".repeat(90_000);
    let long = "lists.range(60).map(i, object.text + string(i % 2))";
    assert_beyond_the_allowance(&[
        &format!("cel.bind(m, {{'{key}': 1}}, lists.range(100000).all(i, m == m))"),
        &format!("cel.bind(l, {long}, lists.range(9000).all(i, l.max() != ''))"),
        &format!("cel.bind(l, {long}, lists.range(9000).all(i, l.isSorted() || true))"),
        &format!("cel.bind(l, {long}, lists.range(9000).all(i, l.sort() != []))"),
        "lists.range(9000).all(i, !(object.text + 'y' in object.texts))",
    ]);
}

#[test]
fn a_policy_of_many_large_literal_patterns_is_judged_as_one_of_few() {
    let matches = |at: usize| format!("!'registry.example.com/team/app'.matches('^[a-w]{{20,30}}{at}$')");
    let many: Vec<String> = (0..60).map(matches).collect();
    assert_eq!(spent(&many.join(" && "), 10_000_000).0, Ok(()));
}
