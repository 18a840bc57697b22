//! YAML and JSON as Kubernetes reads them, each value with the place it stands in its file.
//!
//! In: the bytes of a file. Out: one [`Document`] for each document in it, or every fault with file, line and column.
//! Never: files, network, clocks, panics; every size is bounded by a constant of [`limits`].
//!
//!     bytes ─▶ documents (split at `---`) ─▶ JSON │ plain block YAML │ any YAML ─▶ Value
//!                                                                       places ◀─ asked for by path, later
//!
//! Kubernetes reads YAML 1.1 into JSON (`sigs.k8s.io/yaml` on go-yaml v2), so `yes`, `on`, `017`, `1_000` and the keys
//! they make mean here what they mean to `kubectl`. Where we are stricter: a key written twice is refused (Kubernetes
//! keeps the last one silently), and so are infinities and text that is not UTF-8.

#![deny(clippy::arithmetic_side_effects)]

pub mod limits;
pub mod place;
pub mod error;
mod scalar;
mod repair;
mod compose;
mod json;
mod list;
mod json_objects;
mod flow;
mod block;
mod split;
mod reader;
mod index;
pub mod places;
mod document;
mod many;

pub use document::{Document, read};
pub use error::{ManifestError, ManifestFault};
pub use list::unpack_list;
pub use many::read_objects;
pub use place::{FieldPath, Place, Segment};
pub use places::Places;
pub use reader::{read_value, read_values, read_yaml_value};
