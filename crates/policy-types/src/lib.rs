//! The policy kinds as they stand on the wire, and the check of a document against them.
