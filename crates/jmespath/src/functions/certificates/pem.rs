//! The first block of a PEM text.

use crate::functions::encodings;

/// A block: its label and its bytes.
pub(super) struct Block {
    pub(super) label: String,
    pub(super) bytes: Vec<u8>,
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// The first block that is whole; what stands around it is ignored, headers in it too.
pub(super) fn first_block(text: &str) -> Option<Block> {
    let mut rest = text;
    loop {
        let begin = if rest.starts_with(BEGIN) {
            0
        } else {
            rest.find(&format!("\n{BEGIN}"))?.checked_add(1)?
        };
        let after = rest.get(begin..)?.strip_prefix(BEGIN)?;
        let (label, body) = after.split_once('\n').unwrap_or((after, ""));
        if let Some(block) = label
            .trim_end()
            .strip_suffix(DASHES)
            .and_then(|label| block(label, body))
        {
            return Some(block);
        }
        rest = body;
    }
}

fn block(label: &str, body: &str) -> Option<Block> {
    let (body, after) = body.split_once(END)?;
    after.strip_prefix(label)?.strip_prefix(DASHES)?;
    let is_header = |line: &&str| line.contains(':') || line.trim().is_empty();
    let lines = body.lines().skip_while(is_header);
    let encoded: String = lines
        .flat_map(str::chars)
        .filter(|c| !c.is_ascii_whitespace())
        .collect();
    let bytes = encodings::decode(encoded.as_bytes()).ok()?;
    Some(Block {
        label: label.to_owned(),
        bytes,
    })
}
