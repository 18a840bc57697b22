//! Image references: parse, normalise, print; digests that know their algorithm.
