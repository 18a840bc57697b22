//! Whether a rule speaks about a request: match, exclude, and the clause that decided.
//!
//! In: a [`crate::Request`], compiled match and exclude blocks, the namespace's labels. Out: [`Selection`]. A selector that
//! cannot be judged selects its rule and says so: an error can't hide a rule (CVE-2025-46342).
//!
//!     request ─▶ kinds ─▶ names ─▶ labels ─▶ users ─▶ not excluded ─▶ selected by `match.any[0]`
//!
//! Behaviour: Kyverno 1.19 `pkg/engine/utils/match.go`; spec: engine-and-cli §1.5.

mod kinds;
mod labels;
mod subjects;
mod filter;
mod block;
mod constraints;
mod rule_selector;

pub use block::{MatchBlock, Selection, Selector};
pub use constraints::MatchConstraints;
pub use filter::Filter;
pub use kinds::KindSelector;
pub use labels::LabelSelector;
pub(crate) use labels::string_map;
pub use rule_selector::{Reach, RuleSelector};
pub use subjects::Subject;
