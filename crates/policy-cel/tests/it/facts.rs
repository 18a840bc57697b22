//! Facts that are missing: they unwind through everything, and one run asks for all it can reach.

use std::cell::RefCell;
use std::collections::HashMap;

use serde_json::{Value as Json, json};
use vouchsafe_policy_cel::{
    Answer, Budget, Environment, EvalError, Failure, Host, Payload, Question, Scope, Text, Value,
};

/// Notes every question; answers those about `known` images
#[derive(Default)]
struct Asked {
    known: HashMap<String, i64>,
    questions: RefCell<Vec<String>>,
}

impl<'v> Host<'v> for Asked {
    fn answer(&self, question: &Question<'_>) -> Answer<'v> {
        self.questions.borrow_mut().push(format!("{question:?}"));
        let Question::VerifyImageSignatures { image, .. } = question else {
            return Answer::Pending;
        };
        match *image {
            "broken" => Answer::Failed(Text::Borrowed("registry is down")),
            image => self
                .known
                .get(image)
                .map_or(Answer::Pending, |count| Answer::Ready(Value::Int(*count))),
        }
    }
}

fn data() -> Json {
    json!({"containers": ["a", "b", "c"], "initContainers": ["d"]})
}

fn evaluate<'v>(text: &str, data: &'v Json, host: &Asked) -> Result<Value<'v>, EvalError> {
    let environment = Environment::image_validating_policy(Scope::Cluster, Payload::Kubernetes).build();
    let program = environment.compile(text).unwrap();
    let variables: HashMap<String, Value<'v>> = [("images".to_owned(), Value::from(data))].into();
    program.evaluate(&variables, host, &Budget::default())
}

#[test]
fn one_run_asks_about_every_image_of_a_loop() {
    let host = Asked::default();
    let data = data();
    let text = "images.containers.map(i, verifyImageSignatures(i, ['x'])).all(n, n > 0) && \
                images.initContainers.all(i, verifyImageSignatures(i, ['x']) > 0)";
    assert!(evaluate(text, &data, &host).unwrap_err().is_pending());
    assert_eq!(host.questions.borrow().len(), 4);
}

#[test]
fn arguments_beside_a_missing_fact_are_evaluated_for_the_facts_they_ask() {
    let host = Asked::default();
    let data = data();
    let text = "[verifyImageSignatures('a', []), verifyImageSignatures('b', [])].sum() + \
                verifyImageSignatures('c', []) > 0";
    assert!(evaluate(text, &data, &host).unwrap_err().is_pending());
    assert_eq!(host.questions.borrow().len(), 3);
}

#[test]
fn a_missing_fact_outranks_a_failure_and_only_a_deciding_side_outranks_it() {
    let missing = "verifyImageSignatures('a', []) > 0";
    let broken = "verifyImageSignatures('broken', []) > 0";
    let data = data();
    let pending = |text: &str| evaluate(text, &data, &Asked::default()).unwrap_err().is_pending();
    let truth = |text: &str| evaluate(text, &data, &Asked::default()).unwrap().as_bool();
    assert!(pending(&format!("({missing}) && ({broken})")));
    assert!(pending(&format!("({broken}) || ({missing})")));
    assert!(pending(&format!("({missing}) ? true : false")));
    assert!(pending(&format!("has({{'k': {missing}}}.k)")));
    assert!(pending(&format!("[{missing}].exists(x, x)")));
    assert!(pending(&format!("optional.of({missing}).hasValue()")));
    assert_eq!(truth(&format!("({missing}) && false")), Some(false));
    assert_eq!(truth(&format!("true || ({missing})")), Some(true));
    assert_eq!(
        truth("images.containers.exists(i, i == 'c' || verifyImageSignatures(i, []) > 0)"),
        Some(true)
    );
}

#[test]
fn a_fact_that_could_not_be_had_is_a_failure_with_its_reason() {
    let data = data();
    let error = evaluate(
        "verifyImageSignatures('broken', []) > 0",
        &data,
        &Asked::default(),
    )
    .unwrap_err();
    assert_eq!(*error.failure(), Failure::Failed("registry is down".into()));
}

#[test]
fn has_never_hides_a_failure_of_what_it_looks_into() {
    let data = data();
    let host = Asked::default();
    let failed = |text: &str| {
        matches!(
            evaluate(text, &data, &host).unwrap_err().failure(),
            Failure::Failed(_)
        )
    };
    assert!(failed("has(dyn(images).nope.x)"));
    assert!(failed("has({'k': 1 / 0}.k)"));
    assert!(failed("!has(dyn(images).nope.x)"));
}

#[test]
fn a_known_fact_is_a_value_and_a_second_run_ends() {
    let known = ["a", "b", "c"].map(|image| (image.to_owned(), 1)).into();
    let host = Asked {
        known,
        ..Asked::default()
    };
    let data = data();
    let text = "images.containers.map(i, verifyImageSignatures(i, [{'name': 'x'}])).all(n, n > 0)";
    assert_eq!(evaluate(text, &data, &host).unwrap().as_bool(), Some(true));
    assert!(host.questions.borrow()[0].contains("attestors: [\"x\"]"));
}

#[test]
fn programs_environments_and_values_may_be_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<vouchsafe_policy_cel::Program>();
    shared::<Environment>();
    shared::<Value<'static>>();
}
