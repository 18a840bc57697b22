//! Where the values of one document stand, asked for by field path.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::index::{self, Spot};
use crate::place::{FieldPath, Place};

/// The places of a document's values. Cheap to clone; the index is made at the first question.
#[derive(Debug, Clone)]
pub struct Places {
    text: Arc<DocumentText>,
    /// The path of this document's root in the text: `items[3]` of a List.
    prefix: FieldPath,
}

#[derive(Debug)]
struct DocumentText {
    text: Box<str>,
    /// Line of the file at which the text starts.
    first_line: u32,
    /// Which document of the text, from 0.
    ordinal: usize,
    spots: OnceLock<HashMap<String, Spot>>,
}

impl Places {
    pub(crate) fn new(text: &str, first_line: u32, ordinal: usize) -> Self {
        let text = DocumentText {
            text: text.into(),
            first_line,
            ordinal,
            spots: OnceLock::new(),
        };
        Self {
            text: Arc::new(text),
            prefix: FieldPath::root(),
        }
    }

    /// The places of the value at `path`, as a document of its own.
    #[must_use]
    pub fn under(&self, path: &FieldPath) -> Self {
        Self {
            text: Arc::clone(&self.text),
            prefix: self.prefix.join(path),
        }
    }

    /// Where the value at `path` starts, or the nearest value around it that stands in the text.
    #[must_use]
    pub fn of(&self, path: &FieldPath) -> Place {
        self.nearest(path)
            .map_or(self.start(), |spot| self.in_file(spot.value))
    }

    /// Where the key at the end of `path` starts, or the nearest value around it that stands in the text.
    #[must_use]
    pub fn of_key(&self, path: &FieldPath) -> Place {
        self.nearest(path)
            .map_or(self.start(), |spot| self.in_file(spot.key))
    }

    /// The document's text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text.text
    }

    fn nearest(&self, path: &FieldPath) -> Option<Spot> {
        let spots = self
            .text
            .spots
            .get_or_init(|| index::spots(&self.text.text, self.text.ordinal));
        let mut path = Some(self.prefix.join(path));
        while let Some(here) = path {
            if let Some(spot) = spots.get(&here.to_string()) {
                return Some(*spot);
            }
            path = here.parent();
        }
        None
    }

    fn start(&self) -> Place {
        Place {
            line: self.text.first_line,
            column: 1,
        }
    }

    fn in_file(&self, place: Place) -> Place {
        Place {
            line: place.line.saturating_add(self.text.first_line.saturating_sub(1)),
            ..place
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(steps: &[&str]) -> FieldPath {
        steps
            .iter()
            .fold(FieldPath::root(), |path, step| match step.parse() {
                Ok(index) => path.index(index),
                Err(_) => path.key(step),
            })
    }

    #[test]
    fn a_value_is_found_at_its_line_and_column() {
        let places = Places::new(
            "---\nspec:\n  rules:\n  - name: a\n    n: {deep: [1, 2]}\n",
            10,
            0,
        );
        assert_eq!(
            places.of(&path(&["spec", "rules", "0", "name"])),
            Place { line: 13, column: 11 }
        );
        assert_eq!(
            places.of_key(&path(&["spec", "rules", "0", "name"])),
            Place { line: 13, column: 5 }
        );
        assert_eq!(
            places
                .of_key(&path(&["spec", "rules", "0", "false", "deep"]))
                .line,
            14
        );
        assert_eq!(
            places.of(&path(&["spec", "rules", "0", "false", "deep", "1"])),
            Place { line: 14, column: 19 }
        );
    }

    #[test]
    fn a_value_that_does_not_stand_in_the_text_is_told_of_what_encloses_it() {
        let places = Places::new("a:\n  b: &x {c: 1}\nd: *x\n", 1, 0);
        assert_eq!(places.of(&path(&["a", "missing", "deeper"])).line, 2);
        assert_eq!(places.of(&path(&["d", "c"])), Place { line: 3, column: 4 });
    }

    #[test]
    fn complex_keys_and_broken_text_do_not_disturb_the_index() {
        let places = Places::new("? [a, {b: c}]\n: 1\nk: 2\nz: {\n", 1, 0);
        assert_eq!(places.of(&path(&["k"])), Place { line: 3, column: 4 });
    }

    #[test]
    fn each_of_several_documents_in_one_text_has_its_own_places() {
        let text = "{\"a\": 1}\n...\nb:\n  a: 2\n";
        assert_eq!(
            Places::new(text, 1, 1).of(&path(&["b", "a"])),
            Place { line: 4, column: 6 }
        );
        assert_eq!(
            Places::new(text, 1, 0).of(&path(&["a"])),
            Place { line: 1, column: 7 }
        );
    }
}
