//! Manifests and indexes: one thing, always the same.
#![no_main]
#![allow(dead_code, reason = "one target uses one oracle")]

#[path = "../oracles/mod.rs"]
mod oracles;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oracles::manifests::a_document_is_one_thing(bytes));
