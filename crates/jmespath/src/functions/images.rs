//! Image references.

use crate::call::{Call, Function, Outcome};
use crate::error::{ArgumentType as T, FunctionFault};
use image_reference::ImageReference;

pub(super) static FUNCTIONS: &[Function] = &[Function {
    name: "image_normalize",
    arguments: &[&[T::String]],
    variadic: false,
    returns: T::String,
    note: "an image reference with its registry and its tag or digest written out",
    run: image_normalize,
}];

/// `registry/path:tag`, or `registry/path@digest` without the tag.
fn image_normalize<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    match ImageReference::parse(call.text(0)?, call.environment.default_registry) {
        Ok(reference) => call.made_text(reference.canonical()),
        Err(error) => Err(call.fault(FunctionFault::Image(error.to_string().into()))),
    }
}
