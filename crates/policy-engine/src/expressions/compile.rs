//! One expression, compiled, with the type it must have.

use policy_cel::{Environment, Program, Type};
use serde_json::Value;

use crate::compile_error::CompileError;

/// What an expression must give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// `bool`
    Bool,
    /// `string`
    Text,
    /// `string` or `null_type`
    TextOrNull,
    /// Anything
    Any,
}

impl Output {
    /// Exactly, as Kyverno has it: `dyn` is none of them, for what it holds is known too late.
    fn accepts(self, found: &Type) -> bool {
        match self {
            Self::Bool => *found == Type::Bool,
            Self::Text => *found == Type::String,
            Self::TextOrNull => matches!(found, Type::String | Type::Null),
            Self::Any => true,
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Bool => "of type bool",
            Self::Text => "of type string",
            Self::TextOrNull => "either of type string or null_type",
            Self::Any => "of any type",
        }
    }
}

/// Compiles `text`.
///
/// # Errors
/// Every fault, in the words of cel-go, with its place in the expression.
pub fn compile(environment: &Environment, text: &str, output: Output) -> Result<Program, Vec<CompileError>> {
    let program = environment
        .compile(text)
        .map_err(|errors| errors.iter().map(told).collect::<Vec<_>>())?;
    let found = program.result_type();
    if output.accepts(found) {
        return Ok(program);
    }
    let message = format!("output is expected to be {}, found {found}", output.expected());
    Err(vec![CompileError::new("", message)])
}

/// Compiles the text in `holder`'s field `name`; an absent text is an empty one, which is no expression.
///
/// # Errors
/// As [`compile`], at the path of the field.
pub fn compile_field(
    environment: &Environment,
    holder: &Value,
    name: &str,
    output: Output,
) -> Result<Program, Vec<CompileError>> {
    let text = holder.get(name).and_then(Value::as_str).unwrap_or_default();
    let compiled = compile(environment, text, output);
    compiled.map_err(|errors| errors.into_iter().map(|error| error.under(name)).collect())
}

/// One line: what is wrong, where, and which name was perhaps meant.
fn told(error: &policy_cel::CompileError) -> CompileError {
    let mut message = error.message.clone();
    if let Some(at) = error.position {
        message.push_str(&match at.line {
            1 => format!(" (column {})", at.column),
            line => format!(" (line {line}, column {})", at.column),
        });
    }
    if let Some(name) = &error.suggestion {
        message.push_str(&format!(" (did you mean `{name}`?)"));
    }
    CompileError::new("", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expressions::Dialect;

    fn fault(text: &str, output: Output) -> String {
        let environment = Dialect::ValidatingPolicy(policy_cel::Scope::Cluster).environment();
        let errors = compile(&environment, text, output).unwrap_err();
        errors[0].message.clone()
    }

    #[test]
    fn an_expression_of_the_wrong_type_is_refused() {
        assert_eq!(
            fault("1 + 1", Output::Bool),
            "output is expected to be of type bool, found int"
        );
        assert_eq!(
            fault("object.spec", Output::Bool),
            "output is expected to be of type bool, found dyn"
        );
    }

    #[test]
    fn a_name_that_is_not_declared_is_told_with_its_place_and_the_nearest_one() {
        let fault = fault("objekt.spec == 1", Output::Bool);
        assert!(fault.starts_with("undeclared reference to 'objekt'"), "{fault}");
        assert!(fault.ends_with("(column 1) (did you mean `object`?)"), "{fault}");
    }
}
