//! AdmissionReviews: refused, or read as they were sent.
#![no_main]
#![allow(dead_code, reason = "one target uses one oracle")]

#[path = "../oracles/mod.rs"]
mod oracles;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oracles::reviews::a_review_holds_what_was_sent(bytes));
