//! What a schema cannot tell: whether the fields of an object fit each other.
//!
//! The texts are Kyverno's where it has one. Sources: Kyverno 1.19 `api/kyverno/v1` (`Validate` of each type) and
//! `pkg/validation/policy`. What needs an expression compiled (JMESPath, CEL) is checked in the engine.

use manifest::Document;

use crate::kyverno_io::global_context_entry::GlobalContextEntry;
use crate::kyverno_io::policy::Policy;
use crate::kyverno_io::policy_exception::PolicyException;
use crate::report::Report;

/// Checks a policy.
pub(crate) fn policy(_policy: &Policy, _document: &Document, _report: &mut Report) {}

/// Checks an exception.
pub(crate) fn exception(_exception: &PolicyException, _report: &mut Report) {}

/// Checks a global context entry.
pub(crate) fn global_context_entry(_entry: &GlobalContextEntry, _report: &mut Report) {}
