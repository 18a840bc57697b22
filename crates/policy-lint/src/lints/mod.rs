//! What is looked for, one subject a file. Each takes a [`Source`](crate::source::Source), or an
//! [`ExpressionSource`](crate::expressions::ExpressionSource), and adds to the report.

pub(crate) mod pattern_paths;
pub(crate) mod matching;
pub(crate) mod generated_rules;
pub(crate) mod image_patterns;
pub(crate) mod wide_names;
pub(crate) mod signers;
pub(crate) mod overlaps;
pub(crate) mod identities;
pub(crate) mod attestations;
pub(crate) mod enforcement;
pub(crate) mod deprecated_fields;
pub(crate) mod operators;
pub(crate) mod missing_defaults;
pub(crate) mod resource_rules;
pub(crate) mod image_globs;
pub(crate) mod expression_attestors;
pub(crate) mod verification_calls;
