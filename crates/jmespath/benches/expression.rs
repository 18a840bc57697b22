//! What does an expression of a policy cost, to compile and to evaluate?

use divan::Bencher;
use jiff::Timestamp;
use serde_json::{Value, json};
use vouchsafe_jmespath::{Environment, Expression, Limits};

fn main() {
    divan::main();
}

const TYPICAL: [&str; 4] = [
    "request.object.metadata.labels.app || 'none'",
    "request.object.spec.containers[].image",
    "request.object.spec.[initContainers, containers][].resources.limits.memory | length(@)",
    "images.containers.*.registry | [?@ != 'docker.io' && regex_match('^ghcr', @)]",
];

/// A Pod with as many containers as asked for.
fn review(containers: usize) -> Value {
    let container = |at: usize| {
        json!({
            "name": format!("c{at}"),
            "image": format!("ghcr.io/acme/app{at}:1.4"),
            "resources": {"limits": {"memory": "1Gi", "cpu": "500m"}},
        })
    };
    let image = |at: usize| (format!("c{at}"), json!({"registry": "ghcr.io", "tag": "1.4"}));
    json!({
        "request": {"object": {
            "metadata": {"name": "p", "labels": {"app": "web"}},
            "spec": {"containers": (0..containers).map(container).collect::<Vec<_>>(), "initContainers": []},
        }},
        "images": {"containers": (0..containers).map(image).collect::<serde_json::Map<_, _>>()},
    })
}

/// What does it cost to read an expression?
#[divan::bench(args = TYPICAL)]
fn compile(text: &str) -> bool {
    Expression::compile(text).is_ok()
}

/// What does it cost to evaluate an expression over a Pod of ten containers?
#[divan::bench(args = TYPICAL)]
fn evaluate(bencher: Bencher<'_, '_>, text: &str) {
    let (document, environment) = (review(10), Environment::at(Timestamp::UNIX_EPOCH, 0));
    let Ok(expression) = Expression::compile(text) else {
        return;
    };
    bencher.bench_local(|| {
        expression
            .evaluate(&document, &environment, Limits::default())
            .is_ok()
    });
}

/// How does a projection grow with the number of containers?
#[divan::bench(args = [1, 10, 100, 1000])]
fn project_images_of_n_containers(bencher: Bencher<'_, '_>, containers: usize) {
    let (document, environment) = (review(containers), Environment::at(Timestamp::UNIX_EPOCH, 0));
    let Ok(expression) = Expression::compile(TYPICAL[1]) else {
        return;
    };
    bencher.bench_local(|| {
        expression
            .evaluate(&document, &environment, Limits::default())
            .is_ok()
    });
}
