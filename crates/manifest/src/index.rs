//! The places of all values of a document, by field path.
//!
//! In: the text of a document. Out: where each key and each value starts. Made only when a fault needs a place:
//! the text is read a second time then, which costs nothing while all is well.

use std::cell::RefCell;
use std::collections::HashMap;

use saphyr_parser::Event;

use crate::compose::{Events, resolved};
use crate::place::{FieldPath, Place, Segment};
use crate::repair::read_forgiving;

/// Where one value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Where its key starts; the value itself for elements of a sequence and for the document.
    pub(crate) key: Place,
    /// Where the value starts.
    pub(crate) value: Place,
}

/// The spots of document `ordinal` (from 0) of `text`, by printed field path.
///
/// As much as can be read: a fault in the text ends the index, it does not empty it.
pub(crate) fn spots(text: &str, ordinal: usize) -> HashMap<String, Spot> {
    let partial = RefCell::new(HashMap::new());
    let whole = read_forgiving(text, |text| {
        let mut indexer = Indexer {
            ordinal,
            ..Indexer::default()
        };
        let mut events = Events::new(text);
        let ended = loop {
            match events.next() {
                Ok(Some((event, place))) if indexer.seen <= ordinal => indexer.take(&event, place),
                Ok(_) => break Ok(()),
                Err(fault) => break Err(fault),
            }
        };
        partial.replace(indexer.spots);
        ended
    });
    // A fault ends the index where it stands.
    whole.unwrap_or_default();
    partial.into_inner()
}

#[derive(Debug)]
enum Open {
    Mapping {
        key: Option<(String, Place)>,
    },
    Sequence {
        next: usize,
    },
    /// A mapping or sequence used as a key: it has no path.
    Key,
}

#[derive(Debug, Default)]
struct Indexer {
    ordinal: usize,
    /// Documents with content that ended before.
    seen: usize,
    path: FieldPath,
    open: Vec<Open>,
    spots: HashMap<String, Spot>,
}

impl Indexer {
    fn take(&mut self, event: &Event<'_>, place: Place) {
        match event {
            Event::Scalar(text, style, _, tag) => {
                if let Some(Open::Mapping { key: key @ None }) = self.open.last_mut() {
                    let name = resolved(text, *style, tag.as_deref()).ok().flatten();
                    let name = name
                        .and_then(|scalar| scalar.into_key().ok())
                        .unwrap_or_else(|| text.to_string());
                    *key = Some((name, place));
                } else {
                    let is_null = matches!(
                        resolved(text, *style, tag.as_deref()),
                        Ok(Some(crate::scalar::Scalar::Null))
                    );
                    self.enter(place);
                    self.leave(is_null);
                }
            }
            Event::Alias(_) => {
                if let Some(Open::Mapping { key: key @ None }) = self.open.last_mut() {
                    *key = Some((String::new(), place));
                } else {
                    self.enter(place);
                    self.leave(false);
                }
            }
            Event::MappingStart(..) => {
                self.enter(place);
                self.open.push(Open::Mapping { key: None });
            }
            Event::SequenceStart(..) => {
                self.enter(place);
                self.open.push(Open::Sequence { next: 0 });
            }
            Event::MappingEnd | Event::SequenceEnd => {
                self.open.pop();
                self.leave(false);
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
    }

    /// Notes the place of a value that starts.
    fn enter(&mut self, value: Place) {
        let key = match self.open.last_mut() {
            None => value,
            Some(Open::Sequence { next }) => {
                self.path.push(Segment::Index(*next));
                *next = next.saturating_add(1);
                value
            }
            Some(Open::Mapping {
                key: Some((name, place)),
            }) => {
                self.path.push(Segment::Key(std::mem::take(name)));
                *place
            }
            Some(Open::Mapping { key: None } | Open::Key) => {
                self.open.push(Open::Key);
                return;
            }
        };
        if self.seen == self.ordinal {
            self.spots
                .entry(self.path.to_string())
                .or_insert(Spot { key, value });
        }
    }

    /// Ends a value.
    fn leave(&mut self, is_null: bool) {
        match self.open.last_mut() {
            None => {
                if is_null {
                    self.spots.clear();
                } else {
                    self.seen = self.seen.saturating_add(1);
                }
            }
            Some(Open::Sequence { .. }) => self.path.pop(),
            Some(Open::Mapping { key }) => {
                *key = None;
                self.path.pop();
            }
            Some(Open::Key) => {
                self.open.pop();
                if let Some(Open::Mapping { key: key @ None }) = self.open.last_mut() {
                    *key = Some((String::new(), Place::START));
                }
            }
        }
    }
}
