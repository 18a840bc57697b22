//! JMESPath in Kyverno's dialect: total, bounded, deterministic.
