//! `Context` files: objects that can be looked up, and what a registry would tell of images.

use std::sync::Arc;

use policy_types::cli_kyverno_io::context::Context;
use serde_json::Value;

use super::files::read_file;
use super::given_images::GivenImages;
use super::resources::{StoredResource, resources_of};
use super::values::load_one;
use crate::input_error::InputError;

/// What the file at `path` gives.
///
/// # Errors
/// [`InputError`] where it can't be read, with every fault.
pub(crate) fn load_context(path: &str) -> Result<(Vec<Arc<StoredResource>>, GivenImages), InputError> {
    let Context { spec } = load_one(&read_file(path)?, path)?;
    let objects = spec.resources.into_iter().map(Value::Object).collect();
    Ok((resources_of(objects), GivenImages::of(spec.images)))
}
