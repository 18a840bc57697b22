//! Range atoms of patterns: `10-20` (between the ends, both included) and `10!-20` (outside).
//!
//! In: an atom. Out: its two ends as text, which are compared as durations or quantities by [`crate::pattern`].
//!
//! Behaviour: Kyverno 1.19 pkg/engine/operator; an end is a number with an optional sign (`-`, `+` or, as the
//! regular expression there has it, `|`) and an optional unit of letters.

/// What an atom says about its two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeKind {
    /// `A-B`: at least A and at most B
    Inside,
    /// `A!-B`: less than A or more than B
    Outside,
}

/// A range atom, still text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeAtom<'t> {
    /// Inside or outside
    pub kind: RangeKind,
    /// The lower end, as written
    pub low: &'t str,
    /// The upper end, as written
    pub high: &'t str,
}

impl<'t> RangeAtom<'t> {
    /// Reads an atom that is a range from end to end; anything else is `None`.
    #[must_use]
    pub fn parse(atom: &'t str) -> Option<Self> {
        let (low, rest) = split_endpoint(atom)?;
        let (kind, rest) = match rest.strip_prefix("!-") {
            Some(rest) => (RangeKind::Outside, rest),
            None => (RangeKind::Inside, rest.strip_prefix('-')?),
        };
        let (high, rest) = split_endpoint(rest)?;
        rest.is_empty().then_some(Self { kind, low, high })
    }
}

/// One end at the front of `text`: `[-|+]?\d+(\.\d+)?[A-Za-z]*`, and what follows it.
fn split_endpoint(text: &str) -> Option<(&str, &str)> {
    let after_sign = text.strip_prefix(['-', '|', '+']).unwrap_or(text);
    let after_whole = after_sign.trim_start_matches(|c: char| c.is_ascii_digit());
    if after_whole.len() == after_sign.len() {
        return None;
    }
    let after_number = match after_whole.strip_prefix('.') {
        Some(fraction) if fraction.starts_with(|c: char| c.is_ascii_digit()) => {
            fraction.trim_start_matches(|c: char| c.is_ascii_digit())
        }
        _ => after_whole,
    };
    let rest = after_number.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    text.split_at_checked(text.len().checked_sub(rest.len())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_two_numeric_ends() {
        let found = RangeAtom::parse("10Mi-1.5Gi");
        assert_eq!(
            found,
            Some(RangeAtom {
                kind: RangeKind::Inside,
                low: "10Mi",
                high: "1.5Gi"
            })
        );
        let found = RangeAtom::parse("-5!--1");
        assert_eq!(
            found,
            Some(RangeAtom {
                kind: RangeKind::Outside,
                low: "-5",
                high: "-1"
            })
        );
    }

    #[test]
    fn what_has_no_two_ends_is_no_range() {
        for atom in ["10", "10-", "-", "a-b", "10-20-30", "10 - 20", "1.-2", "10-20 "] {
            assert_eq!(RangeAtom::parse(atom), None, "{atom}");
        }
    }
}
