//! A file of very many documents, read by several cores.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use serde_json::Value;

use crate::error::ManifestError;
use crate::limits::MAX_FAULTS;
use crate::reader::{piece_values, text_of};
use crate::split::{self, Piece};

/// Text below this many bytes is read by the calling thread: starting another costs more than it saves.
const MIN_BYTES_PER_THREAD: usize = 64 * 1024;

/// Reads every document of a file without places, on as many threads as the machine offers. Order is kept.
///
/// # Errors
/// As [`crate::read_values`].
pub fn read_many(bytes: &[u8], source_name: &str) -> Result<Vec<Value>, Vec<ManifestError>> {
    let source: Arc<str> = Arc::from(source_name);
    let text = text_of(bytes, &source).map_err(|fault| vec![fault])?;
    let pieces = split::pieces(text);
    let threads = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(text.len() / MIN_BYTES_PER_THREAD);
    let (values, mut faults) = if threads < 2 {
        read_pieces(&pieces, &source)
    } else {
        spread(&pieces, threads, &source)
    };
    faults.truncate(MAX_FAULTS);
    if faults.is_empty() {
        Ok(values)
    } else {
        Err(faults)
    }
}

type Readings = (Vec<Value>, Vec<ManifestError>);

/// Gives each thread a run of pieces of about the same length in bytes.
fn spread(pieces: &[Piece<'_>], threads: usize, source: &Arc<str>) -> Readings {
    let total = pieces
        .iter()
        .map(|piece| piece.text.len())
        .fold(0_usize, usize::saturating_add);
    let share = total.checked_div(threads).unwrap_or(total).max(1);
    thread::scope(|scope| {
        let readers: Vec<_> = runs(pieces, share)
            .into_iter()
            .map(|run| (run, scope.spawn(move || read_pieces(run, source))))
            .collect();
        let mut all = Readings::default();
        for (run, reader) in readers {
            // A thread that could not finish is no reason to lose its documents: they are read here instead.
            let (values, faults) = reader.join().unwrap_or_else(|_| read_pieces(run, source));
            all.0.extend(values);
            all.1.extend(faults);
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

fn read_pieces(pieces: &[Piece<'_>], source: &Arc<str>) -> Readings {
    let mut readings = Readings::default();
    for piece in pieces {
        match piece_values(piece.text) {
            Ok(values) => readings.0.extend(values),
            Err(fault) => readings.1.push(fault.in_file(source, piece.first_line)),
        }
        if readings.1.len() >= MAX_FAULTS {
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
        let values = read_many(text.as_bytes(), "pods.yaml").unwrap();
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
        let faults = read_many(text.as_bytes(), "pods.yaml").unwrap_err();
        assert_eq!(faults.len(), 1);
        let line = faults[0].place.unwrap().line;
        assert!((45_001..=45_004).contains(&line), "{line}");
    }

    #[test]
    fn a_file_with_nothing_in_it_holds_no_document() {
        assert_eq!(read_many(b"", "empty.yaml"), Ok(Vec::new()));
    }
}
