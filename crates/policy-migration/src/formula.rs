//! Truth values of expressions, joined and simplified before they are written.
//!
//! In: texts of boolean expressions. Out: one text with the fewest brackets. Never looks into the texts.

/// A boolean expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Formula {
    /// Holds always, or never.
    Known(bool),
    /// A text that binds at least as tightly as `==`.
    Test(String),
    /// Holds where the inner one does not.
    Not(Box<Formula>),
    /// All of them, at least two.
    All(Vec<Formula>),
    /// One of them, at least two.
    Any(Vec<Formula>),
}

impl Formula {
    pub(crate) const TRUE: Self = Self::Known(true);
    pub(crate) const FALSE: Self = Self::Known(false);

    /// A text that is no `&&`, `||` or `? :` outside brackets.
    pub(crate) fn test(text: impl Into<String>) -> Self {
        Self::Test(text.into())
    }

    /// All of `parts`, judged from left to right.
    pub(crate) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::joined(parts, true)
    }

    /// One of `parts`, judged from left to right.
    pub(crate) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::joined(parts, false)
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self::all([self, other])
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self::any([self, other])
    }

    pub(crate) fn not(self) -> Self {
        match self {
            Self::Known(truth) => Self::Known(!truth),
            Self::Not(inner) => *inner,
            other @ (Self::Test(_) | Self::All(_) | Self::Any(_)) => Self::Not(Box::new(other)),
        }
    }

    /// Joins by `&&` where `neutral` is true, else by `||`; doubles are left out.
    fn joined(parts: impl IntoIterator<Item = Self>, neutral: bool) -> Self {
        let mut kept: Vec<Self> = Vec::new();
        for part in parts {
            let inner = match part {
                Self::Known(truth) if truth == neutral => continue,
                Self::Known(truth) => return Self::Known(truth),
                Self::All(inner) if neutral => inner,
                Self::Any(inner) if !neutral => inner,
                other @ (Self::Test(_) | Self::Not(_) | Self::All(_) | Self::Any(_)) => vec![other],
            };
            for one in inner {
                if !kept.contains(&one) {
                    kept.push(one);
                }
            }
        }
        match (kept.len(), neutral) {
            (0, _) => Self::Known(neutral),
            (1, _) => kept.pop().unwrap_or(Self::Known(neutral)),
            (_, true) => Self::All(kept),
            (_, false) => Self::Any(kept),
        }
    }

    /// The expression.
    pub(crate) fn write(&self) -> String {
        let list = |parts: &[Self], between: &str| {
            let texts: Vec<String> = parts.iter().map(Self::write_in_list).collect();
            texts.join(between)
        };
        match self {
            Self::Known(truth) => truth.to_string(),
            Self::Test(text) => text.clone(),
            Self::Not(inner) => {
                let text = inner.write();
                if matches!(**inner, Self::Test(_)) && binds_tightly(&text) {
                    format!("!{text}")
                } else {
                    format!("!({text})")
                }
            }
            Self::All(parts) => list(parts, " && "),
            Self::Any(parts) => list(parts, " || "),
        }
    }

    fn write_in_list(&self) -> String {
        match self {
            Self::All(_) | Self::Any(_) => format!("({})", self.write()),
            Self::Known(_) | Self::Test(_) | Self::Not(_) => self.write(),
        }
    }
}

/// Whether `text` is one call or name, so that `!` before it means all of it.
fn binds_tightly(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut escaped = false;
    for letter in text.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth = depth.saturating_add(1),
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ' ' if depth == 0 => return false,
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_not_written() {
        let a = || Formula::test("a");
        assert_eq!(a().and(Formula::TRUE).write(), "a");
        assert_eq!(a().and(Formula::FALSE).write(), "false");
        assert_eq!(a().or(Formula::TRUE).write(), "true");
        assert_eq!(Formula::any([a(), a()]).write(), "a");
    }

    #[test]
    fn brackets_stand_where_they_are_needed() {
        let (a, b, c) = (
            Formula::test("a == 'x y'"),
            Formula::test("has(b.c)"),
            Formula::test("c"),
        );
        let both = a.clone().and(b.clone());
        assert_eq!(both.clone().or(c).write(), "(a == 'x y' && has(b.c)) || c");
        assert_eq!(both.not().write(), "!(a == 'x y' && has(b.c))");
        assert_eq!(a.not().write(), "!(a == 'x y')");
        assert_eq!(b.not().write(), "!has(b.c)");
    }
}
