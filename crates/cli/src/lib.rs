//! The commands people type: input, output and exit codes.
