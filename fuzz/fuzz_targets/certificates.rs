//! Certificates, any bytes and genuine ones changed: nobody's.
#![no_main]
#![allow(dead_code, reason = "one target uses one oracle")]

#[path = "../oracles/mod.rs"]
mod oracles;

libfuzzer_sys::fuzz_target!(
    |bytes: &[u8]| oracles::certificates::no_bytes_and_no_mutation_are_a_certificate(bytes)
);
