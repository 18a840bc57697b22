//! Kyverno's `gzip.compress` and `gzip.decompress`.
//!
//! What is decompressed is bounded; Kyverno bounds nothing. Source: Kyverno 1.19 `sdk/extensions/cel/libs/gzip`.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::arguments::{bytes, string};
use crate::declaration::{Declared, walking};
use crate::error::{EvalError, Limit};
use crate::limits::MAX_DECOMPRESSED_BYTES;

/// What compressing one byte takes beyond its cost: twenty times what looking at it does
const COMPRESSED_BYTE_SURCHARGE: u64 = 2;

pub(crate) const FUNCTIONS: &[Declared] = &[
    walking("gzip.compress", "(dyn) -> bytes", |context, a| {
        let text = string(a, 0)?;
        context.surcharge((text.len() as u64).saturating_mul(COMPRESSED_BYTE_SURCHARGE))?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let written = encoder.write_all(text.as_bytes());
        let octets = written
            .and_then(|()| encoder.finish())
            .map_err(|error| EvalError::failed(error.to_string()))?;
        context.bytes(octets)
    }),
    walking("gzip.decompress", "(bytes) -> string", |context, a| {
        let most = u64::try_from(MAX_DECOMPRESSED_BYTES).unwrap_or(u64::MAX);
        let mut decoder = MultiGzDecoder::new(&**bytes(a, 0)?).take(most.saturating_add(1));
        let mut octets = Vec::new();
        decoder
            .read_to_end(&mut octets)
            .map_err(|error| EvalError::failed(format!("gzip: {error}")))?;
        if octets.len() > MAX_DECOMPRESSED_BYTES {
            return Err(EvalError::limit(Limit::Memory));
        }
        context.spend((octets.len() as u64).div_ceil(10))?;
        context.string(String::from_utf8_lossy(&octets).into_owned())
    }),
];
