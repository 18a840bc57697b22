//! Text to values, by the fastest way that reads it as Kubernetes does.

use std::sync::Arc;

use serde_json::Value;

use crate::block;
use crate::compose;
use crate::error::{ManifestError, ManifestFault};
use crate::json;
use crate::json_objects;
use crate::limits::{MAX_FAULTS, MAX_TEXT_BYTES};
use crate::list::unpack_list;
use crate::split;

/// Reads the one document of `text`, without places. A text with nothing in it reads as null.
///
/// # Errors
/// The first fault found, with its place; [`ManifestFault::SecondDocument`] if there is more than one document.
pub fn read_value(text: &str) -> Result<Value, ManifestError> {
    let mut documents = read_values(text, "").map_err(|faults| {
        let unknown = || ManifestFault::Syntax {
            language: "YAML",
            detail: "unknown fault".to_owned(),
        };
        faults
            .into_iter()
            .next()
            .unwrap_or_else(|| unknown().of_file(&Arc::from("")))
    })?;
    let first = documents.pop().unwrap_or(Value::Null);
    if documents.is_empty() {
        Ok(first)
    } else {
        Err(ManifestFault::SecondDocument.of_file(&Arc::from("")))
    }
}

/// Reads the one document of `text` as YAML even where it looks like JSON: for input that is said to be YAML, so that an
/// escape that YAML has not (a surrogate, `\\ud83d`) is refused as Kubernetes' reader of YAML refuses it.
///
/// # Errors
/// As [`read_value`].
pub fn read_yaml_value(text: &str) -> Result<Value, ManifestError> {
    let source_name: Arc<str> = Arc::from("");
    check_length(text.len(), &source_name)?;
    let mut documents = compose::compose(text).map_err(|fault| fault.in_file(&source_name, 1))?;
    let first = documents.pop().unwrap_or(Value::Null);
    if documents.is_empty() {
        Ok(first)
    } else {
        Err(ManifestFault::SecondDocument.of_file(&source_name))
    }
}

/// Reads every document of `text`, without places, on the calling thread. Empty documents are left out.
///
/// # Errors
/// At least one fault: the first of each document that has any, in order, at most [`MAX_FAULTS`].
pub fn read_values(text: &str, source_name: &str) -> Result<Vec<Value>, Vec<ManifestError>> {
    let source_name: Arc<str> = Arc::from(source_name);
    check_length(text.len(), &source_name).map_err(|fault| vec![fault])?;
    let mut values = Vec::new();
    let mut faults = Vec::new();
    for piece in split::pieces(text) {
        match piece_values(piece.text) {
            Ok(more) => values.extend(more),
            Err(fault) => faults.push(fault.in_file(&source_name, piece.first_line)),
        }
        if faults.len() >= MAX_FAULTS {
            break;
        }
    }
    if faults.is_empty() {
        Ok(values)
    } else {
        Err(faults)
    }
}

/// The documents of one piece of a file.
pub(crate) fn piece_values(text: &str) -> Result<Vec<Value>, ManifestError> {
    let body = text.strip_prefix("---").unwrap_or(text);
    if json::looks_like_json(body) {
        // A flow mapping of YAML starts as JSON does; what is no JSON may still be YAML.
        match json::parse(body) {
            Ok(values) => return Ok(values),
            Err(fault) if matches!(fault.fault, ManifestFault::DuplicateKey { .. }) => return Err(fault),
            Err(json_fault) => return compose::compose(text).map_err(|yaml| nearer(json_fault, yaml)),
        }
    }
    match block::read(text) {
        Some(value) => Ok(vec![value]),
        None => compose::compose(text),
    }
}

/// What `hold` makes of the objects of one piece, each given with the line of the piece at which its document starts.
pub(crate) fn piece_objects<T>(text: &str, hold: &impl Fn(Value, u32) -> T) -> Result<Vec<T>, ManifestError> {
    let body = text.strip_prefix("---").unwrap_or(text);
    if json::looks_like_json(body)
        && let Ok(held) = json_objects::each(body, hold)
    {
        return Ok(held);
    }
    let line = first_line_with_content(text);
    let objects = piece_values(text)?.into_iter().flat_map(unpack_list);
    Ok(objects.map(|object| hold(object, line)).collect())
}

/// The line, counted from 1, at which a piece says something.
fn first_line_with_content(piece: &str) -> u32 {
    let says_nothing = |line: &&str| {
        let line = line.trim_start();
        line.is_empty() || line.starts_with('#') || line.trim_end() == "---"
    };
    let before = piece.lines().take_while(says_nothing).count();
    u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
}

/// Of a text that is neither JSON nor YAML, the fault of the language that could read on longer.
fn nearer(json: ManifestError, yaml: ManifestError) -> ManifestError {
    if json.place > yaml.place { json } else { yaml }
}

/// The text of a file.
pub(crate) fn text_of<'a>(bytes: &'a [u8], source_name: &Arc<str>) -> Result<&'a str, ManifestError> {
    check_length(bytes.len(), source_name)?;
    std::str::from_utf8(bytes).map_err(|error| {
        ManifestFault::NotUtf8 {
            offset: error.valid_up_to(),
        }
        .of_file(source_name)
    })
}

pub(crate) fn check_length(bytes: usize, source_name: &Arc<str>) -> Result<(), ManifestError> {
    if bytes > MAX_TEXT_BYTES {
        return Err(ManifestFault::TooLong {
            bytes,
            limit: MAX_TEXT_BYTES,
        }
        .of_file(source_name));
    }
    Ok(())
}
