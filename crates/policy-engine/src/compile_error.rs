//! What is wrong with a rule, and where: found when the policy is loaded, never when a request waits.

use thiserror::Error;

/// One fault in a rule.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{path}: {message}")]
pub struct CompileError {
    /// Where it is, within what was compiled, as Kubernetes writes field paths: `any[0].operator`.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl CompileError {
    /// A fault at `path`.
    #[must_use]
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
        }
    }

    /// The same fault seen from one level further out.
    #[must_use]
    pub fn under(self, parent: &str) -> Self {
        let path = match self.path.as_str() {
            own if parent.is_empty() => own.to_owned(),
            "" => parent.to_owned(),
            index if index.starts_with('[') => format!("{parent}{index}"),
            field => format!("{parent}.{field}"),
        };
        Self {
            path,
            message: self.message,
        }
    }
}

/// Keeps the value, or files the faults under `field` and gives nothing.
pub fn collect<T>(
    found: Result<T, Vec<CompileError>>,
    field: &str,
    faults: &mut Vec<CompileError>,
) -> Option<T> {
    match found {
        Ok(value) => Some(value),
        Err(inner) => {
            faults.extend(inner.into_iter().map(|fault| fault.under(field)));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_its_place_as_kubernetes_does() {
        let fault = CompileError::new("operator", "unknown")
            .under("[1]")
            .under("any")
            .under("deny.conditions");
        assert_eq!(fault.to_string(), "deny.conditions.any[1].operator: unknown");
    }
}
