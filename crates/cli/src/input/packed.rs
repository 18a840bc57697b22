//! A JSON value in few bytes, for the many objects that wait until they are judged.
//!
//! In: a [`Value`]. Out: the same value, exactly; a value costs some hundred bytes for each of its nodes, packed about as
//! much as its text. The bytes never leave the process.

use std::sync::Arc;

use serde_json::{Map, Number, Value};

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const UNSIGNED: u8 = 3;
const NEGATIVE: u8 = 4;
const FLOAT: u8 = 5;
const STRING: u8 = 6;
const ARRAY: u8 = 7;
const OBJECT: u8 = 8;

/// A packed value; cloning shares it.
#[derive(Debug, Clone)]
pub(crate) struct PackedValue(Arc<[u8]>);

impl PackedValue {
    /// Packs a value.
    pub(crate) fn of(value: &Value) -> Self {
        let mut bytes = Vec::with_capacity(1024);
        pack(value, &mut bytes);
        Self(bytes.into())
    }

    /// The value that was packed.
    pub(crate) fn unpack(&self) -> Value {
        let mut bytes = Bytes(&self.0);
        bytes.value().unwrap_or(Value::Null)
    }
}

fn pack(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Null => bytes.push(NULL),
        Value::Bool(false) => bytes.push(FALSE),
        Value::Bool(true) => bytes.push(TRUE),
        Value::Number(number) => pack_number(number, bytes),
        Value::String(text) => {
            bytes.push(STRING);
            pack_text(text, bytes);
        }
        Value::Array(items) => {
            bytes.push(ARRAY);
            pack_count(items.len(), bytes);
            items.iter().for_each(|item| pack(item, bytes));
        }
        Value::Object(fields) => {
            bytes.push(OBJECT);
            pack_count(fields.len(), bytes);
            for (key, inner) in fields {
                pack_text(key, bytes);
                pack(inner, bytes);
            }
        }
    }
}

fn pack_number(number: &Number, bytes: &mut Vec<u8>) {
    if let Some(unsigned) = number.as_u64() {
        bytes.push(UNSIGNED);
        bytes.extend(unsigned.to_le_bytes());
    } else if let Some(signed) = number.as_i64() {
        bytes.push(NEGATIVE);
        bytes.extend(signed.to_le_bytes());
    } else {
        bytes.push(FLOAT);
        bytes.extend(number.as_f64().unwrap_or_default().to_le_bytes());
    }
}

fn pack_text(text: &str, bytes: &mut Vec<u8>) {
    pack_count(text.len(), bytes);
    bytes.extend_from_slice(text.as_bytes());
}

/// Seven bits a byte, the lowest first, the eighth set where more follow.
fn pack_count(mut count: usize, bytes: &mut Vec<u8>) {
    loop {
        let low = u8::try_from(count & 0x7f).unwrap_or_default();
        count >>= 7;
        if count == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

/// What is still to be unpacked. `None` from any reading means bytes that [`pack`] never writes.
struct Bytes<'b>(&'b [u8]);

impl Bytes<'_> {
    /// As deep as the value that was packed, which its reader has bounded.
    fn value(&mut self) -> Option<Value> {
        let value = match self.byte()? {
            NULL => Value::Null,
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            UNSIGNED => u64::from_le_bytes(self.eight()?).into(),
            NEGATIVE => i64::from_le_bytes(self.eight()?).into(),
            FLOAT => Value::Number(Number::from_f64(f64::from_le_bytes(self.eight()?))?),
            STRING => Value::String(self.text()?),
            ARRAY => {
                let count = self.count()?;
                (0..count)
                    .map(|_| self.value())
                    .collect::<Option<Vec<Value>>>()?
                    .into()
            }
            OBJECT => {
                let count = self.count()?;
                let fields = (0..count).map(|_| Some((self.text()?, self.value()?)));
                Value::Object(fields.collect::<Option<Map<String, Value>>>()?)
            }
            _ => return None,
        };
        Some(value)
    }

    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn eight(&mut self) -> Option<[u8; 8]> {
        self.take(8)?.try_into().ok()
    }

    fn text(&mut self) -> Option<String> {
        let count = self.count()?;
        String::from_utf8(self.take(count)?.to_vec()).ok()
    }

    fn count(&mut self) -> Option<usize> {
        let mut count = 0_usize;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = self.byte()?;
            count |= usize::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(count);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_unpacked_is_what_was_packed() {
        let long = "é".repeat(20_000);
        let value = json!({
            "null": null, "no": false, "yes": true, "": [], "empty": {}, "long": long,
            "numbers": [0, 1, -1, u64::MAX, i64::MIN, 0.1, -0.0, 1e300, 3.0, f64::MIN_POSITIVE],
            "nested": [[{"a": [{"b": "ü"}]}], "x", ""],
        });
        let unpacked = PackedValue::of(&value).unpack();
        assert_eq!(unpacked, value);
        assert_eq!(unpacked.to_string(), value.to_string());
    }
}
