//! The document that variables are looked up in: layers, shared and never copied.
//!
//! In: a [`Request`](crate::request::Request), [`FactView`](crate::facts::FactView), the rule's context entries. Out:
//! values for JMESPath. A name is resolved only when an expression reaches it, so an entry that no variable names is never
//! asked for.
//!
//!     rule text ─▶ placeholders ─▶ Template ─▶ Query ─▶ Scope ─▶ request · images · given · entries · element
//!                                                                   └─▶ FactView::ask

pub mod anchor;
pub mod json_text;
pub mod json_path;
pub mod placeholders;
mod references;
pub mod query;
pub mod budget;
pub mod request_document;
pub mod template;
pub mod entries;
pub mod scope;

pub use anchor::Anchor;
pub use entries::{ContextEntries, is_loading_failure};
pub use json_path::JsonPath;
pub use query::{Query, search_plain};
pub use request_document::RequestDocument;
pub use scope::{RuleIdentity, Scope};
pub use template::Template;
