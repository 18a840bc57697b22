//! Which expectations run (`--test-case-selector`).

use policy_types::cli_kyverno_io::test::TestResult;
use scalars::wildcard;

use crate::input::InputError;

/// A selector by policy, rule and resource; parts left out select all.
#[derive(Debug, Clone)]
pub(crate) struct TestSelector {
    policy: String,
    rule: String,
    resource: String,
}

impl TestSelector {
    /// Reads `policy=P,rule=R,resource=N`.
    ///
    /// # Errors
    /// [`InputError`] for another key.
    pub(crate) fn parse(text: &str) -> Result<Self, InputError> {
        let all = || "*".to_owned();
        let mut selector = Self {
            policy: all(),
            rule: all(),
            resource: all(),
        };
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            match pair
                .split_once('=')
                .map(|(key, value)| (key.trim(), value.trim().to_owned()))
            {
                Some(("policy", value)) => selector.policy = value,
                Some(("rule", value)) => selector.rule = value,
                Some(("resource", value)) => selector.resource = value,
                Some(_) | None => {
                    let why = format!("`--test-case-selector {text}`: expected policy=…,rule=…,resource=…");
                    return Err(InputError::Malformed(why));
                }
            }
        }
        Ok(selector)
    }

    /// Whether an expectation is selected.
    pub(crate) fn selects(&self, expected: &TestResult) -> bool {
        self.selects_policy(&expected.policy) && wildcard::matches(&self.rule, &expected.rule)
    }

    /// Whether a policy is selected.
    pub(crate) fn selects_policy(&self, name: &str) -> bool {
        wildcard::matches(&self.policy, name)
    }

    /// Whether a resource is selected.
    pub(crate) fn selects_resource(&self, name: &str) -> bool {
        wildcard::matches(&self.resource, name)
    }
}
