//! Metadata of The Update Framework, changed: no trusted root, or the genuine one.
#![no_main]
#![allow(dead_code, reason = "one target uses one oracle")]

#[path = "../oracles/mod.rs"]
mod oracles;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oracles::tuf::no_mutation_of_tuf_metadata_is_trusted(bytes));
