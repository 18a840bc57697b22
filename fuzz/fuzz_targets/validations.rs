//! CEL: compiled and evaluated within its limits, twice the same.
#![no_main]
#![allow(dead_code, reason = "one target uses one oracle")]

#[path = "../oracles/mod.rs"]
mod oracles;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| oracles::validations::expressions_are_bounded_and_repeatable(bytes));
