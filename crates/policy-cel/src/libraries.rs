//! The function libraries, one file each.
//!
//! A library is a table of declarations and the functions behind them. They read their arguments and the [`crate::context::Context`], nothing
//! else; those that reach outside ask the host.

mod arguments;
mod conversions;
mod times;
pub(crate) mod operators;
pub(crate) mod standard;
pub(crate) mod format;
mod optionals;
mod strings;
pub(crate) mod lists;
mod math;
mod encoders;
pub(crate) mod regexes;
mod kubernetes_lists;
mod quantities;
mod versions;
mod network;
mod urls;
mod formats;
mod authorizer;
mod contexts;
mod resources;
mod facts;
mod images;
mod documents;
mod kyverno;
mod random;
mod gzip;
mod certificates;
mod library;

pub use authorizer::resource_check;
pub use library::Library;
