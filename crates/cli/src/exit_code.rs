//! What the program's exit code says.

/// All well.
pub(crate) const EXIT_OK: u8 = 0;
/// A verdict against, or an input that can't be used.
pub(crate) const EXIT_AGAINST: u8 = 1;
/// Called wrongly.
pub(crate) const EXIT_USAGE: u8 = 2;
