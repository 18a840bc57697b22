//! JSON pointers (RFC 6901): the paths of JSON patches.
//!
//! In: text such as `/metadata/annotations/kyverno.io~1verify-images`. Out: its unescaped reference tokens, and back.
//! A pointer says nothing about a document; whether it resolves is the caller's question.

use std::fmt;

/// A path into a JSON document: the reference tokens from the root, unescaped. Empty: the whole document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Pointer {
    tokens: Vec<String>,
}

/// A text that is no JSON pointer: not empty, and not beginning with `/`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a JSON pointer is empty or begins with `/`, not `{text}`")]
pub struct NotAPointer {
    /// The text as written
    pub text: String,
}

impl Pointer {
    /// The pointer to the whole document.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a pointer. `~1` stands for `/`, `~0` for `~`; other `~` are kept, as evanphx/json-patch keeps them.
    ///
    /// # Errors
    /// [`NotAPointer`] for a text that is neither empty nor begins with `/`.
    pub fn parse(text: &str) -> Result<Self, NotAPointer> {
        if text.is_empty() {
            return Ok(Self::root());
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err(NotAPointer {
                text: text.to_owned(),
            });
        };
        Ok(Self {
            tokens: rest
                .split('/')
                .map(|token| token.replace("~1", "/").replace("~0", "~"))
                .collect(),
        })
    }

    /// This pointer, one map key deeper.
    #[must_use]
    pub fn child(&self, key: &str) -> Self {
        let mut tokens = self.tokens.clone();
        tokens.push(key.to_owned());
        Self { tokens }
    }

    /// This pointer, one list index deeper.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.child(&index.to_string())
    }

    /// The reference tokens from the root, unescaped.
    #[must_use]
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// The tokens of the parent, and the last token; nothing for the root.
    #[must_use]
    pub fn split_last(&self) -> Option<(&[String], &str)> {
        self.tokens
            .split_last()
            .map(|(last, parents)| (parents, last.as_str()))
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &self.tokens {
            write!(out, "/{}", token.replace('~', "~0").replace('/', "~1"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_are_undone_once_and_in_order() {
        let pointer = Pointer::parse("/a~1b/~01/").unwrap();
        assert_eq!(pointer.tokens(), ["a/b", "~1", ""]);
    }

    #[test]
    fn a_path_without_its_leading_slash_is_no_pointer() {
        assert_eq!(Pointer::parse("spec/replicas").unwrap_err().text, "spec/replicas");
    }

    proptest! {
        #[test]
        fn reading_what_was_printed_gives_the_same_pointer(tokens: Vec<String>) {
            let pointer = tokens.iter().fold(Pointer::root(), |pointer, token| pointer.child(token));
            prop_assert_eq!(Pointer::parse(&pointer.to_string()), Ok(pointer));
        }
    }
}
