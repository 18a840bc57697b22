//! Policy expressions over recorded data, with the values and errors Kyverno's environment gave.

use std::cell::RefCell;
use std::collections::HashMap;

use serde_json::Value as Json;
use vouchsafe_policy_cel::{Activation, Budget, EvalError, Program, Value, display_errors};

use super::Verdict;
use super::hosts::{Recorded, with_variables};

pub(super) fn run(case: &Json) -> Verdict {
    (case["id"].as_str().unwrap_or_default().to_owned(), verdict(case))
}

/// The recorded data, and the policy's variables, computed when they are named
struct Data<'v> {
    data: &'v Json,
    variables: Vec<(String, Program)>,
    computed: RefCell<HashMap<String, Value<'v>>>,
}

impl<'v> Activation<'v> for Data<'v> {
    fn variable(&self, name: &str) -> Result<Option<Value<'v>>, EvalError> {
        if let Some(value) = self.computed.borrow().get(name) {
            return Ok(Some(value.clone()));
        }
        let Some(variable) = name.strip_prefix("variables.") else {
            if name == "exceptions" {
                return Ok(Some(Value::from(
                    serde_json::json!({"allowedImages": [], "allowedValues": []}),
                )));
            }
            return Ok(Some(self.data.get(name).map_or(Value::Null, Value::from)));
        };
        let Some((_, program)) = self.variables.iter().find(|(have, _)| have == variable) else {
            return Ok(None);
        };
        let value = program.evaluate(self, &Recorded, &Budget::default())?;
        self.computed.borrow_mut().insert(name.to_owned(), value.clone());
        Ok(Some(value))
    }
}

fn verdict(case: &Json) -> Result<(), String> {
    let want = &case["want"];
    let text = |field: &str| want[field].as_str().unwrap_or_default();
    let (environment, variables) = with_variables(case, None);
    let refused = [text("parse_error"), text("check_error")].concat();
    let program = match environment.compile(case["expr"].as_str().unwrap_or_default()) {
        Ok(program) if refused.is_empty() => program,
        Ok(_) => return Err(format!("accepted, wanted {refused}")),
        Err(errors) if display_errors(&errors) == refused => return Ok(()),
        Err(errors) => return Err(format!("{}\nwanted {refused}", display_errors(&errors))),
    };
    let found = program.result_type().full_name();
    if found != text("type") {
        return Err(format!("type {found}, wanted {}", text("type")));
    }
    let data = Data {
        data: &case["data"],
        variables,
        computed: RefCell::default(),
    };
    match program.evaluate(&data, &Recorded, &Budget::default()) {
        Ok(value) => {
            let found = value.to_json().map_err(|error| error.to_string())?;
            let same = text("error").is_empty() && found == want["value"];
            if same {
                Ok(())
            } else {
                Err(format!("{found}, wanted {want}"))
            }
        }
        Err(error) if error.to_string() == text("error") => Ok(()),
        Err(error) => Err(format!("error {error}, wanted {want}")),
    }
}
