//! Whether an expression may look at one place of the root document, whatever the document is.
//!
//! In: a syntax tree and a path of field names from the root. Out: `false` only where no evaluation can see the value at
//! that path, so that a reader may leave it out of the document. Where the tree does not tell, the answer is `true`.

use crate::syntax::Ast;

/// What a part of an expression may yield.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// Maybe the value so many steps down the path: it still holds the place.
    Towards(usize),
    /// Nothing that holds the place.
    Aside,
}

/// Whether evaluating `tree` on a document may look at the value that stands at `path` in it.
pub(crate) fn may_look_at(tree: &Ast, path: &[&str]) -> bool {
    let mut walk = Walk { path, seen: false };
    walk.consume(tree, Position::Towards(0));
    walk.seen
}

struct Walk<'p> {
    path: &'p [&'p str],
    seen: bool,
}

impl Walk<'_> {
    /// `node`'s value goes somewhere as a whole: seen, if it may hold the place.
    fn consume(&mut self, node: &Ast, input: Position) {
        if self.follow(node, input) != Position::Aside {
            self.seen = true;
        }
    }

    /// What `node` may yield on an `input` of that position.
    fn follow(&mut self, node: &Ast, input: Position) -> Position {
        match node {
            Ast::Field(name) => self.step(name, input),
            Ast::Current | Ast::Identity => input,
            Ast::Subexpression(left, right) | Ast::Pipe(left, right) | Ast::IndexExpression(left, right) => {
                let left = self.follow(left, input);
                self.follow(right, left)
            }
            Ast::Or(left, right) | Ast::And(left, right) => {
                match (self.follow(left, input), self.follow(right, input)) {
                    (one, other) if one == other => one,
                    (one, Position::Aside) => one,
                    (Position::Aside, other) => other,
                    (Position::Towards(_), Position::Towards(_)) => {
                        self.seen = true;
                        Position::Aside
                    }
                }
            }
            Ast::Projection(left, right) | Ast::ValueProjection(left, right) => {
                self.consume(left, input);
                self.consume(right, Position::Aside);
                Position::Aside
            }
            Ast::FilterProjection {
                left,
                right,
                condition,
            } => {
                self.consume(left, input);
                self.consume(right, Position::Aside);
                self.consume(condition, Position::Aside);
                Position::Aside
            }
            // It is applied to elements of another argument, and that argument was consumed.
            Ast::Reference(inner) => {
                self.consume(inner, Position::Aside);
                Position::Aside
            }
            Ast::Empty
            | Ast::Index(_)
            | Ast::Literal(_)
            | Ast::Slice(_)
            | Ast::Comparison(..)
            | Ast::Function(..)
            | Ast::Flatten(_)
            | Ast::MultiSelectHash(_)
            | Ast::MultiSelectList(_)
            | Ast::Not(_) => {
                for child in node.children() {
                    self.consume(child, input);
                }
                Position::Aside
            }
        }
    }

    fn step(&mut self, name: &str, input: Position) -> Position {
        let Position::Towards(at) = input else {
            return Position::Aside;
        };
        if self.path.get(at).is_none_or(|step| *step != name) {
            return Position::Aside;
        }
        let next = at.saturating_add(1);
        if next >= self.path.len() {
            self.seen = true;
            return Position::Aside;
        }
        Position::Towards(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;

    fn sees(text: &str) -> bool {
        may_look_at(
            &parse(text).unwrap(),
            &["request", "object", "metadata", "managed"],
        )
    }

    #[test]
    fn a_path_that_leaves_aside_the_place_does_not_look_at_it() {
        for text in [
            "request.object.spec.containers[].image",
            "request.object.metadata.labels.app || 'none'",
            "request.object.metadata.name == request.object.metadata.generateName",
            "length(request.object.spec.volumes[?name == 'x'])",
            "(request.object.spec || request.oldObject.spec).containers[*].name | [0]",
            "other.metadata.managed",
            "request.operation",
        ] {
            assert!(!sees(text), "{text}");
        }
    }

    #[test]
    fn whoever_takes_a_whole_above_the_place_may_look_at_it() {
        for text in [
            "request.object.metadata.managed",
            "request.object.metadata",
            "request.object | metadata.managed",
            "request.*",
            "*",
            "@",
            "keys(@)",
            "to_string(request.object)",
            "{a: request.object}",
            "[request.object.metadata]",
            "request.object == request.oldObject",
            "request.object.metadata.*",
            "(request || request.object).metadata",
            "request.object.metadata[?@]",
            "\"request\".\"object\".\"metadata\".\"\\u006danaged\"",
        ] {
            assert!(sees(text), "{text}");
        }
    }
}
