//! Common Expression Language.

use std::collections::HashMap;

use policy_cel::{Budget, Environment, NoHost, Scope, Value};
use serde_json::json;

/// Cost that one evaluation may spend.
const COST: u64 = 100_000;
/// Memory that one evaluation may hold, in bytes.
const MEMORY_BYTES: usize = 4 * 1024 * 1024;
/// No compilation and no evaluation within these limits takes longer, in seconds, on any machine.
const LONGEST_SECONDS: u64 = 20;

/// Every text is a program or a fault. A program ends within its limits, and gives the same twice.
pub(crate) fn expressions_are_bounded_and_repeatable(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let environment = Environment::validating_policy(Scope::Cluster).build();
    let began = std::time::Instant::now();
    let Ok(program) = environment.compile(text) else {
        assert!(began.elapsed().as_secs() < LONGEST_SECONDS, "{text:?}");
        return;
    };
    let object = json!({
        "metadata": { "name": "a", "labels": { "app": "x" } },
        "spec": { "containers": [{ "name": "a", "image": "x:1" }, { "name": "b" }], "replicas": 2 },
    });
    let variables: HashMap<String, Value<'_>> = [("object".to_owned(), Value::from(&object))].into();
    let evaluated = || {
        let outcome = program.evaluate(&variables, &NoHost, &Budget::new(COST, COST, MEMORY_BYTES));
        format!("{outcome:?}")
    };
    let once = evaluated();
    assert!(
        began.elapsed().as_secs() < LONGEST_SECONDS,
        "{text:?} took {:?}",
        began.elapsed()
    );
    assert_eq!(once, evaluated(), "{text:?}");
}
