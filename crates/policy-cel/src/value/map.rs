//! Maps: an object of the request, or entries made while evaluating, in insertion order.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use indexmap::{Equivalent, IndexMap};

use super::{Text, Value};

/// Entries made while evaluating
pub(crate) type Entries<'v> = IndexMap<Key<'v>, Value<'v>>;

/// A map
#[derive(Clone, Debug)]
pub enum Map<'v> {
    /// An object of the request; its members become values when they are read
    Json(&'v serde_json::Map<String, serde_json::Value>),
    /// Made while evaluating
    Shared(Arc<Members<'v>>),
}

/// Entries made while evaluating, with their nesting
#[derive(Debug)]
pub struct Members<'v> {
    entries: Entries<'v>,
    depth: u16,
}

/// What may be a key; an `int` and a `uint` of one magnitude are one key
#[derive(Clone, Debug)]
pub enum Key<'v> {
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `uint`
    Uint(u64),
    /// `string`
    String(Text<'v>),
}

impl<'v> Key<'v> {
    /// The key that a value is; other types are no keys
    #[must_use]
    pub fn from_value(value: &Value<'v>) -> Option<Self> {
        match value {
            Value::Bool(truth) => Some(Self::Bool(*truth)),
            Value::Int(number) => Some(Self::Int(*number)),
            Value::Uint(number) => Some(Self::Uint(*number)),
            Value::String(text) => Some(Self::String(text.clone())),
            Value::Null
            | Value::Double(_)
            | Value::Bytes(_)
            | Value::Timestamp(_)
            | Value::Duration(_)
            | Value::List(_)
            | Value::Map(_)
            | Value::Object(_)
            | Value::Optional(_)
            | Value::Type(_)
            | Value::Opaque(_) => None,
        }
    }

    /// The key that finds what `value` names: a whole double names the int it equals
    pub(crate) fn to_find(value: &Value<'v>) -> Option<Self> {
        if let Value::Double(number) = value {
            return super::compare::exact_int(*number).map(Self::Int);
        }
        Self::from_value(value)
    }

    /// The key as a value
    #[must_use]
    pub fn to_value(&self) -> Value<'v> {
        self.clone().into_value()
    }

    /// The key, as a value
    pub(crate) fn into_value(self) -> Value<'v> {
        match self {
            Self::Bool(truth) => Value::Bool(truth),
            Self::Int(number) => Value::Int(number),
            Self::Uint(number) => Value::Uint(number),
            Self::String(text) => Value::String(text),
        }
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        same(self, other)
    }
}

impl Eq for Key<'_> {}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Bool(truth) => truth.hash(state),
            Self::Int(number) => match u64::try_from(*number) {
                Ok(magnitude) => magnitude.hash(state),
                Err(_) => number.hash(state),
            },
            Self::Uint(number) => number.hash(state),
            Self::String(text) => (**text).hash(state),
        }
    }
}

fn same(left: &Key<'_>, right: &Key<'_>) -> bool {
    match (left, right) {
        (Key::String(left), Key::String(right)) => **left == **right,
        (Key::Bool(left), Key::Bool(right)) => left == right,
        (Key::Int(left), Key::Int(right)) => left == right,
        (Key::Uint(left), Key::Uint(right)) => left == right,
        (Key::Int(int), Key::Uint(uint)) | (Key::Uint(uint), Key::Int(int)) => {
            u64::try_from(*int) == Ok(*uint)
        }
        (Key::Bool(_) | Key::Int(_) | Key::Uint(_) | Key::String(_), _) => false,
    }
}

/// A key of any lifetime, to look for
#[derive(Hash)]
struct Sought<'k>(&'k Key<'k>);

impl Equivalent<Key<'_>> for Sought<'_> {
    fn equivalent(&self, key: &Key<'_>) -> bool {
        same(self.0, key)
    }
}

/// A field name, which finds a string key without making one
#[derive(Hash)]
struct Name<'n>(&'n str);

impl Equivalent<Key<'_>> for Name<'_> {
    fn equivalent(&self, key: &Key<'_>) -> bool {
        matches!(key, Key::String(text) if **text == *self.0)
    }
}

impl<'v> Map<'v> {
    /// Number of entries
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Json(object) => object.len(),
            Self::Shared(members) => members.entries.len(),
        }
    }

    /// Whether there is no entry
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a string key
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Value<'v>> {
        match self {
            Self::Json(object) => object.get(name).map(Value::from),
            Self::Shared(members) => members.entries.get(&Name(name)).cloned(),
        }
    }

    /// The value of a key
    #[must_use]
    pub fn get(&self, key: &Key<'_>) -> Option<Value<'v>> {
        match (self, key) {
            (_, Key::String(name)) => self.field(name),
            (Self::Json(_), Key::Bool(_) | Key::Int(_) | Key::Uint(_)) => None,
            (Self::Shared(members), Key::Bool(_) | Key::Int(_) | Key::Uint(_)) => {
                members.entries.get(&Sought(key)).cloned()
            }
        }
    }

    /// The entries in order
    pub fn iter(&self) -> impl Iterator<Item = (Key<'v>, Value<'v>)> + '_ {
        let (json, shared) = match self {
            Self::Json(object) => (Some(object.iter()), None),
            Self::Shared(members) => (None, Some(members.entries.iter())),
        };
        let borrowed = |(name, value): (&'v String, &'v serde_json::Value)| {
            (Key::String(Text::Borrowed(name)), Value::from(value))
        };
        let json = json.into_iter().flatten().map(borrowed);
        let shared = shared.into_iter().flatten();
        json.chain(shared.map(|(key, value)| (key.clone(), value.clone())))
    }

    pub(super) fn depth(&self) -> u16 {
        match self {
            Self::Json(_) => 0,
            Self::Shared(members) => members.depth,
        }
    }
}

impl<'v> From<Entries<'v>> for Map<'v> {
    fn from(entries: Entries<'v>) -> Self {
        let deepest = entries.values().map(Value::depth).max().unwrap_or(0);
        Self::Shared(Arc::new(Members {
            entries,
            depth: deepest.saturating_add(1),
        }))
    }
}

/// Entries in order; of a key that comes twice the last value counts
impl<'v> FromIterator<(Key<'v>, Value<'v>)> for Map<'v> {
    fn from_iter<I: IntoIterator<Item = (Key<'v>, Value<'v>)>>(entries: I) -> Self {
        Self::from(entries.into_iter().collect::<Entries<'v>>())
    }
}
