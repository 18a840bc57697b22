//! Genuine Notary envelopes and answers about their certificates, changed: refused, or what was signed.
#![no_main]
#![allow(dead_code, reason = "one target uses one oracle")]

#[path = "../oracles/mod.rs"]
mod oracles;

libfuzzer_sys::fuzz_target!(
    |bytes: &[u8]| oracles::notary::no_mutation_of_a_notary_signature_verifies(bytes)
);
