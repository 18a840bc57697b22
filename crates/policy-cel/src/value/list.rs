//! Lists: an array of the request, or values made while evaluating.

use std::sync::Arc;

use super::Value;

/// A list
#[derive(Clone, Debug)]
pub enum List<'v> {
    /// An array of the request; its elements become values when they are read
    Json(&'v [serde_json::Value]),
    /// Made while evaluating
    Shared(Arc<Items<'v>>),
}

/// Elements made while evaluating, with their nesting
#[derive(Debug)]
pub struct Items<'v> {
    values: Vec<Value<'v>>,
    depth: u16,
}

impl<'v> Items<'v> {
    pub(super) fn values(&self) -> &[Value<'v>] {
        &self.values
    }
}

impl<'v> List<'v> {
    /// Number of elements
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Json(array) => array.len(),
            Self::Shared(items) => items.values.len(),
        }
    }

    /// Whether there is no element
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at `index`
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Value<'v>> {
        match self {
            Self::Json(array) => array.get(index).map(Value::from),
            Self::Shared(items) => items.values.get(index).cloned(),
        }
    }

    /// The elements in order
    pub fn iter(&self) -> impl Iterator<Item = Value<'v>> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    pub(super) fn depth(&self) -> u16 {
        match self {
            Self::Json(_) => 0,
            Self::Shared(items) => items.depth,
        }
    }
}

impl<'v> From<Vec<Value<'v>>> for List<'v> {
    fn from(values: Vec<Value<'v>>) -> Self {
        let deepest = values.iter().map(Value::depth).max().unwrap_or(0);
        Self::Shared(Arc::new(Items {
            values,
            depth: deepest.saturating_add(1),
        }))
    }
}
