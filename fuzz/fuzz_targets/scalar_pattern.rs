//! Scalar patterns against the plain recursion over their parts.
#![no_main]
#![allow(dead_code, reason = "one target uses one oracle")]

#[path = "../oracles/mod.rs"]
mod oracles;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oracles::patterns::alternatives_mean_their_parts(bytes));
