//! Loading the kinds of `cli.kyverno.io`.

use manifest::{Document, FieldPath};
use serde::de::DeserializeOwned;

use crate::cli_kyverno_io::cluster_resource::ClusterResource;
use crate::cli_kyverno_io::context::Context;
use crate::cli_kyverno_io::test::Test;
use crate::cli_kyverno_io::user_info::UserInfo;
use crate::cli_kyverno_io::values::Values;
use crate::fault::{Fault, FaultCode};
use crate::loaded::Loaded;
use crate::report::Report;
use crate::schema::check::{Reading, check};
use crate::schema::cli;
use crate::schema::shape::Shape;

/// A kind of `cli.kyverno.io`.
pub trait CliKind: DeserializeOwned + private::Schema {}

mod private {
    /// What the kind is called and may hold.
    pub trait Schema {
        /// What it may hold.
        fn shape() -> super::ShapeOf;
    }
}

/// Hides the words of the schema from the trait's users.
#[derive(Debug)]
pub struct ShapeOf(Shape);

macro_rules! cli_kinds {
    ($($kind:ident: $shape:expr),+ $(,)?) => {$(
        impl private::Schema for $kind {
            fn shape() -> ShapeOf {
                ShapeOf($shape)
            }
        }
        impl CliKind for $kind {}
    )+};
}

cli_kinds! {
    Test: cli::TEST,
    Values: cli::VALUES,
    UserInfo: cli::USER_INFO,
    Context: cli::CONTEXT,
    ClusterResource: cli::CLUSTER_RESOURCE,
}

/// Checks a document of one of the command line's kinds. Field names may differ in case, and `kind` itself is not
/// looked at (`Value` for `Values` is common): as Kyverno has it.
///
/// # Errors
/// Every fault of the document.
pub fn load_cli<K: CliKind>(mut document: Document) -> Result<Loaded<K>, Vec<Fault>> {
    let mut report = Report::new(&document);
    check(&mut document.value, &K::shape().0, Reading::Lenient, &mut report);
    let object = K::deserialize(&document.value);
    match object {
        Ok(object) if report.faults.is_empty() => Ok(Loaded { object, document }),
        Err(error) if report.faults.is_empty() => {
            report.fault(&FieldPath::root(), FaultCode::WrongType, error.to_string(), None);
            Err(report.faults)
        }
        _ => Err(report.faults),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load<K: CliKind>(text: &str) -> Result<K, Vec<String>> {
        let document = manifest::read(text.as_bytes(), "t.yaml").unwrap().remove(0);
        load_cli::<K>(document)
            .map(|loaded| loaded.object)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_suite_is_read_with_field_names_in_any_case() {
        let text = "apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {name: t}\npolicies: [p.yaml]\n\
                    results:\n- policy: p\n  rule: 1\n  isMUtatingPolicy: true\n  result: pass\n  kind: Pod\n";
        let test: Test = load(text).unwrap();
        assert!(test.results[0].is_mutating_policy);
        assert_eq!(test.results[0].rule, "1");
        assert!(!test.is_old_shape());
    }

    #[test]
    fn an_unknown_field_of_a_suite_is_refused_with_its_place() {
        let faults = load::<Test>("kind: Test\nresults:\n- polcy: p\n").unwrap_err();
        assert_eq!(
            faults,
            ["t.yaml:3:3: results[0].polcy: unknown field `polcy` (did you mean `policy`?)"]
        );
    }

    #[test]
    fn values_may_hold_any_json() {
        let text = "kind: Values\nglobalValues: {request.operation: UPDATE, a: {b: [1]}}\n\
                    policies:\n- name: p\n  rules:\n  - name: r\n    foreachValues: {element: [{x: 1}]}\n\
                    namespaceSelector:\n- name: ns\n  labels: {a: true}\n";
        let values: Values = load(text).unwrap();
        assert_eq!(values.spec.namespace_selector[0].labels["a"], "true");
        assert_eq!(
            values.spec.policies[0].rules[0].foreach_values["element"].len(),
            1
        );
    }
}
