//! From documents to a compiled set: every fault of every document at once, each with its place.

use std::sync::Arc;

use manifest::{Document, FieldPath};
use policy_types::kyverno_io::global_context_entry::GlobalContextEntry;
use policy_types::{Fault, FaultCode, Loaded, Other};

use super::binding::CompiledBinding;
use super::compiled::CompiledPolicy;
use super::exception::CompiledException;
use super::set::PolicySet;
use crate::compile_error::CompileError;

/// What a set of documents gives.
#[derive(Debug, Default)]
pub struct LoadedPolicies {
    /// Policies without fault, compiled, in order.
    pub policies: Vec<Arc<CompiledPolicy>>,
    /// Exceptions without fault, compiled.
    pub exceptions: Vec<Arc<CompiledException>>,
    /// Bindings of admission policies without fault, compiled.
    pub bindings: Vec<Arc<CompiledBinding>>,
    /// The checked documents of `policies`, in the same order: for lint and for printing.
    pub sources: Vec<Document>,
    /// Global context entries.
    pub global_context_entries: Vec<Loaded<GlobalContextEntry>>,
    /// Documents of other kinds; the caller skips or refuses them aloud.
    pub others: Vec<Other>,
    /// Every fault. A document with one is in none of the lists.
    pub faults: Vec<Fault>,
    /// What works, but not as its author may think.
    pub warnings: Vec<Fault>,
    /// Names of policies with a fault.
    pub refused: Vec<String>,
}

impl LoadedPolicies {
    /// Checks and compiles `documents`.
    #[must_use]
    pub fn load(documents: impl IntoIterator<Item = Document>) -> Self {
        let loading = policy_types::load_policies(documents);
        let mut loaded = Self {
            global_context_entries: loading.global_context_entries,
            others: loading.others,
            faults: loading.faults,
            warnings: loading.warnings,
            refused: loading.refused,
            ..Self::default()
        };
        let classic = loading.policies.into_iter().map(|policy| policy.document);
        let others = loading
            .expression_policies
            .into_iter()
            .map(|policy| policy.document);
        for document in classic.chain(others) {
            if let Some(compiled) = loaded.kept(CompiledPolicy::compile(&document.value), &document) {
                loaded.policies.push(Arc::new(compiled));
                loaded.sources.push(document);
            }
        }
        for exception in loading.exceptions {
            let compiled = CompiledException::compile(&exception.document.value);
            let compiled = loaded.kept(compiled, &exception.document);
            loaded.exceptions.extend(compiled.map(Arc::new));
        }
        for exception in loading.expression_exceptions {
            let compiled = CompiledException::compile_expressions(&exception.document.value);
            let compiled = loaded.kept(compiled, &exception.document);
            loaded.exceptions.extend(compiled.map(Arc::new));
        }
        for binding in loading.bindings {
            let compiled = CompiledBinding::compile(&binding.document.value);
            let compiled = loaded.kept(compiled, &binding.document);
            loaded.bindings.extend(compiled.map(Arc::new));
        }
        loaded
    }

    /// What was compiled; or nothing, after filing the faults of `document`.
    fn kept<T>(&mut self, compiled: Result<T, Vec<CompileError>>, document: &Document) -> Option<T> {
        let errors = match compiled {
            Ok(compiled) => return Some(compiled),
            Err(errors) => errors,
        };
        self.faults
            .extend(errors.iter().map(|error| fault(error, document)));
        let name = document.value.pointer("/metadata/name");
        let name = name.and_then(serde_json::Value::as_str);
        self.refused.extend(name.map(ToOwned::to_owned));
        None
    }

    /// The set to judge by. Policies that were refused are not in it: look at `faults` first.
    #[must_use]
    pub fn to_set(&self) -> PolicySet {
        PolicySet::new(self.policies.clone(), self.exceptions.clone()).with_bindings(self.bindings.clone())
    }
}

/// A compiler's complaint with its place in the file.
fn fault(error: &CompileError, document: &Document) -> Fault {
    let path = field_path(&error.path);
    Fault {
        source: Arc::clone(&document.source),
        place: Some(document.place(&path)),
        path,
        code: FaultCode::Invalid,
        message: error.message.clone(),
        nearest: None,
    }
}

/// Reads a field path as [`CompileError`] writes it: `spec.rules[0].validate`.
fn field_path(text: &str) -> FieldPath {
    let mut path = FieldPath::root();
    for step in text.split(['.', '[']).filter(|step| !step.is_empty()) {
        let index = step
            .strip_suffix(']')
            .map(|inner| (inner, inner.parse::<usize>()));
        path = match index {
            Some((_, Ok(index))) => path.index(index),
            Some((key, Err(_))) => path.key(key),
            None => path.key(step),
        };
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_as_it_is_written() {
        assert_eq!(
            field_path("spec.rules[0].match.any[1].resources").to_string(),
            "spec.rules[0].match.any[1].resources"
        );
    }
}
