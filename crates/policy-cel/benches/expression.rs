//! What does a CEL validation cost: to compile, to evaluate, to evaluate over more containers?

use std::collections::HashMap;

use divan::{Bencher, black_box};
use serde_json::{Value as Json, json};
use vouchsafe_policy_cel::{Budget, Environment, NoHost, Scope, Value};

fn main() {
    divan::main();
}

const VALIDATION: &str = "object.spec.containers.all(c, !has(c.securityContext) || \
     !has(c.securityContext.privileged) || c.securityContext.privileged == false)";

fn pod(containers: usize) -> Json {
    let container = json!({"name": "c", "image": "nginx", "securityContext": {"privileged": false}});
    json!({"metadata": {"labels": {"app": "x"}}, "spec": {"containers": vec![container; containers]}})
}

/// What does loading a policy cost per expression, type check included?
#[divan::bench]
fn compile_a_validation(bencher: Bencher<'_, '_>) {
    let environment = Environment::validating_policy(Scope::Cluster).build();
    bencher.bench_local(|| environment.compile(black_box(VALIDATION)).is_ok());
}

/// What does the environment of one more policy cost?
#[divan::bench]
fn declare_the_variables_of_a_policy(bencher: Bencher<'_, '_>) {
    let environment = Environment::validating_policy(Scope::Cluster).build();
    let fields = || ["a", "b", "c"].map(|name| (name, vouchsafe_policy_cel::Type::Dyn));
    bencher.bench_local(|| environment.extend().lazy_object("variables", fields()).build());
}

/// What does a validation of a Pod with N containers cost, limits on?
#[divan::bench(args = [1, 10, 100])]
fn evaluate_a_validation_over_n_containers(bencher: Bencher<'_, '_>, containers: usize) {
    let environment = Environment::validating_policy(Scope::Cluster).build();
    let Ok(program) = environment.compile(VALIDATION) else {
        return;
    };
    let pod = pod(containers);
    let variables: HashMap<String, Value<'_>> = [("object".to_owned(), Value::from(&pod))].into();
    bencher.bench_local(|| {
        program
            .evaluate(black_box(&variables), &NoHost, &Budget::default())
            .is_ok()
    });
}

/// How fast does an endless loop reach the cost limit?
#[divan::bench(sample_count = 5)]
fn reach_the_cost_limit(bencher: Bencher<'_, '_>) {
    let environment = Environment::validating_policy(Scope::Cluster).build();
    let Ok(program) = environment.compile("lists.range(1000).all(a, lists.range(1000).all(b, a + b >= 0))")
    else {
        return;
    };
    let variables: HashMap<String, Value<'_>> = HashMap::new();
    bencher.bench_local(|| program.evaluate(&variables, &NoHost, &Budget::default()).is_err());
}
