//! Query strings and form bodies: `a=b&c=d` with percent escapes.

use std::collections::HashMap;

/// Splits and decodes; a broken escape stays as it is written.
pub(super) fn parse(text: &str) -> HashMap<String, String> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(k, v)| (decode(k), decode(v)))
        .collect()
}

fn decode(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => hex::decode([*high, *low])
                .ok()
                .and_then(|bytes| bytes.first().copied()),
            _ => None,
        };
        match escaped {
            Some(byte) => {
                decoded.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(if first == b'+' { b' ' } else { first });
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_and_broken_ones_kept() {
        let parsed = parse("scope=repository%3Aacme%3Apull&x=100%&flag");
        assert_eq!(parsed["scope"], "repository:acme:pull");
        assert_eq!(parsed["x"], "100%");
        assert_eq!(parsed["flag"], "");
    }
}
