//! Exceptions of `policies.kyverno.io`.

use serde_json::{Value, json};

use super::{policy, validations};
use crate::judging::{decide_alone, engine, load, words};
use crate::pods::pod;

fn exception(fields: &Value) -> Value {
    let mut exception = json!({
        "apiVersion": "policies.kyverno.io/v1", "kind": "PolicyException", "metadata": { "name": "e", "namespace": "ops" },
        "spec": { "policyRefs": [{ "name": "p", "kind": "ValidatingPolicy" }] },
    });
    for (field, value) in fields.as_object().unwrap() {
        exception["spec"][field] = value.clone();
    }
    exception
}

fn excepted(expression: &str, exceptions: &[Value]) -> Vec<String> {
    let mut documents = vec![policy(&validations(expression)).to_string()];
    documents.extend(exceptions.iter().map(Value::to_string));
    let engine = engine(&documents.join("\n---\n"));
    words(&decide_alone(&engine, &pod("shop", &["nginx"])))
}

#[test]
fn an_exception_exempts_wholly_where_its_conditions_hold() {
    let condition =
        |expression: &str| json!({ "matchConditions": [{ "name": "c", "expression": expression }] });
    let skipped = "p/exception Skip: rule is skipped due to policy exception: ops/e";
    assert_eq!(excepted("false", &[exception(&json!({}))]), [skipped]);
    assert_eq!(
        excepted("false", &[exception(&condition("object.metadata.name == 'web'"))]),
        [skipped]
    );
    assert_eq!(
        excepted("false", &[exception(&condition("object.metadata.name == 'db'"))]),
        ["p/ Fail: no"]
    );
    assert_eq!(
        excepted("false", &[exception(&json!({ "reportResult": "pass" }))]),
        ["p/exception Pass: rule is passed due to policy exception: ops/e"]
    );
}

#[test]
fn an_exception_that_has_expired_or_cant_be_judged_exempts_from_nothing() {
    let expired = exception(&json!({ "expiresAt": "2020-01-01T00:00:00Z" }));
    assert_eq!(excepted("false", &[expired]), ["p/ Fail: no"]);
    let broken =
        exception(&json!({ "matchConditions": [{ "name": "c", "expression": "object.spec.nope" == "x" }] }));
    assert!(load(&broken.to_string()).exceptions.is_empty());
    let broken = json!({ "matchConditions": [{ "name": "c", "expression": "object.spec.nope == 'x'" }] });
    assert_eq!(
        excepted("false", &[exception(&broken)]),
        ["p/evaluation Error: failed to load context: no such key: nope"]
    );
    let mut other = exception(&json!({}));
    other["spec"]["policyRefs"][0]["kind"] = json!("ImageValidatingPolicy");
    assert_eq!(excepted("false", &[other]), ["p/ Fail: no"]);
}

#[test]
fn an_exception_for_some_images_only_tells_the_policy_of_them() {
    let images = exception(&json!({ "images": ["nginx"] }));
    let expression = "object.spec.containers.all(c, c.image in exceptions.allowedImages)";
    assert_eq!(excepted(expression, &[images]), ["p/ Pass: success"]);
    assert_eq!(excepted(expression, &[]), ["p/ Fail: no"]);
}
