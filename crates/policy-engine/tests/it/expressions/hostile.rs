//! Policies that are written to take the process down: each ends in a clear error, soon, and with little memory.
//!
//! Each is loaded and judged in a process of its own, this program again, which measures itself: what the system says of a
//! process is sound whoever allocated.

use std::process::Command;

use serde_json::{Value, json};
use vouchsafe_policy_engine::{Engine, RuleOutcome};

use super::policy;
use crate::judging::{decide_alone, load};
use crate::pods::pod;

/// Memory that loading and judging one may take, in KiB.
const MOST_KIB: u64 = 64 * 1024;
/// Processor time that loading and judging one may take, in milliseconds. A release takes a tenth (docs/performance.md).
const MOST_MS: u64 = 1_000;
/// Names the policy that a process of its own judges.
const CHOSEN: &str = "VOUCHSAFE_HOSTILE_POLICY";

/// A policy that validates by one expression.
fn expression(text: &str) -> Value {
    json!({ "validations": [{ "expression": text }] })
}

/// A policy with variables that each stand on the one before.
fn chain(start: &str, next: &dyn Fn(usize) -> String, last: &str) -> Value {
    let mut variables = vec![json!({ "name": "v0", "expression": start })];
    variables.extend((1..60).map(|at| json!({ "name": format!("v{at}"), "expression": next(at - 1) })));
    json!({ "variables": variables, "validations": [{ "expression": last }] })
}

/// The attacks, by name.
fn policies() -> Named {
    [deep_and_long(), growing(), looping(), many()].concat()
}

