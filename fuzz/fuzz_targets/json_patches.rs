//! JSON patches, differences and strategic merges: read, printed, applied.
#![no_main]
#![allow(dead_code, reason = "one target uses one oracle")]

#[path = "../oracles/mod.rs"]
mod oracles;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oracles::patches::patches_lead_where_they_say(bytes));
