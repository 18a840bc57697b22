//! The binary from outside.

// `cfg(test)` tells clippy that all of it is test code, functions without `#[test]` too.
#[cfg(test)]
mod process;
