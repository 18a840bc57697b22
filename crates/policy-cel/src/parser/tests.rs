use super::*;

fn all_macros() -> Macros {
    Macros {
        standard: true,
        two_variables: true,
        bindings: true,
        optionals: true,
        lists: true,
        math: true,
        ..Macros::default()
    }
}

fn errors(text: &str) -> Vec<String> {
    parse(text, all_macros())
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn ten_thousand_terms_of_a_sum_are_refused_and_of_a_conjunction_are_shallow() {
    let sum = vec!["1"; 10_000].join("+");
    assert_eq!(
        errors(&sum),
        ["ERROR: <input>:-1:0: expression recursion limit exceeded: 250"]
    );
    let conjunction = vec!["a"; 10_000].join("&&");
    let ast = parse(&conjunction, all_macros()).unwrap();
    assert!(ast.node(ast.root).depth < 20);
}

#[test]
fn deep_nesting_of_any_bracket_is_refused_before_the_stack_is() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{1:", "}"),
        ("f(", ")"),
        ("-(", ")"),
        ("a?b:", ""),
        ("[1].map(x,", ")"),
    ] {
        let text = format!("{}1{}", open.repeat(9_000), close.repeat(9_000));
        let errors = errors(&text);
        assert!(errors[0].contains("recursion limit"), "{open}: {errors:?}");
    }
    assert!(errors(&format!("a{}", ".b".repeat(9_000)))[0].contains("recursion limit"));
}

#[test]
fn a_reserved_word_is_refused_as_a_variable_and_accepted_as_a_field() {
    assert!(parse("a.for", all_macros()).is_ok());
    assert_eq!(
        errors("for"),
        ["ERROR: <input>:1:1: reserved identifier: for\n | for\n | ^"]
    );
}

#[test]
fn a_macro_with_a_wrong_variable_says_which_argument_is_wrong() {
    assert_eq!(
        errors("[1].all(1, true)"),
        ["ERROR: <input>:1:9: argument must be a simple name\n | [1].all(1, true)\n | ........^"]
    );
    assert!(errors("has(a)")[0].contains("invalid argument to has() macro"));
}

#[test]
fn what_is_left_over_is_a_syntax_error() {
    assert!(errors("1 2")[0].contains("1:3: Syntax error: extraneous input '2' expecting <EOF>"));
    assert!(errors("")[0].contains("1:1: Syntax error: mismatched input '<EOF>'"));
    assert!(errors("a #")[0].contains("1:3: Syntax error: token recognition error at: '#'"));
}
