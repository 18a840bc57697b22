//! A mirror of our own, its keys, and whoever stands between us and it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "in a test a panic is the failure"
)]

mod tuf;
mod shelf;
mod attacks;
mod refresh;
