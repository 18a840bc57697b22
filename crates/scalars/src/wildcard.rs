//! Wildcards: `*` stands for any run of characters, `?` for exactly one character (a Unicode scalar value).
//!
//! In: a pattern and a text. Out: whether the pattern matches the *whole* text. There is no escape.
//! Never allocates, never recurses; time is bounded by |pattern| × |text|.
//!
//! Behaviour: `IGLOU-EU/go-wildcard` v1.0.3 as Kyverno 1.19 uses it.

/// Whether `pattern` matches the whole of `text`.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    if !has_wildcard(pattern) {
        return pattern == text;
    }
    if pattern.is_ascii() && text.is_ascii() {
        return matches_from(pattern.bytes(), text.bytes());
    }
    matches_from(pattern.chars(), text.chars())
}

/// Whether `text` holds `*` or `?`.
#[must_use]
pub fn has_wildcard(text: &str) -> bool {
    text.bytes().any(|byte| byte == b'*' || byte == b'?')
}

/// The greedy match with one point of return: only the latest `*` can need to swallow more.
fn matches_from<T, I>(mut pattern: I, mut text: I) -> bool
where
    T: Copy + PartialEq + From<u8>,
    I: Iterator<Item = T> + Clone,
{
    let (star, question) = (T::from(b'*'), T::from(b'?'));
    let mut resume: Option<(I, I)> = None;
    loop {
        let (pattern_before, text_before) = (pattern.clone(), text.clone());
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some(wanted), _) if wanted == star => {
                text = text_before;
                resume = Some((pattern.clone(), text.clone()));
            }
            (Some(wanted), Some(found)) if wanted == question || wanted == found => {}
            (_, None) => return false,
            (_, Some(_)) => {
                let Some((after_star, mut swallowed)) = resume.take() else {
                    return false;
                };
                if swallowed.next().is_none() {
                    return false;
                }
                pattern = after_star.clone();
                text = swallowed.clone();
                resume = Some((after_star, swallowed));
                drop(pattern_before);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_matches_any_run_and_a_question_mark_exactly_one_character() {
        for (pattern, text) in [
            ("*", ""),
            ("a*", "a"),
            ("?*", "x"),
            ("*.io/*", "ghcr.io/a/b"),
            ("a**b", "ab"),
            ("?", "é"),
            ("*é?", "aéß"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("?*", ""),
            ("", "a"),
            ("a?", "a"),
            ("*a", "ab"),
            ("a*b*c", "acb"),
            ("nginx", "nginx:1"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_is_judged_in_reasonable_time() {
        let (pattern, text) = ("*a".repeat(200) + "b", "a".repeat(20_000));
        assert!(!matches(&pattern, &text));
    }

    proptest::proptest! {
        #[test]
        fn the_matcher_says_what_the_definition_says(pattern in "[ab*?]{0,8}", text in "[abé]{0,8}") {
            fn defined(pattern: &[char], text: &[char]) -> bool {
                match (pattern.split_first(), text.split_first()) {
                    (None, rest) => rest.is_none(),
                    (Some((&'*', rest)), found) => {
                        defined(rest, text) || found.is_some_and(|(_, after)| defined(pattern, after))
                    }
                    (Some((wanted, rest)), Some((found, after))) => {
                        (*wanted == '?' || wanted == found) && defined(rest, after)
                    }
                    (Some(_), None) => false,
                }
            }
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            proptest::prop_assert_eq!(matches(&pattern, &text), defined(&p, &t));
        }
    }
}
