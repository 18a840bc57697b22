//! Encodings and hashes: base64, JSON, YAML, SHA-1, SHA-256, MD5.

use crate::call::{Call, Function, Outcome};
use crate::error::{ArgumentType as T, ValueFault};
use crate::go_json;
use crate::term::Term;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

const ONE: &[&[T]] = &[&[T::String]];
/// Bytes of memory that a value may take for each byte of its text: `[0,0]` becomes two values.
const VALUE_PER_TEXT_BYTE: usize = 8;

/// An entry of the table.
const fn entry(
    name: &'static str,
    returns: T,
    note: &'static str,
    run: for<'c, 'a> fn(&Call<'c, 'a>) -> Outcome<'a>,
) -> Function {
    Function {
        name,
        arguments: ONE,
        variadic: false,
        returns,
        note,
        run,
    }
}

pub(super) static FUNCTIONS: &[Function] = &[
    entry("base64_decode", T::String, "decodes base64", base64_decode),
    entry("base64_encode", T::String, "encodes in base64", base64_encode),
    entry("md5", T::String, "the MD5 hash, in hexadecimal", hash::<Md5>),
    entry(
        "parse_json",
        T::Any,
        "the value that a JSON text stands for",
        parse_json,
    ),
    entry(
        "parse_yaml",
        T::Any,
        "the value that a YAML text stands for, if JSON can hold it",
        parse_yaml,
    ),
    entry("sha1", T::String, "the SHA-1 hash, in hexadecimal", hash::<Sha1>),
    entry(
        "sha256",
        T::String,
        "the SHA-256 hash, in hexadecimal",
        hash::<Sha256>,
    ),
];

fn hash<'a, D: Digest>(call: &Call<'_, 'a>) -> Outcome<'a> {
    call.made_text(hex::encode(D::digest(call.text(0)?.as_bytes())))
}

fn base64_encode<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    call.made_text(STANDARD.encode(call.text(0)?))
}

/// Each byte that is no UTF-8 becomes U+FFFD, as it would in JSON.
fn base64_decode<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let bytes = decode(call.text(0)?.as_bytes()).map_err(ValueFault::Base64)?;
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    call.made_text(text)
}

/// Padded base64, line breaks ignored; the error is the offset Go reports.
pub(super) fn decode(text: &[u8]) -> Result<Vec<u8>, usize> {
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let mut rest = text
        .iter()
        .enumerate()
        .filter(|(_, byte)| !is_break(byte))
        .peekable();
    let mut bytes = Vec::with_capacity(text.len());
    loop {
        let (mut bits, mut count) = (0u32, 0u32);
        while count < 4 {
            let Some((at, byte)) = rest.next() else {
                // the offset of the first character of the unfinished group
                let started = text.len().saturating_sub(usize::try_from(count).unwrap_or(0));
                return if count == 0 { Ok(bytes) } else { Err(started) };
            };
            let Some(value) = value_of(*byte) else {
                if *byte != b'=' || count < 2 {
                    return Err(at);
                }
                if count == 2 {
                    let (second, byte) = rest.next().ok_or(text.len())?;
                    if *byte != b'=' {
                        return Err(second.saturating_sub(1));
                    }
                }
                if let Some((trailing, _)) = rest.next() {
                    return Err(trailing);
                }
                let group = bits
                    .wrapping_shl(6u32.wrapping_mul(4u32.wrapping_sub(count)))
                    .to_be_bytes();
                let length = usize::try_from(count).unwrap_or(0);
                bytes.extend(group.iter().skip(1).take(length.saturating_sub(1)));
                return Ok(bytes);
            };
            bits = bits.wrapping_shl(6) | value;
            count = count.saturating_add(1);
        }
        bytes.extend(bits.to_be_bytes().iter().skip(1));
    }
}

fn value_of(byte: u8) -> Option<u32> {
    let from = |first: u8, offset: u32| u32::from(byte.wrapping_sub(first)).wrapping_add(offset);
    match byte {
        b'A'..=b'Z' => Some(from(b'A', 0)),
        b'a'..=b'z' => Some(from(b'a', 26)),
        b'0'..=b'9' => Some(from(b'0', 52)),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

fn parse_json<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let text = call.text(0)?;
    call.budget
        .bytes(text.len().saturating_mul(VALUE_PER_TEXT_BYTE))?;
    Ok(Term::from_owned(go_json::read(text).map_err(ValueFault::Json)?))
}

fn parse_yaml<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let text = call.text(0)?;
    call.budget
        .bytes(text.len().saturating_mul(VALUE_PER_TEXT_BYTE))?;
    let value =
        manifest::read_value(text).map_err(|error| ValueFault::Yaml(format!("yaml: {error}").into()))?;
    Ok(Term::from_owned(value))
}
