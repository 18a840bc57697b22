//! Anchors: keys of a pattern that say how their value is to be meant: `(image)`, `=(spec)`, `X(hostPath)`.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/anchor; a key is an anchor if, trimmed, it is `^([+<=X^])?\((.+)\)$`.

/// How the value under an anchored key is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// `(k)`: the pattern around it applies only where this holds
    Condition,
    /// `<(k)`: the whole rule applies only where this holds
    Global,
    /// `X(k)`: the key must not be there
    Negation,
    /// `+(k)`: set by mutation if it is not there
    AddIfAbsent,
    /// `=(k)`: checked only if the key is there
    Equality,
    /// `^(k)`: each pattern of the list must be met by some element
    Existence,
}

impl Anchor {
    /// Reads a key: its anchor, and the key in it.
    #[must_use]
    pub fn parse(key: &str) -> Option<(Self, &str)> {
        let key = key.trim();
        let (anchor, rest) = match key.strip_prefix('(') {
            Some(rest) => (Self::Condition, rest),
            None => {
                let (modifier, rest) = key.split_once('(')?;
                let anchor = match modifier {
                    "<" => Self::Global,
                    "X" => Self::Negation,
                    "+" => Self::AddIfAbsent,
                    "=" => Self::Equality,
                    "^" => Self::Existence,
                    _ => return None,
                };
                (anchor, rest)
            }
        };
        let name = rest.strip_suffix(')')?;
        // `.` does not match a line feed in the source's regular expression
        (!name.is_empty() && !name.contains('\n')).then_some((anchor, name))
    }

    /// The key with the anchor stripped, or the key itself.
    #[must_use]
    pub fn name_of(key: &str) -> &str {
        Self::parse(key).map_or(key, |(_, name)| name)
    }

    /// Whether the anchor is judged before the plain keys beside it.
    #[must_use]
    pub fn is_judged_first(self) -> bool {
        match self {
            Self::Condition | Self::Existence | Self::Equality | Self::Negation => true,
            Self::Global | Self::AddIfAbsent => false,
        }
    }

    /// The anchored spelling of `name`.
    #[must_use]
    pub fn write(self, name: &str) -> String {
        let modifier = match self {
            Self::Condition => "",
            Self::Global => "<",
            Self::Negation => "X",
            Self::AddIfAbsent => "+",
            Self::Equality => "=",
            Self::Existence => "^",
        };
        format!("{modifier}({name})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_brackets_is_an_anchor() {
        for (key, found) in [
            ("(image)", Some((Anchor::Condition, "image"))),
            (" =(spec) ", Some((Anchor::Equality, "spec"))),
            ("X(a)", Some((Anchor::Negation, "a"))),
            ("^(a)", Some((Anchor::Existence, "a"))),
            ("<(a)", Some((Anchor::Global, "a"))),
            ("+(a)", Some((Anchor::AddIfAbsent, "a"))),
            ("((a))", Some((Anchor::Condition, "(a)"))),
            ("=(a", None),
            ("()", None),
            ("Y(a)", None),
            ("a(b)", None),
            ("image", None),
        ] {
            assert_eq!(Anchor::parse(key), found, "{key}");
        }
    }
}
