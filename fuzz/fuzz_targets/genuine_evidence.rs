//! Genuine evidence, changed: refused, or proof of what was signed and nothing else.
#![no_main]
#![allow(dead_code, reason = "one target uses one oracle")]

#[path = "../oracles/mod.rs"]
mod oracles;

libfuzzer_sys::fuzz_target!(
    |bytes: &[u8]| oracles::evidence::no_mutation_of_genuine_evidence_verifies(bytes)
);
