//! `mutate` and `mutate.foreach` compiled, all faults at once.

use serde_json::Value;

use super::super::conditions::Conditions;
use super::super::validate::MAX_LOOP_NESTING;
use super::Change;
use super::looped::Loop;
use super::patch::PatchTemplate;
use crate::compile_error::CompileError;
use crate::context::{ContextEntries, JsonPath, Query, Template};

type Faults = Vec<CompileError>;

pub(super) fn change(mutate: &Value) -> Result<Change, Faults> {
    change_at(mutate, "/mutate", 0)
}

/// `prefix` is where the patches stand in the document that errors speak of.
fn change_at(holder: &Value, prefix: &str, nesting: usize) -> Result<Change, Faults> {
    let present = |field: &str| {
        holder
            .get(field)
            .filter(|value| !value.is_null() && **value != "")
    };
    let at = |field: &str| JsonPath::parse(prefix).field(field);
    let (strategic, json, loops) = (
        present("patchStrategicMerge"),
        present("patchesJson6902"),
        present("foreach"),
    );
    let (field, compiled) = match (strategic, json, loops) {
        (Some(patch), None, None) => {
            let at = at("patchStrategicMerge");
            let template = Template::compile_at(patch, &at);
            (
                "patchStrategicMerge",
                template.map(|template| Change::Patch(PatchTemplate::Strategic { template, at })),
            )
        }
        (None, Some(patch), None) => {
            let at = at("patchesJson6902");
            let template = Template::compile_at(patch, &at);
            (
                "patchesJson6902",
                template.map(|template| Change::Patch(PatchTemplate::Json { template, at })),
            )
        }
        (None, None, Some(_)) if nesting >= MAX_LOOP_NESTING => (
            "foreach",
            Err(vec![CompileError::new(
                "",
                format!("loops nest deeper than {MAX_LOOP_NESTING} levels"),
            )]),
        ),
        (None, None, Some(loops)) => ("foreach", all_loops(loops, nesting).map(Change::Loops)),
        _ => {
            let why = "exactly one of patchStrategicMerge, patchesJson6902, foreach is required";
            return Err(vec![CompileError::new("", why)]);
        }
    };
    compiled.map_err(|faults| under(faults, field))
}

fn all_loops(list: &Value, nesting: usize) -> Result<Vec<Loop>, Faults> {
    let Value::Array(items) = list else {
        return Err(vec![CompileError::new("", "expected a list")]);
    };
    let mut loops = Vec::with_capacity(items.len());
    let mut faults = Vec::new();
    for (index, item) in items.iter().enumerate() {
        loops.extend(keep(one_loop(item, nesting), &format!("[{index}]"), &mut faults));
    }
    if faults.is_empty() { Ok(loops) } else { Err(faults) }
}

fn one_loop(item: &Value, nesting: usize) -> Result<Loop, Faults> {
    let mut faults = Vec::new();
    let list = Query::compile(item.get("list").and_then(Value::as_str).unwrap_or_default());
    let list = keep(
        list.map_err(|why| vec![CompileError::new("", why)]),
        "list",
        &mut faults,
    );
    let entries = ContextEntries::compile(item.get("context").unwrap_or(&Value::Null));
    let entries = keep(entries, "context", &mut faults);
    let preconditions = match item.get("preconditions").filter(|value| !value.is_null()) {
        Some(conditions) => keep(Conditions::compile(conditions), "preconditions", &mut faults).map(Some),
        None => Some(None),
    };
    let change = keep(change_at(item, "", nesting + 1), "", &mut faults);
    let is_merge = matches!(change, Some(Change::Patch(PatchTemplate::Strategic { .. })));
    let descending = match item.get("order").and_then(Value::as_str) {
        None | Some("") => is_merge,
        Some("Ascending") => false,
        Some("Descending") => true,
        Some(other) => {
            faults.push(CompileError::new(
                "order",
                format!("`{other}` is none of Ascending, Descending"),
            ));
            false
        }
    };
    match (list, entries, preconditions, change) {
        (Some(list), Some(entries), Some(preconditions), Some(change)) if faults.is_empty() => Ok(Loop {
            list,
            entries,
            preconditions,
            descending,
            change,
        }),
        _ => Err(faults),
    }
}

fn keep<T>(compiled: Result<T, Faults>, field: &str, faults: &mut Faults) -> Option<T> {
    compiled.map_err(|inner| faults.extend(under(inner, field))).ok()
}

fn under(faults: Faults, field: &str) -> Faults {
    if field.is_empty() {
        return faults;
    }
    faults.into_iter().map(|fault| fault.under(field)).collect()
}
