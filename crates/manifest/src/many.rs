//! A file of very many documents, read by several cores.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use serde_json::Value;

use crate::error::ManifestError;
use crate::limits::MAX_FAULTS;
use crate::reader::{piece_objects, text_of};
use crate::split::{self, Piece};

/// Text below this many bytes is read by the calling thread: starting another costs more than it saves.
const MIN_BYTES_PER_THREAD: usize = 64 * 1024;

/// Reads every object of a file, items of lists one by one, on as many threads as the machine offers. Order is kept.
///
/// `hold` is given each object as soon as it is read, with the line at which its document starts (counted from 1): what it
/// makes of it is all that is kept, so that a large file need not stand in memory as values. Only a list written as YAML
/// is read whole before its items are given on.
///
/// # Errors
/// As [`crate::read_values`].
pub fn read_objects<T: Send>(
    bytes: &[u8],
    source_name: &str,
    hold: impl Fn(Value, u32) -> T + Sync,
) -> Result<Vec<T>, Vec<ManifestError>> {
    let source: Arc<str> = Arc::from(source_name);
    let text = text_of(bytes, &source).map_err(|fault| vec![fault])?;
    let pieces = split::pieces(text);
    let threads = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(text.len() / MIN_BYTES_PER_THREAD);
    let Readings { held, mut faults } = if threads < 2 {
        read_pieces(&pieces, &source, &hold)
    } else {
        spread(&pieces, threads, &source, &hold)
    };
    faults.truncate(MAX_FAULTS);
    if faults.is_empty() { Ok(held) } else { Err(faults) }
}

struct Readings<T> {
    held: Vec<T>,
    faults: Vec<ManifestError>,
}

/// Gives each thread a run of pieces of about the same length in bytes.
fn spread<T: Send>(
    pieces: &[Piece<'_>],
    threads: usize,
    source: &Arc<str>,
    hold: &(impl Fn(Value, u32) -> T + Sync),
) -> Readings<T> {
    let total = pieces
        .iter()
        .map(|piece| piece.text.len())
        .fold(0_usize, usize::saturating_add);
    let share = total.checked_div(threads).unwrap_or(total).max(1);
    thread::scope(|scope| {
        let readers: Vec<_> = runs(pieces, share)
            .into_iter()
            .map(|run| (run, scope.spawn(move || read_pieces(run, source, hold))))
            .collect();
        let mut all = Readings {
            held: Vec::new(),
            faults: Vec::new(),
        };
        for (run, reader) in readers {
            // A thread that could not finish is no reason to lose its documents: they are read here instead.
            let readings = reader.join().unwrap_or_else(|_| read_pieces(run, source, hold));
            all.held.extend(readings.held);
            all.faults.extend(readings.faults);
        }
        all
    })
}

fn runs<'p, 't>(mut pieces: &'p [Piece<'t>], share_bytes: usize) -> Vec<&'p [Piece<'t>]> {
    let mut runs = Vec::new();
    while !pieces.is_empty() {
        let mut bytes: usize = 0;
        let count = pieces
            .iter()
            .take_while(|piece| {
                let wanted = bytes < share_bytes;
                bytes = bytes.saturating_add(piece.text.len());
                wanted
            })
            .count();
        let (run, rest) = pieces.split_at(count.clamp(1, pieces.len()));
        runs.push(run);
        pieces = rest;
    }
    runs
}

fn read_pieces<T>(pieces: &[Piece<'_>], source: &Arc<str>, hold: &impl Fn(Value, u32) -> T) -> Readings<T> {
    let mut readings = Readings {
        held: Vec::new(),
        faults: Vec::new(),
    };
    for piece in pieces {
        let in_file = |object: Value, line: u32| {
            let before = piece.first_line.saturating_sub(1);
            hold(object, line.saturating_add(before))
        };
        match piece_objects(piece.text, &in_file) {
            Ok(held) => readings.held.extend(held),
            Err(fault) => readings.faults.push(fault.in_file(source, piece.first_line)),
        }
        if readings.faults.len() >= MAX_FAULTS {
            break;
        }
    }
    readings
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn many_documents_keep_their_order() {
        let text: String = (0..20_000)
            .map(|n| format!("---\nid: {n}\nfiller: some text\n"))
            .collect();
        let values = read_objects(text.as_bytes(), "pods.yaml", |value, _| value).unwrap();
        assert_eq!(values.len(), 20_000);
        assert!(
            values
                .iter()
                .enumerate()
                .all(|(n, value)| value["id"] == json!(n))
        );
    }

    #[test]
    fn a_fault_among_many_documents_is_told_with_its_line() {
        let text: String = (0..20_000)
            .map(|n| format!("---\nid: {n}\nx: {}\n", if n == 15_000 { "[" } else { "1" }))
            .collect();
        let faults = read_objects(text.as_bytes(), "pods.yaml", |value, _| value).unwrap_err();
        assert_eq!(faults.len(), 1);
        let line = faults[0].place.unwrap().line;
        assert!((45_001..=45_004).contains(&line), "{line}");
    }

    #[test]
    fn a_file_with_nothing_in_it_holds_no_document() {
        assert_eq!(read_objects(b"", "empty.yaml", |value, _| value), Ok(Vec::new()));
    }

    #[test]
    fn every_object_is_given_with_the_line_of_its_document() {
        let list =
            "{\"items\": [{\"a\": 1}, {\"kind\": \"Job\"}],\n\"kind\": \"PodList\", \"apiVersion\": \"v1\"}";
        let text = format!("# first\na: 1\n---\n\nb: 2\n--- \n{list}\n\n{{\"c\": 3}}\n");
        let read = read_objects(text.as_bytes(), "any", |value, line| (line, value)).unwrap();
        let expected = [
            (2, json!({"a": 1})),
            (5, json!({"b": 2})),
            (7, json!({"a": 1, "kind": "Pod", "apiVersion": "v1"})),
            (7, json!({"kind": "Job", "apiVersion": "v1"})),
            (10, json!({"c": 3})),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn what_only_looks_like_a_list_is_an_object() {
        for text in [
            r#"{"kind": "Shopping", "items": [{"name": "List"}]}"#,
            r#"{"kind": "WishList", "items": {"a": 1}}"#,
            r#"{"items": [1]}"#,
        ] {
            let read = read_objects(text.as_bytes(), "any", |value, _| value).unwrap();
            assert_eq!(read, [serde_json::from_str::<Value>(text).unwrap()]);
        }
    }

    #[test]
    fn a_key_written_twice_in_a_list_is_refused_wherever_it_stands() {
        for text in [
            "{\"kind\": \"List\",\n \"items\": [{\"a\": 1, \"a\": 2}]}",
            "{\"kind\": \"List\", \"items\": [],\n \"items\": []}",
            "{\"kind\": \"List\", \"items\": [],\n \"metadata\": {\"a\": 1, \"a\": 2}}",
        ] {
            let text = format!("{{\"x\": 1}}\n{text}");
            let faults = read_objects(text.as_bytes(), "any", |value, _| value).unwrap_err();
            assert_eq!(faults[0].place.unwrap().line, 3, "{text}");
        }
    }
}
