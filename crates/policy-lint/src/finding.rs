//! One finding, and the list in which those of a document are gathered.

use std::fmt;
use std::sync::Arc;

use manifest::{Document, FieldPath, Place};

use crate::code::LintCode;

/// Findings kept for one document, in number; the rest would say nothing new.
const MOST_FINDINGS: usize = 200;

/// What the author of a policy should hear.
///
/// Prints on one line: `file:line:column: warning[VL101]: field.path: what is doubtful; write `this` instead`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of finding.
    pub code: LintCode,
    /// The file, as the caller named it.
    pub source: Arc<str>,
    /// Where in the file; `None` for a policy that stands in no file.
    pub place: Option<Place>,
    /// The field, from the root of the document.
    pub path: FieldPath,
    /// What is doubtful, and what follows from it.
    pub message: String,
    /// What to write instead, as YAML on one line, where there is one thing to write.
    pub write_instead: Option<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.source.is_empty() {
            write!(f, "{}:", self.source)?;
        }
        if let Some(place) = self.place {
            write!(f, "{place}:")?;
        }
        if !self.source.is_empty() || self.place.is_some() {
            f.write_str(" ")?;
        }
        write!(f, "{}[{}]: ", self.code.level().name(), self.code.code())?;
        if !self.path.is_root() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.write_instead {
            Some(instead) => write!(f, "; write `{instead}` instead"),
            None => Ok(()),
        }
    }
}

/// Gathers the findings of one document, each with its place.
#[derive(Debug)]
pub(crate) struct Report<'d> {
    document: &'d Document,
    findings: Vec<Finding>,
}

impl<'d> Report<'d> {
    pub(crate) fn new(document: &'d Document) -> Self {
        Self {
            document,
            findings: Vec::new(),
        }
    }

    /// A finding about the field at `path`.
    pub(crate) fn add(&mut self, code: LintCode, path: &FieldPath, message: impl Into<String>) {
        self.keep(code, path, message.into(), None);
    }

    /// The same, with what to write instead.
    pub(crate) fn replace(
        &mut self,
        code: LintCode,
        path: &FieldPath,
        message: impl Into<String>,
        instead: impl Into<String>,
    ) {
        self.keep(code, path, message.into(), Some(instead.into()));
    }

    fn keep(&mut self, code: LintCode, path: &FieldPath, message: String, write_instead: Option<String>) {
        let has_text = !self.document.places.text().is_empty();
        let finding = Finding {
            code,
            source: Arc::clone(&self.document.source),
            place: has_text.then(|| self.document.places.of_key(path)),
            path: path.clone(),
            message,
            write_instead,
        };
        if self.findings.len() < MOST_FINDINGS && !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// What was gathered, in the order in which it stands in the file.
    pub(crate) fn finish(mut self) -> Vec<Finding> {
        self.findings.sort_by_key(|finding| (finding.place, finding.code));
        self.findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_prints_on_one_line() {
        let finding = Finding {
            code: LintCode::DeprecatedValue,
            source: "p.yaml".into(),
            place: Some(Place { line: 5, column: 3 }),
            path: FieldPath::root().key("spec").key("validationFailureAction"),
            message: "lower case".to_owned(),
            write_instead: Some("validationFailureAction: Enforce".to_owned()),
        };
        assert_eq!(
            finding.to_string(),
            "p.yaml:5:3: note[VL502]: spec.validationFailureAction: lower case; write `validationFailureAction: Enforce` instead"
        );
    }
}
