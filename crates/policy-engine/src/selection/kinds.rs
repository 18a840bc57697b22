//! Kind selectors: `Pod`, `apps/v1/Deployment`, `Pod/exec`, `*/*`, …

use scalars::wildcard;

use crate::request::GroupVersionKind;

/// A parsed kind selector; every part is a wildcard pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindSelector {
    group: String,
    version: String,
    kind: String,
    subresource: String,
}

impl KindSelector {
    /// Reads a selector as Kyverno does: segments by `/`, and in the last one a `.` before a subresource.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut parts: Vec<&str> = text.split('/').collect();
        if let Some(last) = parts.pop() {
            parts.extend(last.split('.'));
        }
        let (group, version, kind, subresource) = match parts.as_slice() {
            [kind] => ("*", "*", *kind, ""),
            ["*", "*"] => ("*", "*", "*", "*"),
            ["*", second] if second.starts_with(char::is_lowercase) => ("*", "*", "*", *second),
            [version, kind] if is_version(version) => ("*", *version, *kind, ""),
            [kind, subresource] => ("*", "*", *kind, *subresource),
            [version, kind, subresource] if is_version(version) => ("*", *version, *kind, *subresource),
            [group, version, kind] => (*group, *version, *kind, ""),
            [group, version, kind, subresource] => (*group, *version, *kind, *subresource),
            _ => ("", "", "", ""),
        };
        let own = ToOwned::to_owned;
        Self {
            group: own(group),
            version: own(version),
            kind: own(kind),
            subresource: own(subresource),
        }
    }

    /// Whether the selector means this kind and subresource.
    ///
    /// A selector of Pods also means their `ephemeralcontainers`, where images appear.
    #[must_use]
    pub fn matches(&self, kind: &GroupVersionKind, subresource: &str) -> bool {
        let ephemeral = || {
            self.subresource.is_empty()
                && subresource == "ephemeralcontainers"
                && kind.group.is_empty()
                && &*kind.version == "v1"
                && &*kind.kind == "Pod"
        };
        wildcard::matches(&self.kind, &kind.kind)
            && wildcard::matches(&self.version, &kind.version)
            && wildcard::matches(&self.group, &kind.group)
            && (wildcard::matches(&self.subresource, subresource) || ephemeral())
    }

    /// Whether the selector asks for subresources: those of Pods that it means besides are not asked for.
    #[must_use]
    pub fn names_subresource(&self) -> bool {
        !self.subresource.is_empty()
    }

    /// Whether the selector's kind is exactly `kind`, whatever its group and version.
    #[must_use]
    pub fn names_kind(&self, kind: &str) -> bool {
        self.kind == kind
    }

    /// The kind, if the selector names one without a wildcard: what an index may be keyed by.
    #[must_use]
    pub fn exact_kind(&self) -> Option<&str> {
        (!wildcard::has_wildcard(&self.kind)).then_some(&*self.kind)
    }
}

/// `v1`, `v1alpha1`, `v2beta2`, `*`: single digits alone, as Kyverno's regular expression has it.
fn is_version(text: &str) -> bool {
    if text == "*" {
        return true;
    }
    let Some(rest) = text.strip_prefix('v') else {
        return false;
    };
    let mut rest = rest.chars();
    if !rest.next().is_some_and(|digit| digit.is_ascii_digit()) {
        return false;
    }
    let rest = rest.as_str();
    rest.is_empty()
        || rest
            .strip_prefix("alpha")
            .or_else(|| rest.strip_prefix("beta"))
            .is_some_and(|digits| digits.len() == 1 && digits.chars().all(|digit| digit.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(selector: &str, api_version: &str, kind: &str, subresource: &str) -> bool {
        KindSelector::parse(selector).matches(&GroupVersionKind::new(api_version, kind), subresource)
    }

    #[test]
    fn selectors_mean_what_the_manual_says() {
        for (selector, api_version, kind, subresource, expected) in [
            ("Pod", "v1", "Pod", "", true),
            ("Pod", "v1", "Pod", "status", false),
            ("Pod", "v1", "Pod", "ephemeralcontainers", true),
            ("Pod/exec", "v1", "Pod", "exec", true),
            ("Pod.status", "v1", "Pod", "status", true),
            ("v1/Pod", "v1", "Pod", "", true),
            ("apps/v1/Deployment", "apps/v1", "Deployment", "", true),
            ("apps/v1/Deployment", "batch/v1", "Deployment", "", false),
            ("*/Deployment", "apps/v1", "Deployment", "", true),
            ("apps/v1/Deployment/scale", "apps/v1", "Deployment", "scale", true),
            ("*", "apps/v1", "Deployment", "", true),
            ("*", "v1", "Pod", "status", false),
            ("*/*", "v1", "Pod", "status", true),
            ("*/scale", "apps/v1", "Deployment", "scale", true),
            ("pod", "v1", "Pod", "", false),
            ("Deploy*", "apps/v1", "Deployment", "", true),
            ("v1/v2/v3/v4/v5", "v1", "Pod", "", false),
        ] {
            assert_eq!(
                matches(selector, api_version, kind, subresource),
                expected,
                "{selector} on {kind}/{subresource}"
            );
        }
    }
}
