//! What a function of the language is, and what it sees of the evaluation that calls it.

use crate::environment::Environment;
use crate::error::{ArgumentType, EvaluationError, FunctionFault, RegexError};
use crate::limits::Budget;
use crate::regular_expression::{GoRegex, RegexCache};
use crate::term::{ArrayView, Term, View};
use std::rc::Rc;

/// The result of an evaluation.
pub(crate) type Outcome<'a> = Result<Term<'a>, EvaluationError>;

/// A function of the language.
#[derive(Debug)]
pub struct Function {
    /// Its name
    pub name: &'static str,
    /// For each argument, the types it may have. No entry: any arguments are taken.
    pub arguments: &'static [&'static [ArgumentType]],
    /// Whether the last argument may be repeated
    pub variadic: bool,
    /// The type of its result
    pub returns: ArgumentType,
    /// What it does, in a sentence; empty for the built-in functions of the language
    pub note: &'static str,
    pub(crate) run: for<'c, 'a> fn(&Call<'c, 'a>) -> Outcome<'a>,
}

/// Evaluates the expressions that a function is given.
pub(crate) trait Apply<'a> {
    /// The expression's value for `value`; a key that is not found is null.
    fn apply(&self, expression: &Term<'a>, value: Term<'a>) -> Outcome<'a>;

    /// The same, a key that is not found being an error.
    fn apply_strictly(&self, expression: &Term<'a>, value: Term<'a>) -> Outcome<'a>;
}

/// One call.
pub(crate) struct Call<'c, 'a> {
    pub(crate) function: &'static Function,
    pub(crate) arguments: &'c [Term<'a>],
    pub(crate) evaluator: &'c dyn Apply<'a>,
    pub(crate) environment: &'c Environment<'c>,
    pub(crate) budget: &'c Budget,
    pub(crate) regexes: &'c RegexCache,
}

impl Function {
    /// `name(type, type|type) type`, as `jp function` prints it.
    #[must_use]
    pub fn signature(&self) -> String {
        let argument = |types: &&[ArgumentType]| types.iter().map(|t| t.name()).collect::<Vec<_>>().join("|");
        let arguments: Vec<String> = self.arguments.iter().map(argument).collect();
        format!("{}({}) {}", self.name, arguments.join(", "), self.returns.name())
    }

    /// Whether the arguments are as many, and of the types, that the function takes.
    pub(crate) fn check(&self, arguments: &[Term<'_>]) -> Result<(), EvaluationError> {
        let Some(last) = self.arguments.last() else {
            return Ok(());
        };
        if self.variadic && arguments.len() < self.arguments.len() {
            return Err(EvaluationError::Arity);
        }
        if !self.variadic && arguments.len() != self.arguments.len() {
            return Err(EvaluationError::ArgumentCount);
        }
        let declared = self.arguments.iter().chain(std::iter::repeat(last));
        for (argument, expected) in arguments.iter().zip(declared) {
            if !expected.iter().any(|kind| has_type(argument, *kind)) {
                return Err(EvaluationError::ArgumentType {
                    value: argument.to_go_text().into(),
                    expected,
                });
            }
        }
        Ok(())
    }
}

impl<'a> Call<'_, 'a> {
    /// An argument; null where none was given, which `check` leaves to functions that take any arguments.
    pub(crate) fn argument(&self, index: usize) -> Term<'a> {
        self.arguments.get(index).cloned().unwrap_or(Term::Null)
    }

    /// An argument that is a text.
    pub(crate) fn text(&self, index: usize) -> Result<&str, EvaluationError> {
        let text = self.arguments.get(index).and_then(Term::as_str);
        text.ok_or_else(|| self.wrong_type(index, "string"))
    }

    /// An argument that is a number.
    pub(crate) fn number(&self, index: usize) -> Result<f64, EvaluationError> {
        let number = self.arguments.get(index).and_then(Term::as_number);
        number.ok_or_else(|| self.wrong_type(index, "float64"))
    }

    /// An argument that is a list.
    pub(crate) fn array(&self, index: usize) -> Result<ArrayView<'_, 'a>, EvaluationError> {
        match self.arguments.get(index).map(Term::view) {
            Some(View::Array(items)) => Ok(items),
            _ => Err(self.wrong_type(index, "Array")),
        }
    }

    /// An argument as text where numbers count as text too.
    pub(crate) fn text_or_number(&self, index: usize) -> Result<String, EvaluationError> {
        let text = self.arguments.get(index).and_then(as_plain_text);
        text.ok_or_else(|| self.wrong_type(index, "String or Real"))
    }

    pub(crate) fn wrong_type(&self, index: usize, wanted: &'static str) -> EvaluationError {
        self.fault(FunctionFault::ArgumentType {
            index: index.saturating_add(1),
            wanted,
        })
    }

    pub(crate) fn fault(&self, fault: FunctionFault) -> EvaluationError {
        EvaluationError::Function {
            function: self.function.name,
            fault,
        }
    }

    /// A text as a result, paid for.
    pub(crate) fn made_text(&self, text: impl Into<Rc<str>>) -> Outcome<'a> {
        let text: Rc<str> = text.into();
        self.budget.bytes(text.len())?;
        Ok(Term::Text(text))
    }

    /// A list as a result, paid for.
    pub(crate) fn made_array(&self, items: Vec<Term<'a>>) -> Outcome<'a> {
        self.budget.elements(items.len())?;
        Ok(Term::array(items))
    }

    pub(crate) fn regex(&self, pattern: &str) -> Result<Result<GoRegex, RegexError>, EvaluationError> {
        self.budget.step(pattern.len())?;
        self.regexes.compiled(pattern).map_err(EvaluationError::Limit)
    }
}

/// Text, number or boolean as text; numbers pass through float32, as in Kyverno.
pub(crate) fn as_plain_text(term: &Term<'_>) -> Option<String> {
    match term.view() {
        View::Text(text) => Some(text.to_owned()),
        View::Number(number) => Some(scalars::numbers::format_f32(number)),
        View::Bool(value) => Some(value.to_string()),
        View::Null | View::Array(_) | View::Object(_) | View::Opaque => None,
    }
}

fn has_type(term: &Term<'_>, kind: ArgumentType) -> bool {
    let all = |is: fn(&Term<'_>) -> bool| match term.view() {
        View::Array(items) => items.iter().all(|item| is(&item)),
        View::Null | View::Bool(_) | View::Number(_) | View::Text(_) | View::Object(_) | View::Opaque => {
            false
        }
    };
    match kind {
        ArgumentType::Any => true,
        ArgumentType::Number => matches!(term.view(), View::Number(_)),
        ArgumentType::String => term.as_str().is_some(),
        ArgumentType::Array => matches!(term.view(), View::Array(_)),
        ArgumentType::Object => matches!(term.view(), View::Object(_)),
        ArgumentType::Bool => matches!(term.view(), View::Bool(_)),
        ArgumentType::Expression => matches!(term, Term::Expression(_)),
        ArgumentType::NumberArray => all(|item| item.as_number().is_some()),
        ArgumentType::StringArray => all(|item| item.as_str().is_some()),
    }
}
