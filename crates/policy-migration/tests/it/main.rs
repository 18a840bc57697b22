//! The crate through its public face: what is written says what was given.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "in a test a panic is the failure, and texts are written where they are used"
)]

mod judged;
mod patterns;
mod images;
