//! The YAML reader against serde_json, wherever a text is JSON.
#![no_main]
#![allow(dead_code, reason = "one target uses one oracle")]

#[path = "../oracles/mod.rs"]
mod oracles;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oracles::documents::json_means_what_json_says(bytes));
