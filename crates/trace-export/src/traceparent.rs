//! The header by which a caller says which trace a request belongs to: W3C Trace Context, `traceparent`.
//!
//! Whoever can call may choose the trace and ask for a sample; nothing else hangs on it.

use crate::identifiers::{SpanId, TraceId};
use crate::limits::LONGEST_TRACEPARENT;

/// What the caller says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RemoteParent {
    /// The caller's trace.
    pub(crate) trace: TraceId,
    /// The caller's span.
    pub(crate) span: SpanId,
    /// Whether the caller records its own.
    pub(crate) is_sampled: bool,
}

/// Reads `00-<32 hex>-<16 hex>-<2 hex>`; none for anything that is not of this form, as the specification demands.
pub(crate) fn parse(text: &str) -> Option<RemoteParent> {
    if text.len() > LONGEST_TRACEPARENT {
        return None;
    }
    let mut parts = text.trim().split('-');
    let [version] = bytes::<1>(parts.next()?)?;
    let trace = TraceId(bytes(parts.next()?)?);
    let span = SpanId(bytes(parts.next()?)?);
    let [flags] = bytes::<1>(parts.next()?)?;
    // Version 00 ends here; a later one may go on; 255 is none.
    let is_whole = match version {
        0 => parts.next().is_none(),
        u8::MAX => false,
        _ => true,
    };
    let is_named = trace.0 != [0; 16] && span.0 != [0; 8];
    (is_whole && is_named).then_some(RemoteParent {
        trace,
        span,
        is_sampled: flags & 1 == 1,
    })
}

/// Exactly `N` bytes in lower-case hexadecimal digits.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    let mut bytes = [0; N];
    (is_lower && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn the_callers_trace_span_and_sampling_are_read() {
        let parent = parse(&format!("00-{TRACE}-00f067aa0ba902b7-01")).unwrap();
        assert_eq!(parent.trace.to_string(), TRACE);
        assert_eq!(parent.span.to_string(), "00f067aa0ba902b7");
        assert!(parent.is_sampled);
        assert!(
            !parse(&format!("00-{TRACE}-00f067aa0ba902b7-00"))
                .unwrap()
                .is_sampled
        );
        let later = format!("cc-{TRACE}-00f067aa0ba902b7-01-what-the-future-brings");
        assert!(parse(&later).is_some());
    }

    #[test]
    fn what_is_not_of_the_form_is_as_if_it_was_not_sent() {
        for text in [
            String::new(),
            "00".to_owned(),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{TRACE}é-00f067aa0ba902b7-01"),
            format!("cc-{TRACE}-00f067aa0ba902b7-01-{}", "x".repeat(200)),
        ] {
            assert_eq!(parse(&text), None, "{text}");
        }
    }
}
