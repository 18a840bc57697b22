//! Why a patch cannot be read or applied, in evanphx/json-patch's words.

use crate::nesting::TooDeep;
use crate::pointer::NotAPointer;

/// A patch that cannot be read or applied; the text is what Kyverno shows its users.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct PatchError {
    /// Which operation, counted from 0; nothing when the fault lies in the patch as a whole
    pub index: Option<usize>,
    /// That operation's `path` as written; empty when there is none
    pub path: String,
    /// What is wrong
    pub fault: Box<Fault>,
}

/// What is wrong with a patch or one of its operations.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The patch is no list
    #[error("failed to decode patches: a JSON patch is a list of operations, not {0}")]
    NotAList(&'static str),
    /// A member of the patch is no operation
    #[error("failed to decode patches: invalid operation {operation}: {why}")]
    InvalidOperation {
        /// The operation as JSON
        operation: String,
        /// What it lacks
        why: String,
    },
    /// More operations than a patch may have
    #[error("failed to decode patches: more than {0} operations")]
    TooManyOperations(usize),
    /// The parent of the path is missing or holds no children
    #[error("{operation} operation does not apply: {what}: {}: missing value", quoted(path, *is_quoted))]
    MissingPath {
        /// `add`, `replace`, …
        operation: &'static str,
        /// `doc is missing path`, `… key`, `… from path` or `… destination path`
        what: &'static str,
        /// The path as written
        path: String,
        /// Whether the sentence has the path in quotes
        is_quoted: bool,
    },
    /// Where the path leads, the operation cannot be done
    #[error("error in {operation} for {subject}: '{at}': {cause}")]
    NotDone {
        /// `add`, `remove`, …
        operation: &'static str,
        /// `path` or `from`
        subject: &'static str,
        /// The path or key as written
        at: String,
        /// What is wrong with the last step
        cause: StepFault,
    },
    /// A copy cannot be added at its destination
    #[error("error while adding value during copy: {0}")]
    CopyNotAdded(StepFault),
    /// A `test` found another value
    #[error("testing value {0} failed: test failed")]
    TestFailed(String),
    /// `move` of the whole document
    #[error("unable to move entire document to another path: invalid state detected")]
    MovesWholeDocument,
    /// The whole document would become a scalar
    #[error("{0} operation value must be object or array")]
    ScalarDocument(&'static str),
    /// Parents cannot be made for this path
    #[error("{0}")]
    NoParents(StepFault),
    /// A path is written wrongly
    #[error(transparent)]
    Path(#[from] NotAPointer),
    /// The value, or the document after this operation, is too deep
    #[error(transparent)]
    TooDeep(#[from] TooDeep),
    /// `copy` and list padding made the document too large
    #[error("the patch adds more than {0} values by copying and padding")]
    TooLarge(usize),
}

/// What is wrong with one step of a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepFault {
    /// A map lacks the key
    #[error("unable to get nonexistent key: {0}: missing value")]
    NoSuchKey(String),
    /// As [`StepFault::NoSuchKey`], said of a removal
    #[error("unable to remove nonexistent key: {0}: missing value")]
    NothingToRemove(String),
    /// A list lacks the index
    #[error("Unable to access invalid index: {0}: invalid index referenced")]
    NoSuchIndex(i64),
    /// A list is addressed by something that is no number
    #[error("strconv.Atoi: parsing \"{0}\": invalid syntax")]
    NotAnIndex(String),
    /// As [`StepFault::NotAnIndex`], said of an addition
    #[error("value was not a proper array index: '{0}': strconv.Atoi: parsing \"{0}\": invalid syntax")]
    NotAnIndexToAdd(String),
    /// A parent to be made would have a negative index
    #[error("Unable to ensure path for negative index other than -1: {0}: invalid index referenced")]
    NegativeParent(i64),
    /// A scalar stands where a parent is needed
    #[error("invalid state detected")]
    NotAContainer,
}

impl PatchError {
    pub(super) fn of_patch(fault: Fault) -> Self {
        Self {
            index: None,
            path: String::new(),
            fault: Box::new(fault),
        }
    }

    pub(super) fn of_operation(index: usize, path: String, fault: Fault) -> Self {
        Self {
            index: Some(index),
            path,
            fault: Box::new(fault),
        }
    }
}

fn quoted(path: &str, is_quoted: bool) -> String {
    if is_quoted {
        format!("\"{path}\"")
    } else {
        path.to_owned()
    }
}
