//! Image verification against a throw-away signer: what is genuine verifies, what is not never does.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::wildcard_enum_match_arm,
    reason = "in a test a panic is the failure"
)]

mod workshop;
mod genuine;
mod other_layouts;
mod mutation;
mod attacks;
mod notary;
mod notary_time;
mod notary_revocation;
mod bundle_file;
