//! Conditions: `{any: […], all: […]}`, the older bare list, and the lists of blocks that attestations have.
//!
//! In: the policy's JSON; a scope. Out: whether the conditions are met, with the messages that say why.
//! A condition that can't be evaluated fails the whole: it is neither met nor unmet. Where facts are missing, the
//! conditions that may still count are evaluated too, so that one round asks for all of them.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/variables/evaluate.go, pkg/engine/utils/conditions (exceptions).

mod compile;

use std::borrow::Cow;

use serde_json::Value;

use super::operator::ConditionOperator;
use crate::compile_error::CompileError;
use crate::context::{JsonPath, Scope, Template};
use crate::facts::Halt;

/// Compiled conditions.
#[derive(Debug, Clone)]
pub struct Conditions {
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    /// All must be met
    List(Vec<Condition>),
    Block(Block),
    /// All must be met; every variable in them is replaced before any is judged
    Blocks(Vec<Block>),
}

/// Both parts must be met.
#[derive(Debug, Clone, Default)]
struct Block {
    /// One must be met; none, if the list is there and empty
    any: Option<Vec<Condition>>,
    /// Each must be met
    all: Vec<Condition>,
}

#[derive(Debug, Clone)]
struct Condition {
    key: Template,
    value: Template,
    operator: ConditionOperator,
    /// Shown as it is, except by attestations, which replace its variables
    message: String,
    message_template: Template,
    /// Where the condition stands in a list of blocks
    at: JsonPath,
}

/// Whether conditions are met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionOutcome {
    /// Whether they are.
    pub met: bool,
    /// Messages of the conditions that decided it, joined; may be empty.
    pub message: String,
}

impl Conditions {
    /// Compiles `{any, all}`, a bare list of conditions, or a list of `{any, all}` blocks; null is always met.
    ///
    /// # Errors
    /// Every fault of every condition.
    pub fn compile(conditions: &Value) -> Result<Self, Vec<CompileError>> {
        compile::form(conditions).map(|form| Self { form })
    }

    /// Judges them.
    ///
    /// # Errors
    /// [`Halt::Pending`] after asking for what is missing; [`Halt::Failed`] with Kyverno's text.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<ConditionOutcome, Halt> {
        match &self.form {
            Form::List(conditions) => evaluate_list(conditions, scope),
            Form::Block(block) => block.evaluate(&|condition| condition.evaluate(scope)),
            Form::Blocks(blocks) => evaluate_blocks(blocks, scope),
        }
    }

    /// Judges them as an exception's: all of `all`, then one of `any` where there is any.
    ///
    /// # Errors
    /// As [`Conditions::evaluate`].
    pub fn evaluate_for_exception(&self, scope: &Scope<'_>) -> Result<bool, Halt> {
        match &self.form {
            Form::Block(block) if block.any.as_ref().is_some_and(Vec::is_empty) => {
                let all_alone = Block {
                    any: None,
                    all: block.all.clone(),
                };
                all_alone
                    .evaluate(&|condition| condition.evaluate(scope))
                    .map(|outcome| outcome.met)
            }
            Form::List(_) | Form::Block(_) | Form::Blocks(_) => {
                self.evaluate(scope).map(|outcome| outcome.met)
            }
        }
    }
}

/// What judging one condition gives: whether it is met, and its message.
type Judged<'c> = Result<(bool, Cow<'c, str>), Halt>;

impl Condition {
    fn evaluate(&self, scope: &Scope<'_>) -> Judged<'_> {
        let root = JsonPath::root();
        let key = self.key.substitute(scope, &root);
        let value = self.value.substitute(scope, &root);
        let key = key.map_err(|halt| halt.within("failed to substitute variables in condition key"))?;
        let value = value.map_err(|halt| halt.within("failed to substitute variables in condition value"))?;
        Ok((self.operator.holds(&key, &value), Cow::Borrowed(&self.message)))
    }

    /// Its sides and message with all variables replaced.
    fn substituted(&self, scope: &Scope<'_>) -> Result<[Value; 3], Halt> {
        let mut open = Open::default();
        let mut sides = Vec::with_capacity(3);
        for (field, template) in [
            ("key", &self.key),
            ("message", &self.message_template),
            ("value", &self.value),
        ] {
            let side = template
                .substitute(scope, &self.at.field(field))
                .map(Cow::into_owned);
            sides.extend(open.take(side)?);
        }
        open.close()?;
        <[Value; 3]>::try_from(sides).map_err(|_| Halt::Pending)
    }
}

/// Counts what is still open while later parts are evaluated.
#[derive(Default)]
struct Open(bool);

impl Open {
    /// Keeps a value, remembers a missing fact, and lets a failure through unless something before it is open.
    fn take<T>(&mut self, part: Result<T, Halt>) -> Result<Option<T>, Halt> {
        match part {
            Ok(value) => Ok(Some(value)),
            Err(Halt::Pending) => {
                self.0 = true;
                Ok(None)
            }
            Err(Halt::Failed(_)) if self.0 => Err(Halt::Pending),
            Err(failed @ Halt::Failed(_)) => Err(failed),
        }
    }

