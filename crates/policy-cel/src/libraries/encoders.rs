//! `base64.encode` and `base64.decode`, which takes text with or without padding.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::arguments::{bytes, string};
use crate::declaration::{Declared, walking};
use crate::error::EvalError;

pub(crate) const FUNCTIONS: &[Declared] = &[
    walking("base64.decode", "(string) -> bytes", |context, a| {
        // Go's decoder skips line ends.
        let text: String = string(a, 0)?
            .chars()
            .filter(|character| !matches!(character, '\r' | '\n'))
            .collect();
        let octets = STANDARD.decode(&text).or_else(|_| STANDARD_NO_PAD.decode(&text));
        let octets = octets.map_err(|_| EvalError::failed("illegal base64 data"))?;
        context.bytes(octets)
    }),
    walking("base64.encode", "(bytes) -> string", |context, a| {
        context.string(STANDARD.encode(bytes(a, 0)?))
    }),
];