type Named = Vec<(&'static str, Value)>;

fn deep_and_long() -> Named {
    let nested = |open: &str, middle: &str, close: &str| {
        expression(&format!(
            "{}{middle}{}",
            open.repeat(10_000),
            close.repeat(10_000)
        ))
    };
    vec![
        ("parentheses", nested("(", "true", ")")),
        ("lists in lists", nested("[", "", "]")),
        (
            "fields of fields",
            expression(&format!("object{} == 1", ".a".repeat(10_000))),
        ),
        (
            "a sum of 10,000 terms",
            expression(&format!("{}1 > 0", "1 + ".repeat(10_000))),
        ),
        (
            "10,000 texts in a row",
            expression(&format!("{}'a' == ''", "'a'+".repeat(10_000))),
        ),
    ]
}

fn growing() -> Named {
    vec![
        (
            "texts that double",
            chain(
                "'0123456789abcdef'",
                &|v| format!("variables.v{v} + variables.v{v}"),
                "variables.v59 == ''",
            ),
        ),
        (
            "formats that double",
            chain(
                "'0123456789abcdef'",
                &|v| format!("'%s%s'.format([variables.v{v}, variables.v{v}])"),
                "variables.v59 == ''",
            ),
        ),
        (
            "lists that double",
            chain(
                "[1, 2]",
                &|v| format!("variables.v{v} + variables.v{v}"),
                "variables.v59.size() == 0",
            ),
        ),
        (
            "lists of the same list that are compared",
            chain(
                "dyn([1, 2])",
                &|v| format!("dyn([variables.v{v}, variables.v{v}])"),
                "variables.v59 == variables.v59",
            ),
        ),
        (
            "replacements that multiply",
            expression(&format!(
                "'{0}'{1} == ''",
                "a".repeat(40),
                format!(".replace('a', '{}')", "a".repeat(40)).repeat(8)
            )),
        ),
    ]
}

fn looping() -> Named {
    vec![
        (
            "a loop over lists, three deep",
            expression(
                "lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, a + b + c >= 0)))",
            ),
        ),
        (
            "a loop that makes texts",
            expression(
                "lists.range(1000).map(a, lists.range(1000).map(b, string(a) + string(b)).join(',')).join(',') == ''",
            ),
        ),
        (
            "a list of a thousand million",
            expression("lists.range(1000000000).size() == 0"),
        ),
        (
            "a loop that compresses",
            expression(
                "lists.range(100000).all(i, gzip.decompress(gzip.compress(lists.range(900).map(j, string(j * i)).join(','))) != '')",
            ),
        ),
        (
            "a pattern that turns back for each match",
            expression(
                "lists.range(1000).all(i, lists.range(20000).map(j, 'A').join('').findAll('.*[^A-Z]|[A-Z]').size() > 0)",
            ),
        ),
        (
            "a loop over patterns",
            expression(
                "lists.range(100000).all(i, !'aaaaaaaaaaaaaaaaaaaa'.matches('(a|b|ab){' + string(i % 900) + '}c'))",
            ),
        ),
        (
            "patterns in patterns",
            expression("object.metadata.name.matches('((((a{30}){30}){30}){30}){30}')"),
        ),
    ]
}

fn many() -> Named {
    let long = "lists.range(900).all(a, lists.range(100).all(b, a + b >= 0))";
    vec![
        (
            "many validations that cost much each",
            json!({ "validations": vec![json!({ "expression": long }); 100] }),
        ),
        (
            "many variables that cost much each",
            chain(
                "0",
                &|v| format!("({long} ? 1 : 0) + variables.v{v}"),
                "variables.v59 > 0",
            ),
        ),
        (
            "many variables that hold much each",
            json!({
                "variables": (0..60).map(|at| json!({ "name": format!("v{at}"), "expression": "lists.range(60000).map(x, x)" }))
                    .collect::<Vec<_>>(),
                "validations": [{ "expression": (0..60).map(|at| format!("variables.v{at}.size() > 0")).collect::<Vec<_>>().join(" && ") }],
            }),
        ),
        (
            "conditions that cost much each",
            json!({
                "matchConditions": (0..64).map(|at| json!({ "name": format!("c{at}"), "expression": long })).collect::<Vec<_>>(),
                "validations": [{ "expression": "true" }],
            }),
        ),
    ]
}

/// What a process of its own found: how it ended, in which words, and what it took.
#[derive(Debug)]
struct Taken {
    words: String,
    kib: u64,
    ms: u64,
}

#[test]
fn hostile_policies_end_in_a_clear_error_soon_and_with_little_memory() {
    for (name, _) in policies() {
        let Taken { words, kib, ms } = in_a_process_of_its_own(name);
        let is_clear = [
            "limit exceeded",
            "nest deeper",
            "invalid matches argument",
            "expression recursion",
        ]
        .iter()
        .any(|clear| words.contains(clear));
        assert!(is_clear, "{name}: {words}");
        assert!(words.matches("limit exceeded").count() <= 1, "{name}: {words}");
        assert!(words.len() <= 1024, "{name}: {words}");
        assert!(kib <= MOST_KIB, "{name}: {kib} KiB");
        assert!(ms <= MOST_MS, "{name}: {ms} ms");
    }
}

fn in_a_process_of_its_own(name: &str) -> Taken {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "expressions::hostile::the_chosen_policy_is_judged",
            "--ignored",
            "--nocapture",
        ])
        .env(CHOSEN, name)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let found = text.lines().find_map(|line| line.split_once("taken: "));
    assert!(found.is_some(), "{name}: {text} {:?}", output.status);
    let (_, found) = found.unwrap();
    let mut parts = found.splitn(3, ' ');
    let mut next = || parts.next().unwrap();
    Taken {
        kib: next().parse().unwrap(),
        ms: next().parse().unwrap(),
        words: next().to_owned(),
    }
}

/// The other half of the test above; by itself it judges nothing.
#[test]
#[ignore = "run by the test above, in a process of its own"]
fn the_chosen_policy_is_judged() {
    let Ok(chosen) = std::env::var(CHOSEN) else {
        return;
    };
    let (_, spec) = policies().into_iter().find(|(name, _)| *name == chosen).unwrap();
    let text = policy(&spec).to_string();
    let (kib, ns) = (peak_kib(), processor_ns());
    let words = judged(&text);
    let words: String = words
        .chars()
        .take(2_000)
        .filter(|letter| *letter != '\n')
        .collect();
    println!(
        "\ntaken: {} {} {words}",
        peak_kib() - kib,
        (processor_ns() - ns) / 1_000_000
    );
}

fn judged(text: &str) -> String {
    let loaded = load(text);
    if let Some(fault) = loaded.faults.first() {
        return fault.message.clone();
    }
    let engine = Engine::new(loaded.to_set(), Default::default());
    let decision = decide_alone(&engine, &pod("shop", &["nginx"]));
    let result = &decision.results[0];
    assert_eq!(result.verdict.outcome, RuleOutcome::Error, "{}", result.message());
    result.message()
}

/// Most memory that the process has had so far, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Processor time of this thread so far, in nanoseconds.
fn processor_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse().unwrap()
}
