//! Policies that would grow without end (CVE-2026-23881): refused soon, never a hang.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vouchsafe_policy_engine::RuleOutcome;

use crate::judging::{decide_alone, engine, words};
use crate::pods::pod;

/// An optimised build gives up within the first, a build with checks within the second.
const QUICK: Duration = Duration::from_millis(if cfg!(debug_assertions) { 500 } else { 50 });
/// Doublings: a billion times the first text.
const DOUBLINGS: usize = 30;

fn policy(context: &[Value], deny_key: &str) -> String {
    json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": { "name": "laughs" },
        "spec": { "validationFailureAction": "Enforce", "background": false, "rules": [{
            "name": "laughs", "match": { "any": [{ "resources": { "kinds": ["Pod"] } }] }, "context": context,
            "validate": { "message": "no", "deny": { "conditions": { "any": [
                { "key": deny_key, "operator": "Equals", "value": "never" },
            ]}}},
        }]},
    })
    .to_string()
}

/// Time this thread has had a processor, where the system tells (Linux); else the time of day. A busy machine keeps a test
/// waiting for as long as it likes.
fn spent() -> Duration {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let on_processor = told.and_then(|line| line.split(' ').next()?.parse().ok());
    on_processor.map_or_else(|| BEGAN.elapsed(), Duration::from_nanos)
}

/// Refused, in time; the fastest of three, as the machine may be busy.
#[track_caller]
fn refused_soon(text: &str) {
    let engine = engine(text);
    let mut fastest = Duration::MAX;
    for _ in 0..3 {
        let began = spent();
        let decision = decide_alone(&engine, &pod("demo", &["nginx"]));
        fastest = fastest.min(spent().saturating_sub(began));
        assert!(!decision.is_allowed(), "{:#?}", words(&decision));
        assert_eq!(
            decision.results[0].verdict.outcome,
            RuleOutcome::Error,
            "{:#?}",
            words(&decision)
        );
    }
    assert!(fastest < QUICK, "{fastest:?}");
}

/// Each context variable holds the one before it twice.
#[test]
fn variables_that_double_each_other_are_refused_soon_cve_2026_23881() {
    let first = json!({ "name": "v0", "variable": { "value": "ha".repeat(32) } });
    let next = |number: usize| {
        let before = number - 1;
        json!({ "name": format!("v{number}"), "variable": { "value": format!("{{{{v{before}}}}}{{{{v{before}}}}}") } })
    };
    let context: Vec<Value> = [first].into_iter().chain((1..=DOUBLINGS).map(next)).collect();
    refused_soon(&policy(&context, &format!("{{{{ v{DOUBLINGS} }}}}")));
}

/// The same by an expression, and by lists that hold lists.
#[test]
fn expressions_that_double_each_other_are_refused_soon_cve_2026_23881() {
    for (seed, double) in [
        (json!("ha"), "join('', [BEFORE, BEFORE])"),
        (json!(["ha"]), "[BEFORE, BEFORE][]"),
        (json!({ "a": "ha" }), "{a: BEFORE, b: BEFORE}"),
    ] {
        let first = json!({ "name": "v0", "variable": { "value": seed } });
        let next = |number: usize| {
            let path = double.replace("BEFORE", &format!("v{}", number - 1));
            json!({ "name": format!("v{number}"), "variable": { "jmesPath": path } })
        };
        let context: Vec<Value> = [first].into_iter().chain((1..=DOUBLINGS).map(next)).collect();
        refused_soon(&policy(&context, &format!("{{{{ to_string(v{DOUBLINGS}) }}}}")));
    }
}

/// Variables in variables, and a variable that names itself.
#[test]
fn variables_that_hold_each_other_are_refused_soon() {
    let circle = [
        json!({ "name": "one", "variable": { "value": "{{ two }}" } }),
        json!({ "name": "two", "variable": { "value": "{{ one }}" } }),
    ];
    refused_soon(&policy(&circle, "{{ one }}"));
    let own = [json!({ "name": "own", "variable": { "value": "{{ own }}{{ own }}" } })];
    refused_soon(&policy(&own, "{{ own }}"));
}

/// Elements that nobody has lookups left for must not count as elements that the preconditions leave out.
#[test]
fn a_list_made_so_long_that_lookups_run_out_hides_no_element_from_foreach() {
    let policy = |failure_policy: &str| {
        json!({
            "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": { "name": "each" },
            "spec": { "failurePolicy": failure_policy, "background": false, "rules": [{
                "name": "each", "match": { "any": [{ "resources": { "kinds": ["Pod"] } }] },
                "validate": { "failureAction": "Enforce", "message": "no", "foreach": [{
                    "list": "request.object.metadata.finalizers",
                    "preconditions": { "all": [{ "key": "{{ element }}{{ element }}{{ element }}", "operator": "NotEquals", "value": "" }] },
                    "deny": { "conditions": { "any": [{ "key": "{{ element }}", "operator": "Equals", "value": "forbidden" }] } },
                }]},
            }]},
        })
        .to_string()
    };
    let mut filled = vec!["a"; 13_000];
    filled.push("forbidden");
    let mut long = pod("demo", &["nginx"]);
    long["metadata"]["finalizers"] = json!(filled);
    for failure_policy in ["Fail", "Ignore"] {
        let engine = engine(&policy(failure_policy));
        let mut short = pod("demo", &["nginx"]);
        short["metadata"]["finalizers"] = json!(["a", "forbidden"]);
        let decision = decide_alone(&engine, &short);
        assert_eq!(decision.results[0].verdict.outcome, RuleOutcome::Fail);
        let decision = decide_alone(&engine, &long);
        assert!(!decision.is_allowed(), "{:#?}", words(&decision));
        assert_eq!(decision.results[0].verdict.outcome, RuleOutcome::Error);
        assert!(
            words(&decision).iter().any(|text| text.contains("looked up")),
            "{:#?}",
            words(&decision)
        );
    }
}
