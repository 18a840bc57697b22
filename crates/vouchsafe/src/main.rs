//! The one binary: hands its arguments to the command line.
fn main() {}
