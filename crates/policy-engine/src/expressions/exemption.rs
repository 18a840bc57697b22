//! What exceptions of `policies.kyverno.io` say about one policy and one request.
//!
//! An exception without images and values exempts from the whole policy; one with them only tells the policy what is
//! allowed, as `exceptions.allowedImages` and `exceptions.allowedValues`. One that can't be judged exempts from nothing.
//!
//! Behaviour: Kyverno 1.19 `pkg/cel/policies/vpol/compiler/policy.go` (`evaluateWithData`).

use policy_cel::{Key, List, Map, Text, Value};

use super::conditions::{MatchConditions, Met};
use super::scene::Scene;
use crate::facts::Halt;

/// What one exception grants one kind of policy.
#[derive(Debug, Clone)]
pub struct Exemption {
    /// Conditions that must all hold.
    pub conditions: MatchConditions,
    /// Images that are allowed; with none and no values the exemption is whole.
    pub images: Vec<String>,
    /// Values that are allowed.
    pub values: Vec<String>,
    /// Whether what is exempt is reported as passed; else as skipped.
    pub reports_pass: bool,
    /// Of several the highest one says how to report; 0 where nothing is said.
    pub priority: i64,
}

/// What exceptions say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exempted {
    /// The policy does not apply.
    Wholly {
        /// The exceptions that apply, as `namespace/name`.
        keys: Vec<String>,
        /// Whether it is reported as passed.
        reports_pass: bool,
    },
    /// The policy applies; this is allowed.
    Partly {
        /// `exceptions.allowedImages`
        images: Vec<String>,
        /// `exceptions.allowedValues`
        values: Vec<String>,
    },
}

/// Judges `exemptions`, each with its key.
///
/// # Errors
/// [`Halt::Pending`]; [`Halt::Failed`] where conditions can't be judged and no other exception exempts wholly: then the
/// policy can't be judged, unless `errors_are_passed_over` (its `failurePolicy` is Ignore), when such an exception exempts
/// from nothing. A bound of ours alone is never passed over.
pub fn exempted(
    exemptions: &[(&str, &Exemption)],
    scene: &Scene<'_>,
    errors_are_passed_over: bool,
) -> Result<Exempted, Halt> {
    let (mut keys, mut images, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let (mut is_whole, mut pending, mut failure) = (false, false, None);
    let mut chosen: Option<(i64, bool)> = None;
    for (key, exemption) in exemptions {
        match exemption.conditions.met(scene) {
            Ok(Met::Not(_)) => {}
            Err(Halt::Pending) => pending = true,
            Err(Halt::Failed(cause)) => failure = failure.or(Some(cause)),
            Ok(Met::All) => {
                keys.push((*key).to_owned());
                if chosen.is_none_or(|(highest, _)| exemption.priority > highest) {
                    chosen = Some((exemption.priority, exemption.reports_pass));
                }
                is_whole |= exemption.images.is_empty() && exemption.values.is_empty();
                images.extend(exemption.images.iter().cloned());
                values.extend(exemption.values.iter().cloned());
            }
        }
    }
    match (pending, is_whole, failure) {
        (true, _, _) => Err(Halt::Pending),
        (false, true, _) => Ok(Exempted::Wholly {
            keys,
            reports_pass: chosen.is_some_and(|(_, reports_pass)| reports_pass),
        }),
        (false, false, Some(cause)) if !errors_are_passed_over || scene.ran_into_bound() => {
            Err(Halt::Failed(cause))
        }
        (false, false, _) => Ok(Exempted::Partly { images, values }),
    }
}

/// The variable `exceptions`.
pub(crate) fn exceptions_value<'v>(images: Vec<String>, values: Vec<String>) -> Value<'v> {
    let list = |texts: Vec<String>| {
        let values: Vec<Value<'v>> = texts.into_iter().map(Value::string).collect();
        Value::List(List::from(values))
    };
    let fields = [("allowedImages", list(images)), ("allowedValues", list(values))];
    let entries = fields.map(|(name, value)| (Key::String(Text::Borrowed(name)), value));
    Value::Map(entries.into_iter().collect::<Map<'v>>())
}
