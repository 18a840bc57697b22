use super::*;
use crate::limits::{Budget, Limits};

fn regex(pattern: &str) -> GoRegex {
    match GoRegex::compile(pattern) {
        Ok(Ok(regex)) => regex,
        other => panic!("{pattern}: {other:?}"),
    }
}

#[test]
fn gos_syntax_means_what_it_means_in_go() {
    for (pattern, text, expected) in [
        (r"^\d+$", "12", true),
        (r"^\d+$", "١٢", false),
        (r"^\w+$", "é", false),
        (r"^[\w-]+$", "a-b", true),
        (r"\Qa.b\E$", "a.b", true),
        (r"\Qa.b\E$", "axb", false),
        ("a{,2}", "a{,2}", true),
        ("^{$", "{", true),
        ("^[[]$", "[", true),
        ("^[a&&b]$", "&", true),
        ("^[]a]$", "]", true),
        ("^[^[:alpha:]]$", "1", true),
        (r"^[\]\-~]+$", "]-~", true),
        ("(?P<n>a)(?i)B", "ab", true),
        (r"^\x{41}\x42$", "AB", true),
        (r"^\pL+$", "é", true),
        (r"\<b\>", "<b>", true),
        ("^a$", "a\n", false),
        ("(?m)^a$", "a\nb", true),
        ("^.$", "é", true),
        (r"\bé", "é", false),
    ] {
        assert_eq!(regex(pattern).is_match(text), expected, "{pattern} {text}");
    }
}

#[test]
fn a_broken_expression_is_refused_in_gos_words() {
    for (pattern, error) in [
        ("(", "error parsing regexp: missing closing ): `(`"),
        ("a)", "error parsing regexp: unexpected ): `a)`"),
        ("[a", "error parsing regexp: missing closing ]: `[a`"),
        (
            "*a",
            "error parsing regexp: missing argument to repetition operator: `*`",
        ),
        (
            "a**",
            "error parsing regexp: invalid nested repetition operator: `**`",
        ),
        (
            r"a\",
            "error parsing regexp: trailing backslash at end of expression",
        ),
        (r"\y", r"error parsing regexp: invalid escape sequence: `\y`"),
        (
            "[b-a]",
            "error parsing regexp: invalid character class range: `b-a`",
        ),
        (
            "(?=a)",
            "error parsing regexp: invalid or unsupported Perl syntax: `(?=`",
        ),
        ("a{2000}", "error parsing regexp: invalid repeat count: `{2000}`"),
        ("(?P<>a)", "error parsing regexp: invalid named capture: `(?P<>`"),
    ] {
        let found = GoRegex::compile(pattern).map(|r| r.map(|_| ()).map_err(|e| e.to_string()));
        assert_eq!(found, Ok(Err(error.to_owned())), "{pattern}");
    }
}

#[test]
fn replacements_expand_groups_as_in_go() {
    let budget = Budget::new(Limits::default());
    let swap = regex(r"(\w+)@(?P<host>\w+)");
    assert_eq!(
        swap.replace_all("a@b c@d", "${host}-$1", &budget).as_deref(),
        Ok("b-a d-c")
    );
    assert_eq!(swap.replace_all("a@b", "$1x$$", &budget).as_deref(), Ok("$"));
    assert_eq!(
        swap.replace_all_literally("a@b", "$1", &budget).as_deref(),
        Ok("$1")
    );
    assert_eq!(
        regex("a*").replace_all("baac", "x", &budget).as_deref(),
        Ok("xbxcx")
    );
}

#[test]
fn a_huge_expression_is_a_limit_and_not_a_wait() {
    assert!(matches!(
        GoRegex::compile(&"(".repeat(100_000)),
        Err(LimitReached::Regex)
    ));
    assert!(matches!(
        GoRegex::compile("((a{1000}){1000}){1000}"),
        Err(LimitReached::Regex)
    ));
}

#[test]
fn a_generated_text_matches_its_expression_and_repeats_with_its_seed() {
    let budget = Budget::new(Limits::default());
    for pattern in ["[a-z0-9]{8}", "(foo|bar)-\\d+", "^x.y?$", "[^a]{3}"] {
        let text = generate(pattern, 7, &budget).unwrap();
        assert!(
            regex(&format!("^(?:{pattern})$")).is_match(&text),
            "{pattern} {text}"
        );
        assert_eq!(generate(pattern, 7, &budget), Ok(text));
    }
    assert!(generate("((a{1000}){1000}){1000}", 7, &budget).is_err());
}

proptest::proptest! {
    #[test]
    fn every_pattern_is_compiled_or_refused(pattern in r"[a-c(){}\[\]*+?|.^$\\QEdpwx<>:,&~-]{0,16}", text in "[a-c]{0,8}") {
        if let Ok(Ok(regex)) = GoRegex::compile(&pattern) {
            regex.replace_all(&text, "$1", &Budget::new(Limits::default())).ok();
        }
    }
}
