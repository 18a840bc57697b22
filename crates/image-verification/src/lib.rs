//! Judges evidence against demands: pure, synchronous, at a given time.