    fn close(self) -> Result<(), Halt> {
        if self.0 { Err(Halt::Pending) } else { Ok(()) }
    }
}

/// The older form: stops at the first condition that is not met.
fn evaluate_list(conditions: &[Condition], scope: &Scope<'_>) -> Result<ConditionOutcome, Halt> {
    let mut messages = Vec::new();
    let mut open = Open::default();
    for condition in conditions {
        match open.take(condition.evaluate(scope))? {
            Some((true, message)) => messages.push(message),
            Some((false, message)) => {
                open.close()?;
                return Ok(ConditionOutcome {
                    met: false,
                    message: message.into_owned(),
                });
            }
            None => {}
        }
    }
    open.close()?;
    Ok(ConditionOutcome {
        met: true,
        message: joined(&messages, ";"),
    })
}

/// Blocks of an attestation: variables everywhere first, so that an unknown one is an error wherever it stands. What they
/// came to is data and is not searched again: a predicate can't smuggle in an expression.
fn evaluate_blocks(blocks: &[Block], scope: &Scope<'_>) -> Result<ConditionOutcome, Halt> {
    let mut open = Open::default();
    let mut sides = std::collections::HashMap::new();
    for condition in blocks
        .iter()
        .flat_map(|block| block.all.iter().chain(block.any.iter().flatten()))
    {
        if let Some(substituted) = open.take(condition.substituted(scope))? {
            sides.insert(condition.at.as_str(), substituted);
        }
    }
    open.close()?;
    let mut messages = Vec::new();
    for block in blocks {
        let outcome = block.evaluate(&|condition| {
            let Some([key, message, value]) = sides.get(condition.at.as_str()) else {
                return Err(Halt::Pending);
            };
            let message = message.as_str().unwrap_or_default().to_owned();
            Ok((condition.operator.holds(key, value), Cow::Owned(message)))
        })?;
        if !outcome.met {
            return Ok(outcome);
        }
        messages.push(Cow::Owned(outcome.message));
    }
    Ok(ConditionOutcome {
        met: true,
        message: joined(&messages, ";"),
    })
}

impl Block {
    fn evaluate<'c>(&'c self, judge: &dyn Fn(&'c Condition) -> Judged<'c>) -> Result<ConditionOutcome, Halt> {
        let (mut met, mut unmet) = (Vec::new(), Vec::new());
        let mut open = Open::default();
        let mut any_met = self.any.is_none();
        for condition in self.any.iter().flatten() {
            match open.take(judge(condition))? {
                Some((true, message)) => {
                    any_met = true;
                    met.push(message);
                    break;
                }
                Some((false, message)) => unmet.push(message),
                None => {}
            }
        }
        let mut all_met = true;
        for condition in &self.all {
            match open.take(judge(condition))? {
                Some((true, message)) => met.push(message),
                Some((false, message)) => {
                    all_met = false;
                    unmet.push(message);
                    break;
                }
                None => {}
            }
        }
        open.close()?;
        let both = any_met && all_met;
        Ok(ConditionOutcome {
            met: both,
            message: joined(if both { &met } else { &unmet }, "; "),
        })
    }
}

/// Joins what is not empty.
fn joined(messages: &[Cow<'_, str>], separator: &str) -> String {
    let said: Vec<&str> = messages
        .iter()
        .map(AsRef::as_ref)
        .filter(|message| !message.is_empty())
        .collect();
    said.join(separator)
}

#[cfg(test)]
mod tests;
