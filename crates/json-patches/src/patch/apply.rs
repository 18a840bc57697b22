//! Applies a patch, operation by operation, to a copy of the document.

use serde_json::{Map, Value};

use super::container::{add, get, get_mut, is_container, parse_index, remove, walk};
use super::fault::{Fault, PatchError, StepFault};
use super::operation::{Operation, Patch};
use super::{Leniency, container};
use crate::nesting;
use crate::pointer::Pointer;

/// Values one patch may add by `copy` and by padding lists with nulls.
///
/// Both multiply what the patch's author wrote; evanphx leaves them unbounded. A whole Pod has some 500 values.
const MAX_MULTIPLIED: usize = 100_000;

struct Application {
    document: Value,
    leniency: Leniency,
    multiplied: usize,
}

pub(super) fn apply(patch: &Patch, document: &Value, leniency: Leniency) -> Result<Value, PatchError> {
    nesting::check(document).map_err(|fault| PatchError::of_patch(fault.into()))?;
    let mut application = Application {
        document: document.clone(),
        leniency,
        multiplied: 0,
    };
    for (index, operation) in patch.operations.iter().enumerate() {
        let failed = |fault| PatchError::of_operation(index, operation.path().to_string(), fault);
        application.run(operation).map_err(failed)?;
    }
    Ok(application.document)
}

impl Application {
    fn run(&mut self, operation: &Operation) -> Result<(), Fault> {
        match operation {
            Operation::Add { path, value } => self.add(path, value.clone()),
            Operation::Remove { path } => self.remove(path),
            Operation::Replace { path, value } => self.replace(path, value.clone()),
            Operation::Move { from, path } => self.relocate(from, path),
            Operation::Copy { from, path } => self.copy(from, path),
            Operation::Test { path, value } => self.test(path, value),
        }
    }

    fn add(&mut self, path: &Pointer, value: Value) -> Result<(), Fault> {
        if self.leniency == Leniency::Kyverno {
            self.make_parents(path)?;
        }
        let missing = missing_path("add", "doc is missing path", path, true);
        self.put("add", path, value, missing)
    }

    /// Adds `value` at `path`, whose parent must be there; `missing` says that it is not.
    fn put(
        &mut self,
        operation: &'static str,
        path: &Pointer,
        value: Value,
        missing: Fault,
    ) -> Result<(), Fault> {
        let depth = path.tokens().len().saturating_add(nesting::levels(&value));
        if depth > nesting::MAX_NESTING {
            return Err(nesting::TooDeep.into());
        }
        let Some((parents, last)) = path.split_last() else {
            return self.replace_document(operation, value);
        };
        let parent = walk(&mut self.document, parents).ok_or(missing)?;
        add(parent, last, value).map_err(|cause| match operation {
            "copy" => Fault::CopyNotAdded(cause),
            _ => not_done(operation, "path", path.to_string(), cause),
        })
    }

    fn replace_document(&mut self, operation: &'static str, value: Value) -> Result<(), Fault> {
        if !is_container(&value) {
            return Err(Fault::ScalarDocument(operation));
        }
        self.document = value;
        Ok(())
    }

    fn remove(&mut self, path: &Pointer) -> Result<(), Fault> {
        let Some((parents, last)) = path.split_last() else {
            return Ok(());
        };
        let is_lenient = self.leniency == Leniency::Kyverno;
        let Some(parent) = walk(&mut self.document, parents) else {
            return if is_lenient {
                Ok(())
            } else {
                Err(missing_path("remove", "doc is missing path", path, true))
            };
        };
        match remove(parent, last) {
            Ok(_) => Ok(()),
            Err(StepFault::NothingToRemove(_) | StepFault::NoSuchIndex(_)) if is_lenient => Ok(()),
            Err(cause) => Err(not_done("remove", "path", path.to_string(), cause)),
        }
    }

    fn replace(&mut self, path: &Pointer, value: Value) -> Result<(), Fault> {
        let Some((parents, last)) = path.split_last() else {
            return self.replace_document("replace", value);
        };
        let depth = path.tokens().len().saturating_add(nesting::levels(&value));
        if depth > nesting::MAX_NESTING {
            return Err(nesting::TooDeep.into());
        }
        let parent = walk(&mut self.document, parents);
        let parent = parent.ok_or_else(|| missing_path("replace", "doc is missing path", path, false))?;
        let place =
            get_mut(parent, last).map_err(|_| missing_path("replace", "doc is missing key", path, false))?;
        *place = value;
        Ok(())
    }

    fn relocate(&mut self, from: &Pointer, path: &Pointer) -> Result<(), Fault> {
        let (parents, last) = from.split_last().ok_or(Fault::MovesWholeDocument)?;
        let parent = walk(&mut self.document, parents);
        let parent = parent.ok_or_else(|| missing_path("move", "doc is missing from path", from, false))?;
        let failed = |cause| not_done("move", "path", last.to_owned(), cause);
        get(parent, last).map_err(failed)?;
        let value = remove(parent, last).map_err(failed)?;
        let missing = missing_path("move", "doc is missing destination path", path, false);
        self.put("move", path, value, missing)
    }

