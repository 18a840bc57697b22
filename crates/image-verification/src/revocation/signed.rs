//! What lists and responses have in common: a sequence of what is signed, an algorithm and a signature, and a time.

use der::asn1::AnyRef;
use der::{Encode as _, Reader as _, SliceReader};
use jiff::Timestamp;

use super::Moment;

/// The first element of a signed structure, in the very bytes that were signed.
pub(super) fn to_be_signed(der: &[u8]) -> Option<Vec<u8>> {
    let mut reader = SliceReader::new(der).ok()?;
    let first = reader.sequence(|signed| {
        let first = signed.decode::<AnyRef<'_>>()?;
        while !signed.is_finished() {
            signed.decode::<AnyRef<'_>>()?;
        }
        first.to_der()
    });
    first.ok()
}

/// A time of DER, in whole seconds.
pub(super) fn timestamp(since_epoch: std::time::Duration) -> Option<Timestamp> {
    Timestamp::from_second(i64::try_from(since_epoch.as_secs()).ok()?).ok()
}

/// Seconds that an answer may lie ahead of us: a responder that signs as it is asked may have the faster clock.
const MOST_AHEAD_SECONDS: i64 = 300;

/// Whether an answer of `this_update` is one of now. Without `next_update` it can't be told how old it may become.
pub(super) fn is_of_now(
    this_update: Option<Timestamp>,
    next_update: Option<Timestamp>,
    moment: Moment,
) -> Result<(), String> {
    let next_update = next_update.ok_or("the answer does not say until when it holds")?;
    let this_update = this_update.ok_or("the answer's time can't be read")?;
    if moment.at.as_second().saturating_add(MOST_AHEAD_SECONDS) < this_update.as_second() {
        return Err(format!("the answer is of the future, {this_update}"));
    }
    if moment.at > next_update {
        return Err(format!("the answer is out of date since {next_update}"));
    }
    Ok(())
}
