//! JMESPath.

use jmespath::{Environment, Expression, Limits};
use serde_json::json;

/// Small, so that an expression that goes on is stopped soon.
const LIMITS: Limits = Limits {
    steps: 100_000,
    output_bytes: 1_000_000,
};
/// No evaluation within [`LIMITS`] takes longer, in seconds, on any machine.
const LONGEST_SECONDS: u64 = 20;

/// Every text is an expression or a syntax error. An expression gives the same twice, within its limits, and no more
/// output than they allow.
pub(crate) fn evaluation_is_bounded_and_repeatable(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(expression) = Expression::compile(text) else {
        return;
    };
    let document = json!({
        "request": { "object": { "spec": { "containers": [{ "name": "a", "image": "x:1" }, { "name": "b" }] } } },
        "a": { "b": [1, -2.5, "10Mi", null, true, [[], {}]] }, "c": "2021-01-02T15:04:05Z", "": "é",
    });
    let environment = Environment::at(jiff::Timestamp::UNIX_EPOCH, 7);
    let began = std::time::Instant::now();
    let once = expression.evaluate(&document, &environment, LIMITS);
    assert!(
        began.elapsed().as_secs() < LONGEST_SECONDS,
        "{text:?} took {:?}",
        began.elapsed()
    );
    let twice = expression.evaluate(&document, &environment, LIMITS);
    assert_eq!(format!("{once:?}"), format!("{twice:?}"), "{text:?}");
    assert!(!expression.tree().to_string().is_empty());
    if let Some(json) = once.ok().and_then(|term| term.to_json().ok()) {
        let size = json.to_string().len();
        let allowed = usize::try_from(LIMITS.output_bytes).unwrap_or(usize::MAX);
        assert!(size <= allowed.saturating_mul(8), "{text:?} made {size} bytes");
    }
}
