//! `vouchsafe jp query|parse|function`: try JMESPath expressions in the dialect that policies use.
//!
//! Behaviour: Kyverno 1.19 `kyverno jp`; spec: engine-and-cli §9.3.

use clap::{Args, Subcommand};
use jmespath::{Environment, Expression, Limits, functions};
use serde_json::Value;

use crate::console::Console;
use crate::exit_code::{EXIT_AGAINST, EXIT_OK};
use crate::host::now_ns;
use crate::input::{InputError, read_file};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Evaluate expressions over a YAML or JSON document
    Query(Query),
    /// Print the syntax tree of expressions
    Parse(Parse),
    /// Describe the functions that Kyverno adds to the language
    Function(Functions),
}

#[derive(Debug, Args)]
struct Query {
    /// Document to look into; standard input where it is left out
    #[arg(short, long, value_name = "FILE")]
    input: Option<String>,
    /// Files that hold one expression each
    #[arg(short, long = "query", value_name = "FILE")]
    queries: Vec<String>,
    /// Print JSON on one line
    #[arg(short, long)]
    compact: bool,
    /// Print strings without quotes
    #[arg(short, long)]
    unquoted: bool,
    /// Expressions
    expressions: Vec<String>,
}

#[derive(Debug, Args)]
struct Parse {
    /// Files that hold one expression each
    #[arg(short, long = "file", value_name = "FILE")]
    files: Vec<String>,
    /// Expressions
    expressions: Vec<String>,
}

#[derive(Debug, Args)]
struct Functions {
    /// Names of functions; all where none is named
    names: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, console: &mut Console) -> u8 {
    let done = match &arguments.action {
        Action::Query(query) => self::query(query, console),
        Action::Parse(parse) => self::parse(parse, console),
        Action::Function(functions) => self::describe(functions, console),
    };
    match done {
        Ok(()) => EXIT_OK,
        Err(error) => {
            console.note(&format!("Error: {error}"));
            EXIT_AGAINST
        }
    }
}

/// Expressions from files and arguments, in this order; standard input where there are none.
fn expressions(files: &[String], arguments: &[String]) -> Result<Vec<String>, InputError> {
    let read = |path: &str| -> Result<String, InputError> {
        let text = String::from_utf8(read_file(path)?)
            .map_err(|_| InputError::Malformed(format!("`{path}` is no text")))?;
        Ok(text.trim().to_owned())
    };
    let mut expressions: Vec<String> = files.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    expressions.extend(arguments.iter().cloned());
    if expressions.is_empty() {
        expressions.push(read("-")?);
    }
    Ok(expressions)
}

fn compile(text: &str) -> Result<Expression, InputError> {
    Expression::compile(text).map_err(|error| {
        InputError::Malformed(format!(
            "error evaluating JMESPath expression: {error}\n{}",
            error.highlight()
        ))
    })
}

/// The value of an expression over a document, as files of tests name them.
///
/// # Errors
/// [`InputError`] with the expression's own error.
pub(crate) fn evaluate_text(text: &str, document: &Value) -> Result<Value, InputError> {
    evaluate(&compile(text)?, document)
}

fn query(query: &Query, console: &mut Console) -> Result<(), InputError> {
    if query.input.is_none() && query.queries.is_empty() && query.expressions.is_empty() {
        return Err(InputError::Malformed(
            "at least one query or input object is required".to_owned(),
        ));
    }
    let path = query.input.as_deref().unwrap_or("-");
    let bytes = read_file(path)?;
    let text =
        std::str::from_utf8(&bytes).map_err(|_| InputError::Malformed(format!("`{path}` is no text")))?;
    let document = manifest::read_yaml_value(text)
        .map_err(|error| InputError::Malformed(format!("error converting YAML to JSON: yaml: {error}")))?;
    for text in expressions(&query.queries, &query.expressions)? {
        let result = evaluate(&compile(&text)?, &document)?;
        console.line(&format!("# {text}"));
        console.line(&shown(&result, query));
    }
    Ok(())
}

fn evaluate(expression: &Expression, document: &Value) -> Result<Value, InputError> {
    let failed =
        |cause: String| InputError::Malformed(format!("error evaluating JMESPath expression: {cause}"));
    let now = jiff::Timestamp::from_nanosecond(now_ns()).map_err(|error| failed(error.to_string()))?;
    let seed = u64::try_from(now.as_nanosecond().rem_euclid(i128::from(u64::MAX))).unwrap_or_default();
    let environment = Environment::at(now, seed);
    let found = expression
        .evaluate(document, &environment, Limits::default())
        .map_err(|error| failed(error.to_string()))?;
    found.to_json().map_err(|error| failed(error.to_string()))
}

fn shown(value: &Value, query: &Query) -> String {
    match value.as_str() {
        Some(text) if query.unquoted => text.to_owned(),
        _ if query.compact => value.to_string(),
        _ => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}

fn parse(parse: &Parse, console: &mut Console) -> Result<(), InputError> {
    for text in expressions(&parse.files, &parse.expressions)? {
        let expression = compile(&text)?;
        console.line(&format!("# {text}"));
        console.print(&expression.tree().to_string());
        console.print("\n");
    }
    Ok(())
}

fn describe(wanted: &Functions, console: &mut Console) -> Result<(), InputError> {
    let all = functions::catalog();
    for name in &wanted.names {
        if !all.iter().any(|function| function.name == name) {
            return Err(InputError::Malformed(format!(
                "unknown function `{name}`: `vouchsafe jp function` lists them"
            )));
        }
    }
    for function in all
        .iter()
        .filter(|function| wanted.names.is_empty() || wanted.names.iter().any(|name| function.name == name))
    {
        console.line(&format!("Name: {}", function.name));
        console.line(&format!("  Signature: {}", function.signature()));
        console.line(&format!("  Note:      {}", function.note));
        console.line("");
    }
    Ok(())
}
