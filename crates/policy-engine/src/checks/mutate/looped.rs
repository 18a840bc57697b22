//! `mutate.foreach`: a patch for each element of a list, each on what the one before made.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::super::conditions::Conditions;
use super::super::foreach::elements;
use super::Change;
use crate::context::{ContextEntries, Query, RequestDocument, Scope, json_text};
use crate::facts::Halt;

/// One loop.
#[derive(Debug, Clone)]
pub(super) struct Loop {
    pub(super) list: Query,
    pub(super) entries: ContextEntries,
    pub(super) preconditions: Option<Conditions>,
    /// The last element first: merged list elements are put in front, so this keeps their order
    pub(super) descending: bool,
    pub(super) change: Change,
}

/// What loops did.
pub(super) struct Done {
    pub(super) changed: Option<Value>,
    /// Loops that changed something
    pub(super) applied: usize,
}

/// Runs loops in order; each sees the object as the one before left it.
pub(super) fn apply_all(
    loops: &[Loop],
    scope: &Scope<'_>,
    object: &Value,
    nesting: usize,
) -> Result<Done, Halt> {
    let mut current = Cow::Borrowed(object);
    let mut applied = 0_usize;
    let mut pending = false;
    for each in loops {
        let changed = match &current {
            Cow::Borrowed(object) => each.apply(scope, object, nesting),
            Cow::Owned(object) => {
                let request = scope.request();
                let changed = request.request().with_object(Arc::new(object.clone()));
                let document = RequestDocument::new(&changed, request.registry());
                each.apply(&scope.with_request(&document), object, nesting)
            }
        };
        match changed {
            Ok(Some(changed)) => {
                applied += 1;
                current = Cow::Owned(changed);
            }
            Ok(None) => {}
            Err(Halt::Pending) => pending = true,
            Err(Halt::Failed(_)) if pending => return Err(Halt::Pending),
            Err(failed @ Halt::Failed(_)) => return Err(failed),
        }
    }
    if pending {
        return Err(Halt::Pending);
    }
    let changed = match current {
        Cow::Borrowed(_) => None,
        Cow::Owned(changed) => Some(changed),
    };
    Ok(Done { changed, applied })
}

impl Loop {
    fn apply(&self, scope: &Scope<'_>, object: &Value, nesting: usize) -> Result<Option<Value>, Halt> {
        let list = scope
            .search(&self.list)
            .map_err(|halt| halt.within(&format!("failed to evaluate list {}", self.list.text())))?;
        let mut order: Vec<_> = elements(&list).collect();
        if self.descending {
            order.reverse();
        }
        let mut current = Cow::Borrowed(object);
        let mut pending = false;
        for (index, element) in order {
            let inner = scope.element(element, index, nesting, &self.entries);
            match self.one(&inner, &current, index, nesting) {
                Ok(Some(changed)) => current = Cow::Owned(changed),
                Ok(None) => {}
                Err(Halt::Pending) => pending = true,
                Err(Halt::Failed(_)) if pending => return Err(Halt::Pending),
                Err(failed @ Halt::Failed(_)) => return Err(failed.within("failed to mutate elements")),
            }
        }
        if pending {
            return Err(Halt::Pending);
        }
        let changed = current.into_owned();
        Ok((!json_text::equal(&changed, object)).then_some(changed))
    }

    fn one(
        &self,
        scope: &Scope<'_>,
        object: &Value,
        index: usize,
        nesting: usize,
    ) -> Result<Option<Value>, Halt> {
        if let Some(preconditions) = &self.preconditions {
            let outcome = preconditions.evaluate(scope).map_err(|halt| {
                halt.within(&format!(
                    "failed to evaluate mutate.foreach[{index}].preconditions"
                ))
            })?;
            if !outcome.met {
                return Ok(None);
            }
        }
        match &self.change {
            Change::Patch(patch) => patch.apply(scope, object),
            Change::Loops(loops) => apply_all(loops, scope, object, nesting + 1).map(|done| done.changed),
        }
    }
}
