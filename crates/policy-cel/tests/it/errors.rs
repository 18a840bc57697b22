//! What is wrong with an expression, in the words of cel-go.

use vouchsafe_policy_cel::{
    Budget, CompileError, Environment, NoHost, NoVariables, Payload, Scope, Type, display_errors,
};

fn refused(text: &str) -> Vec<CompileError> {
    let builder =
        Environment::validating_policy(Scope::Cluster).lazy_object("variables", [("count", Type::Int)]);
    builder.build().compile(text).unwrap_err()
}

#[test]
fn an_error_names_its_place_and_the_nearest_known_name() {
    let errors = refused("objct.spec.replicas > 1");
    assert_eq!(
        display_errors(&errors),
        "ERROR: <input>:1:1: undeclared reference to 'objct' (in container '')\n | objct.spec.replicas > 1\n | ^"
    );
    assert_eq!(errors[0].suggestion.as_deref(), Some("object"));
    let field = refused("request.operatoin == 'CREATE'");
    assert_eq!(field[0].message, "undefined field 'operatoin'");
    assert_eq!(field[0].suggestion.as_deref(), Some("operation"));
    let variable = refused("variables.coutn > 1");
    assert_eq!(variable[0].suggestion.as_deref(), Some("count"));
    let function = refused("'a'.startWith('a')");
    assert_eq!(function[0].suggestion.as_deref(), Some("startsWith"));
}

#[test]
fn calls_operators_and_macros_say_what_they_were_applied_to() {
    for (text, message) in [
        (
            "'a' + 1",
            "found no matching overload for '_+_' applied to '(string, int)'",
        ),
        (
            "[1].all(x, 'a')",
            "found no matching overload for '_&&_' applied to '(bool, string)'",
        ),
        (
            "[1].filter(x, x)",
            "found no matching overload for '_?_:_' applied to '(int, list(int), list(int))'",
        ),
        (
            "'a'.all(x, true)",
            "expression of type 'string' cannot be range of a comprehension (must be list, map, or dynamic)",
        ),
        ("(1).foo", "type 'int' does not support field selection"),
        ("size()", "found no matching overload for 'size' applied to '()'"),
        (
            "variables.count.size()",
            "found no matching overload for 'size' applied to 'int.()'",
        ),
        ("duration('x')", "invalid duration argument"),
        ("{'a': 1, 'b': 'c'}", "expected type 'int' but found 'string'"),
        ("[?1]", "expected type 'optional_type(int)' but found 'int'"),
        (
            "math.greatest('a')",
            "math.greatest() invalid single argument value",
        ),
        (
            "cel.bind(a.b, 1, 2)",
            "cel.bind() variable names must be simple identifiers",
        ),
    ] {
        assert_eq!(refused(text)[0].message, message, "{text}");
    }
}

#[test]
fn several_faults_are_all_reported_in_the_order_of_the_text() {
    let errors = refused("a1.b == c1 && d1()");
    let columns: Vec<usize> = errors
        .iter()
        .map(|error| error.position.unwrap().column)
        .collect();
    assert_eq!(columns, [1, 9, 17]);
}

#[test]
fn or_value_on_what_is_no_optional_is_tolerated_in_one_kind_and_refused_in_the_other() {
    let text = "'a'.orValue('b')";
    assert!(
        Environment::validating_policy(Scope::Cluster)
            .build()
            .compile(text)
            .is_ok()
    );
    let images = Environment::image_validating_policy(Scope::Cluster, Payload::Kubernetes).build();
    assert!(images.compile(text).is_err());
}

#[test]
fn a_namespaced_policy_names_no_namespace() {
    let text = "resource.get('v1', 'pods', 'ns', 'name')";
    assert!(
        Environment::validating_policy(Scope::Cluster)
            .build()
            .compile(text)
            .is_ok()
    );
    assert!(
        Environment::validating_policy(Scope::Namespaced)
            .build()
            .compile(text)
            .is_err()
    );
}

#[test]
fn a_call_that_fits_no_overload_while_it_runs_is_told_as_cel_go_tells_it() {
    for (text, message) in [
        ("dyn(1) + 'a' == 'b'", "no such overload"),
        ("dyn({}) + 'a' == 'b'", "no such overload: _+_"),
        ("dyn(null) < 1", "no such overload: _<_"),
        ("dyn(1).contains('a')", "no such overload"),
        ("dyn(1).size() == 1", "no such overload: size"),
        ("dyn(1).split(',') == []", "no such overload: split(int, string)"),
        ("int(dyn(null)) == 1", "no such overload: int(null_type)"),
        ("dyn(1) ? true : false", "no such overload"),
        ("[1][dyn(3)] == 1", "index out of bounds: 3"),
        ("{'a': 1}[dyn('b')] == 1", "no such key: b"),
        ("int('x') == 1", "type conversion error from 'string' to 'int'"),
    ] {
        let program = Environment::validating_policy(Scope::Cluster)
            .build()
            .compile(text)
            .unwrap();
        let error = program
            .evaluate(&NoVariables, &NoHost, &Budget::default())
            .unwrap_err();
        assert_eq!(error.to_string(), message, "{text}");
    }
}
