//! Bytes as evidence of every layout: decoded or refused, never believed.
#![no_main]
#![allow(dead_code, reason = "one target uses one oracle")]

#[path = "../oracles/mod.rs"]
mod oracles;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oracles::evidence::no_bytes_are_evidence(bytes));
