//! One rule on one request: its variables, its budget, the world it may ask.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use policy_cel::{Activation, Answer, Budget, EvalError, Failure, Host, Program, Question, Value};

use super::variables::Variables;
use super::world::{World, json};
use super::{admission_request, questions};
use crate::facts::{FactError, FactRequest, Halt};

/// Where the expressions of one rule are evaluated. Each variable is computed once.
pub struct Scene<'v> {
    world: World<'v>,
    budget: Rc<Budget>,
    /// What was left of the budget when the view was last told what is spent
    told: Cell<u64>,
    variables: &'v Variables,
    computed: Vec<OnceCell<Result<Value<'v>, EvalError>>>,
    bound: Vec<(&'static str, Value<'v>)>,
    request: OnceCell<Value<'v>>,
    /// Whether an evaluation ran into a bound that is ours alone
    ran_into_bound: Cell<bool>,
    /// Whether there is a request around the object; else the object is all there is
    has_request: bool,
    /// Whether a namespace of which nothing is known has its name at least; else it is null
    names_namespace: bool,
}

impl std::fmt::Debug for Scene<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Scene")
            .field("world", &self.world)
            .finish_non_exhaustive()
    }
}

impl<'v> Scene<'v> {
    /// A scene with `variables` in `world`, with the budget that Kubernetes gives one policy.
    #[must_use]
    pub fn new(world: World<'v>, variables: &'v Variables) -> Self {
        let budget = Rc::<Budget>::default();
        Self {
            world,
            told: Cell::new(budget.left()),
            budget,
            variables,
            computed: (0..variables.len()).map(|_| OnceCell::new()).collect(),
            bound: Vec::new(),
            request: OnceCell::new(),
            ran_into_bound: Cell::new(false),
            has_request: true,
            names_namespace: false,
        }
    }

    /// The same scene in which the object is all there is: `request`, `oldObject` and `namespaceObject` are null.
    #[must_use]
    pub fn of_object_alone(mut self) -> Self {
        self.has_request = false;
        self
    }

    /// The same scene in which `namespaceObject` has its name even where there is no cluster to ask for more, as
    /// Kubernetes' expressions find it on Kyverno's command line.
    #[must_use]
    pub fn naming_namespaces(mut self) -> Self {
        self.names_namespace = true;
        self
    }

    /// The same scene with what is left of `other`'s budget: both are of one rule on one request.
    #[must_use]
    pub fn sharing(self, other: &Self) -> Self {
        self.spending(&other.budget)
    }

    /// The same scene with what is left of `budget`.
    #[must_use]
    pub fn spending(mut self, budget: &Rc<Budget>) -> Self {
        self.budget = Rc::clone(budget);
        self.told.set(self.budget.left());
        self
    }

    /// Binds a declared variable that the request does not give: `params`, `exceptions`, `images`. The last binding of a
    /// name counts.
    pub fn bind(&mut self, name: &'static str, value: Value<'v>) {
        self.bound.push((name, value));
    }

    /// The world around it.
    #[must_use]
    pub fn world(&self) -> &World<'v> {
        &self.world
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// [`Halt::Pending`] where a fact is missing; [`Halt::Failed`] with cel-go's text, limits included.
    pub fn evaluate(&self, program: &Program) -> Result<Value<'v>, Halt> {
        if self.world.view().is_overspent() {
            return Err(Halt::Pending);
        }
        let value = program.evaluate(self, self, &self.budget);
        self.tell_cost();
        value.map_err(|error| {
            if let Failure::Limit(limit) = error.failure()
                && self.budget.is_own(*limit)
            {
                self.ran_into_bound.set(true);
            }
            halt(&error)
        })
    }

    /// Whether an expression failed here because of a bound that Kyverno has not.
    ///
    /// `failurePolicy: Ignore` is about what fails in Kyverno too. Passing over our own bounds by it would let whoever writes the
    /// object choose which policies judge it.
    #[must_use]
    pub fn ran_into_bound(&self) -> bool {
        self.ran_into_bound.get()
    }

    /// Tells the view what was spent of the budget since it was told last, by whomever.
    pub fn tell_cost(&self) {
        let left = self.budget.left();
        let before = self.told.replace(left);
        self.world.view().spend(before.saturating_sub(left));
    }

    /// The value of an expression that is a truth.
    ///
    /// # Errors
    /// As [`Self::evaluate`]; also where the value is no truth after all.
    pub fn truth(&self, program: &Program) -> Result<bool, Halt> {
        let value = self.evaluate(program)?;
        value
            .as_bool()
            .ok_or_else(|| Halt::Failed(format!("expected a bool, found {}", value.type_name())))
    }

    fn namespace_object(&self) -> Result<Value<'v>, EvalError> {
        let request = self.world.request();
        let name = questions::namespace_of(request);
        if name.is_empty() {
            return Ok(Value::Null);
        }
        let wanted = FactRequest::Namespace {
            name: name.to_owned(),
        };
        match self.world.view().ask(&wanted) {
            None => Err(EvalError::pending()),
            Some(Ok(fact)) => json(fact).map_err(|_| EvalError::failed("the namespace is no JSON")),
            Some(Err(FactError::NoLoader(_))) if self.names_namespace => Ok(Value::from(serde_json::json!({
                "metadata": {"name": name}
            }))),
            Some(Err(FactError::NoLoader(_))) => Ok(Value::Null),
            Some(Err(error)) => Err(EvalError::failed(format!(
                "failed to get namespace `{name}`: {}",
                error.cause()
            ))),
        }
    }

    fn of_request(&self, name: &str) -> Result<Option<Value<'v>>, EvalError> {
        let request = self.world.request();
        let json = |object: &'v Option<std::sync::Arc<serde_json::Value>>| {
            Some(object.as_deref().map_or(Value::Null, Value::from))
        };
        Ok(match name {
            "object" if self.has_request => json(&request.object),
            "object" => json(if request.object.is_some() {
                &request.object
            } else {
                &request.old_object
            }),
            "oldObject" | "request" | "namespaceObject" if !self.has_request => Some(Value::Null),
            "oldObject" => json(&request.old_object),
            "request" => Some(
                self.request
                    .get_or_init(|| admission_request::value(request))
                    .clone(),
            ),
            "namespaceObject" => Some(self.namespace_object()?),
            "authorizer.requestResource" => Some(questions::request_resource(request)),
            _ => None,
        })
    }
}

impl<'v> Activation<'v> for Scene<'v> {
    fn variable(&self, name: &str) -> Result<Option<Value<'v>>, EvalError> {
        if let Some(place) = self.variables.place(name) {
            let (Some(cell), Some(program)) = (self.computed.get(place), self.variables.program(place))
            else {
                return Ok(None);
            };
            let computed = cell.get_or_init(|| program.evaluate(self, self, &self.budget));
            return computed.clone().map(Some);
        }
        if let Some((_, value)) = self.bound.iter().rev().find(|(bound, _)| *bound == name) {
            return Ok(Some(value.clone()));
        }
        self.of_request(name)
    }
}

impl<'v> Host<'v> for Scene<'v> {
    fn answer(&self, question: &Question<'_>) -> Answer<'v> {
        self.world.answer(question)
    }

    fn interrupted(&self) -> bool {
        self.tell_cost();
        self.world.view().is_overspent()
    }
}

/// Why an evaluation stopped, in the words of the engine.
#[must_use]
pub fn halt(error: &EvalError) -> Halt {
    match error.failure() {
        Failure::Pending => Halt::Pending,
        Failure::Failed(_) | Failure::Limit(_) => Halt::Failed(error.to_string()),
    }
}