    fn copy(&mut self, from: &Pointer, path: &Pointer) -> Result<(), Fault> {
        let value = match from.split_last() {
            None => self.document.clone(),
            Some((parents, last)) => {
                let parent = walk(&mut self.document, parents);
                let parent =
                    parent.ok_or_else(|| missing_path("copy", "doc is missing from path", from, true))?;
                get(parent, last)
                    .map_err(|cause| not_done("copy", "from", from.to_string(), cause))?
                    .clone()
            }
        };
        self.multiply(count(&value))?;
        let missing = missing_path("copy", "doc is missing destination path", path, false);
        self.put("copy", path, value, missing)
    }

    fn test(&mut self, path: &Pointer, expected: &Value) -> Result<(), Fault> {
        let found = match path.split_last() {
            None => Some(&self.document),
            Some((parents, last)) => {
                let parent = walk(&mut self.document, parents);
                let parent = parent.ok_or_else(|| missing_path("test", "is missing path", path, false))?;
                match get(parent, last) {
                    Ok(value) => Some(value),
                    Err(StepFault::NoSuchKey(_)) => None,
                    Err(cause) => return Err(not_done("test", "path", path.to_string(), cause)),
                }
            }
        };
        if found.unwrap_or(&Value::Null) == expected {
            Ok(())
        } else {
            Err(Fault::TestFailed(path.to_string()))
        }
    }

    /// Makes the containers on the way to `path` that are missing or null: a list where the next token is a number
    /// or `-`, else a map. Lists are padded with nulls up to the index wanted.
    fn make_parents(&mut self, path: &Pointer) -> Result<(), Fault> {
        let tokens = path.tokens();
        let mut multiplied = self.multiplied;
        let mut at = &mut self.document;
        for (token, next) in tokens.iter().zip(tokens.iter().skip(1)) {
            let is_there = get(at, token).is_ok_and(|value| !value.is_null());
            if !is_there {
                let nulls = leading_nulls(next)?;
                let gap = gap_before(at, token);
                multiplied = multiplied.saturating_add(nulls.unwrap_or(0)).saturating_add(gap);
                if multiplied > MAX_MULTIPLIED {
                    return Err(Fault::TooLarge(MAX_MULTIPLIED));
                }
                let parent = nulls.map_or_else(
                    || Value::Object(Map::new()),
                    |nulls| vec![Value::Null; nulls].into(),
                );
                place_parent(at, token, gap, parent);
            }
            // A list addressed by a word cannot take a parent: the operation itself then says what is missing.
            let Ok(inside) = get_mut(at, token) else { break };
            if !is_container(inside) {
                return Err(Fault::NoParents(StepFault::NotAContainer));
            }
            at = inside;
        }
        self.multiplied = multiplied;
        Ok(())
    }

    fn multiply(&mut self, values: usize) -> Result<(), Fault> {
        self.multiplied = self.multiplied.saturating_add(values);
        if self.multiplied > MAX_MULTIPLIED {
            Err(Fault::TooLarge(MAX_MULTIPLIED))
        } else {
            Ok(())
        }
    }
}

/// How many nulls a new list must begin with so that it can hold `token`; nothing when a map must hold it.
fn leading_nulls(token: &str) -> Result<Option<usize>, Fault> {
    if token == "-" {
        return Ok(Some(0));
    }
    match parse_index(token) {
        Err(_) => Ok(None),
        Ok(index) if index < -1 => Err(Fault::NoParents(StepFault::NegativeParent(index))),
        Ok(index) => Ok(Some(usize::try_from(index).unwrap_or(0))),
    }
}

/// Nulls to append to a list before its place `token` exists.
fn gap_before(container: &Value, token: &str) -> usize {
    let (Value::Array(list), Ok(index)) = (container, parse_index(token)) else {
        return 0;
    };
    usize::try_from(index).map_or(0, |index| index.saturating_sub(list.len()))
}

fn place_parent(container: &mut Value, token: &str, gap: usize, parent: Value) {
    if let Value::Array(list) = container {
        let padded = list.len().saturating_add(gap);
        list.resize(padded, Value::Null);
    }
    match container::get_mut(container, token) {
        Ok(null) => *null = parent,
        // A token that fits no place is reported by the operation, which finds no parent there.
        Err(_) => drop(add(container, token, parent)),
    }
}

fn count(value: &Value) -> usize {
    let mut total = 0_usize;
    let mut open = vec![value];
    while let Some(next) = open.pop() {
        total = total.saturating_add(1);
        match next {
            Value::Object(map) => open.extend(map.values()),
            Value::Array(list) => open.extend(list),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    total
}

fn missing_path(operation: &'static str, what: &'static str, path: &Pointer, is_quoted: bool) -> Fault {
    Fault::MissingPath {
        operation,
        what,
        path: path.to_string(),
        is_quoted,
    }
}

fn not_done(operation: &'static str, subject: &'static str, at: String, cause: StepFault) -> Fault {
    Fault::NotDone {
        operation,
        subject,
        at,
        cause,
    }
}
