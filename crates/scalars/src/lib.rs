//! Quantities, durations, semantic versions, wildcards, ranges and Go time layouts, compared as Kyverno compares them.
