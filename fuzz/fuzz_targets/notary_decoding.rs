//! Bytes as Notary envelopes, revocation lists and OCSP responses: decoded or refused, never believed.
#![no_main]
#![allow(dead_code, reason = "one target uses one oracle")]

#[path = "../oracles/mod.rs"]
mod oracles;

libfuzzer_sys::fuzz_target!(
    |bytes: &[u8]| oracles::notary::no_bytes_are_a_notary_signature_or_an_answer(bytes)
);
