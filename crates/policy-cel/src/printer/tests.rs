use proptest::prelude::*;

use super::*;
use crate::ast::for_each_child;
use crate::parser::{Macros, parse};

const MACROS: Macros = Macros {
    standard: true,
    two_variables: true,
    bindings: true,
    optionals: true,
    lists: true,
    math: true,
    tolerant_or_value: false,
    blocks: false,
};

/// The tree with all its structure and none of its places
fn shape(ast: &Ast, id: NodeId) -> String {
    let mut children = Vec::new();
    for_each_child(ast.kind(id), |child| children.push(shape(ast, child)));
    let own = match ast.kind(id) {
        Kind::Literal(literal) => format!("{literal:?}"),
        Kind::Ident(name) => format!("ident {name}"),
        Kind::Select { field, selection, .. } => format!("{selection:?} {field}"),
        Kind::Call { function, target, .. } => format!("call {function} {}", target.is_some()),
        Kind::List(elements) => format!(
            "list {:?}",
            elements.iter().map(|e| e.optional).collect::<Vec<_>>()
        ),
        Kind::Map(entries) => format!("map {:?}", entries.iter().map(|e| e.optional).collect::<Vec<_>>()),
        Kind::Struct { name, fields } => {
            format!(
                "object {name} {:?}",
                fields.iter().map(|f| (&f.name, f.optional)).collect::<Vec<_>>()
            )
        }
        Kind::Comprehension(c) => format!(
            "{:?} {} {} {:?} {}",
            c.fold,
            c.name,
            c.variable,
            c.second,
            c.filter.is_some()
        ),
        Kind::Bind { variable, .. } => format!("bind {variable}"),
        Kind::OptionalMap { variable, flat, .. } => format!("optMap {variable} {flat}"),
    };
    format!("({own} {})", children.join(" "))
}

fn assert_round_trip(text: &str) {
    let Ok(ast) = parse(text, MACROS) else { return };
    let printed = print(&ast);
    let again = parse(&printed, MACROS).unwrap_or_else(|errors| panic!("{text}\n{printed}\n{}", errors[0]));
    assert_eq!(
        shape(&again, again.root),
        shape(&ast, ast.root),
        "{text}\n{printed}"
    );
}

#[test]
fn only_the_parentheses_that_are_needed_are_printed() {
    for (text, printed) in [
        ("((a))+(b*(c))", "a + b * c"),
        ("(a+b)*c - (d - e)", "(a + b) * c - (d - e)"),
        ("a&&b&&c&&d", "a && b && c && d"),
        ("a&&(b&&c)", "a && (b && c)"),
        ("(a?b:c)?d:e?f:g", "(a ? b : c) ? d : e ? f : g"),
        ("!(!x) == -(1)", "!(!x) == -(1)"),
        ("has(a.`b/c`.d)", "has(a.`b/c`.d)"),
        ("a[?0].?b.optMap(x,x+1)", "a[?0].?b.optMap(x, x + 1)"),
        ("{?'k':v}.all(k,v,k==v)", "{?\"k\": v}.all(k, v, k == v)"),
        ("math.greatest(1,2,3)", "math.greatest([1, 2, 3])"),
        ("b'\\xff\\n' == r'\\'", "b\"\\xff\\x0a\" == \"\\\\\""),
    ] {
        assert_eq!(print(&parse(text, MACROS).unwrap()), printed);
        assert_round_trip(text);
    }
}

/// Expressions, nested at random
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a".to_owned()),
        Just(".b".to_owned()),
        Just("null".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| format!("{number}u")),
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(|number| format!("{number:?}")),
        "[a-z\\\\ '\u{e9}\n]{0,4}".prop_map(|text| format!("{text:?}").replace("\\'", "'")),
    ];
    leaf.prop_recursive(5, 48, 3, |inner| {
        let operators = prop::sample::select(vec!["+", "-", "*", "/", "%", "<", "==", "in", "&&", "||"]);
        prop_oneof![
            (inner.clone(), operators, inner.clone()).prop_map(|(l, o, r)| format!("{l} {o} {r}")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("{a} ? {b} : {c}")),
            inner.clone().prop_map(|x| format!("({x})")),
            inner.clone().prop_map(|x| format!("!({x})")),
            inner.clone().prop_map(|x| format!("-({x})")),
            inner.clone().prop_map(|x| format!("-{x}")),
            inner.clone().prop_map(|x| format!("({x}).f.?g[?0].`h i`")),
            (inner.clone(), inner.clone()).prop_map(|(x, y)| format!("[{x}, ?{y}].m({x})")),
            (inner.clone(), inner.clone()).prop_map(|(x, y)| format!("{{{x}: {y}, ?1: {x},}}[{y}]")),
            (inner.clone(), inner.clone()).prop_map(|(x, y)| format!("({x}).map(v, {y}, v).all(k, w, {x})")),
            (inner.clone(), inner.clone()).prop_map(|(x, y)| format!("cel.bind(z, {x}, {y})")),
            inner
                .clone()
                .prop_map(|x| format!("a.B{{c: {x}, ?d: e}} == has(x.y)")),
            (inner.clone(), inner).prop_map(|(x, y)| format!("math.least({x}, {y}, 1) + size({x})")),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_as_the_same_tree(text in expression()) {
        assert_round_trip(&text);
    }
}
