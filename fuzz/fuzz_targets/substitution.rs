//! Variables in policies and in objects: substitution ends, twice the same.
#![no_main]
#![allow(dead_code, reason = "one target uses one oracle")]

#[path = "../oracles/mod.rs"]
mod oracles;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oracles::substitution::substitution_ends_and_is_repeatable(bytes));
