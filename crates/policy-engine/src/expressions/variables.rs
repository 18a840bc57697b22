//! `variables` of a policy: each may use those before it, and is computed once, when it is first named.

use std::sync::Arc;

use policy_cel::{Environment, Program, Type};
use serde_json::Value;

use super::compile::{Output, compile_field};
use crate::compile_error::CompileError;

/// Most variables of one policy.
const MOST_VARIABLES: usize = 256;
/// How deep expressions may stand inside one another when variables are computed, counted in levels of their syntax trees.
///
/// Variables are computed where they are named, on the stack of what names them; one level takes at most 2 KiB, of which
/// threads have 2 MiB.
const DEEPEST_CHAIN: usize = 450;
/// Name under which variables are declared.
const VARIABLES: &str = "variables";

/// Compiled variables, in order.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    entries: Vec<Variable>,
}

#[derive(Debug, Clone)]
struct Variable {
    name: Arc<str>,
    program: Program,
    /// Levels of its own expression and of the deepest chain of variables below it
    levels: usize,
}

impl Variables {
    /// Compiles the list `written` over `environment`; gives also the environment in which they are declared.
    ///
    /// # Errors
    /// Every fault of every variable, with its path in the list. A variable with a fault may have any value for those
    /// after it, so that one mistake is told once.
    pub fn compile(
        environment: &Environment,
        written: Option<&Value>,
    ) -> Result<(Self, Environment), Vec<CompileError>> {
        let written = written.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if written.len() > MOST_VARIABLES {
            let message = format!("more than {MOST_VARIABLES} variables");
            return Err(vec![CompileError::new("", message)]);
        }
        let mut errors = Vec::new();
        let mut known = Self::default();
        let mut types: Vec<(&str, Type)> = Vec::new();
        let mut declared = declare(environment, &types);
        for (index, variable) in written.iter().enumerate() {
            let name = variable.get("name").and_then(Value::as_str).unwrap_or_default();
            let compiled = compile_field(&declared, variable, "expression", Output::Any)
                .and_then(|program| known.add(name, program));
            types.push((name, known.type_of(name)));
            if let Err(found) = compiled {
                errors.extend(found.into_iter().map(|error| error.under(&format!("[{index}]"))));
            }
            declared = declare(environment, &types);
        }
        if errors.is_empty() {
            Ok((known, declared))
        } else {
            Err(errors)
        }
    }

    fn add(&mut self, name: &str, program: Program) -> Result<(), Vec<CompileError>> {
        let levels = self.levels_of(&program);
        if levels > DEEPEST_CHAIN {
            let message = format!("variables that use one another nest deeper than {DEEPEST_CHAIN} levels");
            return Err(vec![CompileError::new("expression", message)]);
        }
        self.entries.push(Variable {
            name: name.into(),
            program,
            levels,
        });
        Ok(())
    }

    fn levels_of(&self, program: &Program) -> usize {
        let used = program.variables().filter_map(|name| self.place(name));
        let below = used
            .filter_map(|place| self.entries.get(place))
            .map(|variable| variable.levels);
        usize::from(program.depth()).saturating_add(below.max().unwrap_or(0))
    }

    fn type_of(&self, name: &str) -> Type {
        let found = self.entries.iter().rev().find(|variable| *variable.name == *name);
        found.map_or(Type::Dyn, |variable| variable.program.result_type().clone())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The place of the variable that expressions call `variables.x`.
    pub(super) fn place(&self, dotted: &str) -> Option<usize> {
        let name = dotted.strip_prefix(VARIABLES)?.strip_prefix('.')?;
        self.entries.iter().rposition(|variable| *variable.name == *name)
    }

    /// The program at a place.
    pub(super) fn program(&self, place: usize) -> Option<&Program> {
        self.entries.get(place).map(|variable| &variable.program)
    }
}

fn declare(environment: &Environment, types: &[(&str, Type)]) -> Environment {
    let fields = types.iter().map(|(name, of)| (*name, of.clone()));
    environment.extend().lazy_object(VARIABLES, fields).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expressions::Dialect;
    use serde_json::json;

    fn compiled(written: &Value) -> Result<(Variables, Environment), Vec<CompileError>> {
        let environment = Dialect::ValidatingPolicy(policy_cel::Scope::Cluster).environment();
        Variables::compile(&environment, Some(written))
    }

    #[test]
    fn a_variable_may_use_those_before_it_and_no_others() {
        let ordered =
            json!([{"name": "a", "expression": "1"}, {"name": "b", "expression": "variables.a + 1"}]);
        let (variables, environment) = compiled(&ordered).unwrap();
        assert_eq!(variables.len(), 2);
        assert!(environment.compile("variables.b == 2").is_ok());
        assert!(environment.compile("variables.c == 2").is_err());
        let errors =
            compiled(&json!([{"name": "b", "expression": "variables.a"}, {"name": "a", "expression": "1"}]))
                .unwrap_err();
        assert_eq!(errors[0].path, "[0].expression");
        assert!(errors[0].message.contains("undefined field 'a'"), "{}", errors[0]);
    }

    #[test]
    fn one_mistake_is_told_once() {
        let written =
            json!([{"name": "a", "expression": "nope"}, {"name": "b", "expression": "variables.a == 1"}]);
        assert_eq!(compiled(&written).unwrap_err().len(), 1);
    }

    /// The attack: each variable names the one before it at the bottom of a deep expression, so that computing the last
    /// one overflows the stack and takes the process down.
    #[test]
    fn a_chain_of_deep_variables_is_refused_when_the_policy_is_loaded() {
        let deep = |inner: &str| format!("{}{inner}", "1 + ".repeat(200));
        let mut written = vec![json!({"name": "v0", "expression": "1"})];
        for at in 1..20 {
            let before = format!("variables.v{}", at - 1);
            let nested = format!("{before} + {}", deep("1"));
            written.push(json!({"name": format!("v{at}"), "expression": nested}));
        }
        let errors = compiled(&Value::from(written)).unwrap_err();
        assert!(errors[0].message.contains("nest deeper"), "{}", errors[0]);
    }
}
