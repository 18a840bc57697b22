//! What the rehearsal makes, held against verifiers that are not ours.

// `cfg(test)` tells clippy that all of it is test code, functions without `#[test]` too.
#[cfg(test)]
mod layouts;
#[cfg(test)]
mod authority;
#[cfg(test)]
mod notary;
