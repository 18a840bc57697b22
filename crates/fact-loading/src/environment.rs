//! Environment variables, taken once: what the operator of this process says about clouds, Vault and their credentials.
//!
//! In: the process's variables, or a test's. Out: values by name, the empty one being none, as the clouds' own tools read
//! them. Never: a value in a `Debug` text.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Variables of the environment. Cheap to clone.
#[derive(Clone, Default)]
pub struct Environment(Arc<BTreeMap<String, String>>);

impl Environment {
    /// The variables of this process; those that are no Unicode are left out.
    #[must_use]
    pub fn of_process() -> Self {
        let variables = std::env::vars_os();
        let readable =
            variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self(Arc::new(readable.collect()))
    }

    /// These variables and no others.
    #[must_use]
    pub fn of<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        Self(Arc::new(variables.collect()))
    }

    /// The variable's value; none if it is not set or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The value of the first of these variables that has one.
    pub(crate) fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    /// The value, or a sentence that says which variable is missing.
    pub(crate) fn demand(&self, name: &str) -> Result<&str, String> {
        self.get(name)
            .ok_or_else(|| format!("environment variable `{name}` is not set"))
    }

    /// A file in the user's home.
    pub(crate) fn in_home(&self, name: &str) -> Option<PathBuf> {
        Some(PathBuf::from(self.get("HOME")?).join(name))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Environment({} variables)", self.0.len())
    }
}
