//! The fields of types.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The greatest difference between two names that are still taken for one, as `strsim` measures likeness (0 to 1).
const LEAST_LIKENESS: f64 = 0.88;

/// Fields of each type, as they stand in the table.
static TYPES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    include_str!("types.txt")
        .lines()
        .filter_map(|line| line.split_once(' '))
        .collect()
});

/// What stands somewhere in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Text, a number or a boolean.
    Scalar,
    /// Not looked into.
    Anything,
    /// An object of this type.
    Object(&'static str),
    /// A list; of what, as the table writes it.
    List(&'static str),
    /// A mapping with free keys; to what, as the table writes it.
    Map(&'static str),
}

/// What stands under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A field.
    Found {
        shape: Shape,
        /// Whether the API server always gives it.
        always: bool,
    },
    /// No object of this shape has such a field.
    Missing,
    /// Nothing is known.
    Unknown,
}

impl Shape {
    fn parse(written: &'static str) -> Self {
        match written {
            "" => Self::Scalar,
            "*" => Self::Anything,
            _ => match (written.strip_prefix("[]"), written.strip_prefix("{}")) {
                (Some(inner), _) => Self::List(inner),
                (_, Some(inner)) => Self::Map(inner),
                (None, None) => Self::Object(written),
            },
        }
    }

    /// What stands under `name`.
    pub(crate) fn field(self, name: &str) -> Step {
        match self {
            Self::Anything => Step::Unknown,
            Self::Scalar | Self::List(_) => Step::Missing,
            Self::Map(inner) => Step::Found {
                shape: Self::parse(inner),
                always: false,
            },
            Self::Object(kind) => {
                fields(kind)
                    .find(|field| field.name == name)
                    .map_or(Step::Missing, |field| Step::Found {
                        shape: field.shape,
                        always: field.always,
                    })
            }
        }
    }

    /// What a list holds; anything else holds no elements.
    pub(crate) fn element(self) -> Option<Self> {
        match self {
            Self::List(inner) => Some(Self::parse(inner)),
            Self::Anything => Some(Self::Anything),
            Self::Scalar | Self::Object(_) | Self::Map(_) => None,
        }
    }

    /// The field that is nearly called `name`.
    pub(crate) fn nearest(self, name: &str) -> Option<&'static str> {
        let Self::Object(kind) = self else { return None };
        fields(kind)
            .map(|field| (strsim::jaro_winkler(name, field.name), field.name))
            .filter(|(likeness, _)| *likeness >= LEAST_LIKENESS)
            .max_by(|one, other| one.0.total_cmp(&other.0))
            .map(|(_, name)| name)
    }
}

struct Field {
    name: &'static str,
    shape: Shape,
    always: bool,
}

fn fields(kind: &str) -> impl Iterator<Item = Field> {
    let written = TYPES.get(kind).copied().unwrap_or_default();
    written.split(' ').map(|field| {
        let (name, shape) = field.split_once(':').unwrap_or((field, ""));
        let (name, always) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
        Field {
            name,
            shape: Shape::parse(shape),
            always,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(kind: &'static str, path: &str) -> Option<(Shape, bool)> {
        let mut here = (Shape::Object(kind), true);
        for name in path.split('.') {
            let shape = here.0.element().unwrap_or(here.0);
            match shape.field(name) {
                Step::Found { shape, always } => here = (shape, always),
                Step::Missing | Step::Unknown => return None,
            }
        }
        Some(here)
    }

    #[test]
    fn fields_are_found_through_lists_and_mappings() {
        assert_eq!(at("Pod", "spec.containers.image"), Some((Shape::Scalar, true)));
        assert_eq!(
            at("Pod", "spec.containers.securityContext.privileged"),
            Some((Shape::Scalar, false))
        );
        assert_eq!(at("Pod", "metadata.labels.app"), Some((Shape::Scalar, false)));
        assert_eq!(
            at(
                "CronJob",
                "spec.jobTemplate.spec.template.spec.volumes.hostPath.path"
            ),
            Some((Shape::Scalar, true))
        );
        assert_eq!(at("Deployment", "spec.containers"), None);
        assert_eq!(at("Pod", "spec.containers.image.tag"), None);
    }

    #[test]
    fn a_misspelt_field_has_a_neighbour() {
        assert_eq!(Shape::Object("PodSpec").nearest("container"), Some("containers"));
        assert_eq!(Shape::Object("PodSpec").nearest("zebra"), None);
    }

    #[test]
    fn every_type_that_a_field_names_is_in_the_table() {
        for (kind, _) in TYPES.iter() {
            for field in fields(kind) {
                let mut shape = field.shape;
                while let Some(inner) = shape.element().filter(|inner| *inner != shape) {
                    shape = inner;
                }
                if let Shape::Map(inner) = shape {
                    shape = Shape::parse(inner);
                }
                if let Shape::Object(name) = shape {
                    assert!(TYPES.contains_key(name), "{kind}.{}: {name}", field.name);
                }
            }
        }
    }
}
