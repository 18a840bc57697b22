//! `validate.foreach`: a body judged for each element of a list.
//!
//! In: loops in order; the scope around them. Out: the first element's failure, or that all passed, or nothing where no
//! element counted. Missing facts of all elements and all loops are asked for in one round, so rounds don't grow with
//! the number of images.
//!
//! Behaviour: Kyverno 1.19 `validateForEach` in `pkg/engine/handlers/validation`, `pkg/engine/utils/foreach.go`.

use serde_json::Value;

use super::conditions::Conditions;
use super::validate::{Body, Run};
use crate::context::{ContextEntries, Query, Scope, is_loading_failure, json_text};
use crate::facts::Halt;
use crate::outcome::{RuleOutcome, Verdict};

/// One loop.
#[derive(Debug, Clone)]
pub(super) struct ForEach {
    pub(super) list: Query,
    pub(super) entries: ContextEntries,
    pub(super) preconditions: Option<Conditions>,
    /// Whether patterns are matched against the element; if it is a map, unless the policy says otherwise
    pub(super) element_scope: Option<bool>,
    pub(super) body: Body,
}

/// What became of one element.
enum Element {
    /// It does not count
    Ignored,
    Passed,
    /// The rule ends here
    Ends(Verdict),
}

impl ForEach {
    pub(super) fn judge_all(
        loops: &[Self],
        scope: &Scope<'_>,
        run: &Run<'_>,
    ) -> Result<Option<Verdict>, Halt> {
        let mut passed = 0_usize;
        let mut pending = false;
        let mut list_error = None;
        for each in loops {
            let list = match scope.search(&each.list) {
                Ok(list) => list,
                Err(Halt::Pending) => {
                    pending = true;
                    continue;
                }
                Err(Halt::Failed(why)) if is_loading_failure(&why) => {
                    let verdict = Verdict::new(RuleOutcome::Error, format!("failed to evaluate list: {why}"));
                    return if pending {
                        Err(Halt::Pending)
                    } else {
                        Ok(Some(verdict))
                    };
                }
                // the list is not there
                Err(Halt::Failed(why)) if why.contains("Unknown key") => continue,
                Err(Halt::Failed(why)) => {
                    list_error = Some(why);
                    continue;
                }
            };
            for (index, element) in elements(&list) {
                match each.judge(element, index, scope, run) {
                    Ok(Element::Ignored) => {}
                    Ok(Element::Passed) => passed += 1,
                    Ok(Element::Ends(_)) if pending => return Err(Halt::Pending),
                    Ok(Element::Ends(verdict)) => return Ok(Some(verdict)),
                    Err(Halt::Pending) => pending = true,
                    Err(Halt::Failed(why)) => {
                        let verdict = Verdict::new(RuleOutcome::Error, format!("validation failure: {why}"));
                        return if pending {
                            Err(Halt::Pending)
                        } else {
                            Ok(Some(verdict))
                        };
                    }
                }
            }
        }
        match (pending, passed, list_error) {
            (true, _, _) => Err(Halt::Pending),
            (false, 0, None) => Ok(None),
            (false, 0, Some(why)) => Ok(Some(Verdict::new(
                RuleOutcome::Error,
                format!("failed to evaluate list: {why}"),
            ))),
            (false, _, _) => Ok(Some(Verdict::new(RuleOutcome::Pass, "rule passed"))),
        }
    }

    fn judge(
        &self,
        element: &Value,
        index: usize,
        scope: &Scope<'_>,
        run: &Run<'_>,
    ) -> Result<Element, Halt> {
        let is_scoped = self.element_scope.unwrap_or(element.is_object());
        if is_scoped && !element.is_object() {
            let found = json_text::type_name(element);
            let why = format!(
                "failed to process foreach: cannot use elementScope=true foreach rules for elements that are not maps, expected type=map got type={found}"
            );
            return Ok(Element::Ends(Verdict::new(RuleOutcome::Error, why)));
        }
        let inner = scope.element(element, index, run.nesting, &self.entries);
        if let Some(preconditions) = &self.preconditions {
            match preconditions.evaluate(&inner) {
                Ok(outcome) if outcome.met => {}
                Ok(_) => return Ok(Element::Ignored),
                Err(Halt::Pending) => return Err(Halt::Pending),
                // a world that does not answer is no reason to look away
                Err(Halt::Failed(why)) if is_loading_failure(&why) => {
                    return Err(Halt::Failed(format!("failed to evaluate preconditions: {why}")));
                }
                // an element that is not shaped as the preconditions expect is left out, as in the source
                Err(Halt::Failed(_)) => return Ok(Element::Ignored),
            }
        }
        let around = if is_scoped { Some(element) } else { run.element };
        let inner_run = Run {
            element: around,
            nesting: run.nesting + 1,
            ..*run
        };
        let Some(verdict) = self.body.judge(&inner, &inner_run)? else {
            return Ok(Element::Ignored);
        };
        Ok(match verdict.outcome {
            RuleOutcome::Skip => Element::Ignored,
            RuleOutcome::Pass => Element::Passed,
            RuleOutcome::Fail | RuleOutcome::Error | RuleOutcome::Warn => {
                let message = format!("validation failure: {}", verdict.message);
                Element::Ends(Verdict { message, ..verdict })
            }
        })
    }
}

/// A list as elements, each with its index; null ones do not count, and what is no list is a list of itself.
pub(super) fn elements(list: &Value) -> impl DoubleEndedIterator<Item = (usize, &Value)> {
    let items = list
        .as_array()
        .map_or_else(|| std::slice::from_ref(list), Vec::as_slice);
    items.iter().enumerate().filter(|(_, element)| !element.is_null())
}
