//! One field at fault, as Kubernetes writes it: `spec.containers[0].securityContext.privileged: Forbidden`.

use std::fmt;

/// A field at fault, with the value it must not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Where in the Pod: begins with `spec` or `metadata`
    pub path: String,
    /// The name of the container the field belongs to; nothing for fields of the Pod
    pub container: Option<String>,
    /// What is wrong with it
    pub fault: Fault,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It must be set
    Required,
    /// It must not have this value; nothing when the field itself must not be there
    Forbidden(Option<BadValue>),
}

/// A value a field must not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadValue {
    /// A text
    Text(String),
    /// A switch
    Flag(bool),
    /// A number
    Number(i64),
    /// Several texts, sorted
    Texts(Vec<String>),
}

impl FieldError {
    /// A field of the Pod that must not have `bad`.
    pub(crate) fn of_pod(path: impl Into<String>, bad: Option<BadValue>) -> Self {
        Self {
            path: path.into(),
            container: None,
            fault: Fault::Forbidden(bad),
        }
    }

    /// The values as exclusions compare them; none for an empty text or a field that is merely missing.
    #[must_use]
    pub fn bad_values(&self) -> Vec<String> {
        match &self.fault {
            Fault::Required | Fault::Forbidden(None) => Vec::new(),
            Fault::Forbidden(Some(BadValue::Text(text))) if text.is_empty() => Vec::new(),
            Fault::Forbidden(Some(BadValue::Text(text))) => vec![text.clone()],
            Fault::Forbidden(Some(BadValue::Flag(flag))) => vec![flag.to_string()],
            Fault::Forbidden(Some(BadValue::Number(number))) => vec![number.to_string()],
            Fault::Forbidden(Some(BadValue::Texts(texts))) => texts.clone(),
        }
    }

    /// The path with every number replaced by `*`, as `restrictedField` of an exclusion writes it.
    #[must_use]
    pub fn starred_path(&self) -> String {
        let mut starred = String::with_capacity(self.path.len());
        let mut in_number = false;
        for letter in self.path.chars() {
            if !letter.is_ascii_digit() {
                starred.push(letter);
            } else if !in_number {
                starred.push('*');
            }
            in_number = letter.is_ascii_digit();
        }
        starred
    }

    /// This error of a Pod as one of a workload whose Pod template stands at `template`, such as `spec.template`.
    #[must_use]
    pub fn below(&self, template: &str) -> Self {
        let path = if template.is_empty() {
            self.path.clone()
        } else {
            format!("{template}.{}", self.path)
        };
        Self { path, ..self.clone() }
    }
}

impl fmt::Display for BadValue {
    /// As Go's `%+v` prints it.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => out.write_str(text),
            Self::Flag(flag) => write!(out, "{flag}"),
            Self::Number(number) => write!(out, "{number}"),
            Self::Texts(texts) => write!(out, "[{}]", texts.join(" ")),
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.fault {
            Fault::Required => write!(out, "{path}: Required value"),
            Fault::Forbidden(Some(BadValue::Text(text))) if text.is_empty() => {
                write!(out, "{path}: Forbidden")
            }
            Fault::Forbidden(Some(bad)) => write!(out, "{path} is forbidden, forbidden values found: {bad}"),
            Fault::Forbidden(None) => write!(out, "{path}: Forbidden"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_as_kyverno_prints_them() {
        let of = |fault| {
            FieldError {
                path: "spec.x[0].y".into(),
                container: None,
                fault,
            }
            .to_string()
        };
        assert_eq!(of(Fault::Required), "spec.x[0].y: Required value");
        assert_eq!(of(Fault::Forbidden(None)), "spec.x[0].y: Forbidden");
        let bad = |bad| of(Fault::Forbidden(Some(bad)));
        assert_eq!(bad(BadValue::Text(String::new())), "spec.x[0].y: Forbidden");
        assert_eq!(
            bad(BadValue::Flag(true)),
            "spec.x[0].y is forbidden, forbidden values found: true"
        );
        let texts = BadValue::Texts(vec!["A".into(), "B".into()]);
        assert_eq!(
            bad(texts),
            "spec.x[0].y is forbidden, forbidden values found: [A B]"
        );
    }

    #[test]
    fn every_number_of_a_path_is_starred() {
        let error = FieldError::of_pod("spec.containers[10].ports[2].hostPort", None);
        assert_eq!(error.starred_path(), "spec.containers[*].ports[*].hostPort");
        assert_eq!(
            error.below("spec.template").path,
            "spec.template.spec.containers[10].ports[2].hostPort"
        );
    }
}
