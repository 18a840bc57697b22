//! Policy expressions, with the verdict and type of Kyverno's environment.

use serde_json::Value as Json;
use vouchsafe_policy_cel::display_errors;

use super::Verdict;
use super::hosts::with_variables;

pub(super) fn run(case: &Json) -> Verdict {
    (case["id"].as_str().unwrap_or_default().to_owned(), verdict(case))
}

fn verdict(case: &Json) -> Result<(), String> {
    let text = |field: &str| case[field].as_str().unwrap_or_default();
    let (environment, _) = with_variables(case, text("where").strip_prefix("variables."));
    let wanted = [text("parse_error"), text("check_error")].concat();
    match environment.compile(text("expr")) {
        Ok(program) if wanted.is_empty() => {
            let found = program.result_type().full_name();
            if found == text("type") {
                Ok(())
            } else {
                Err(format!("type {found}, wanted {}: {}", text("type"), text("expr")))
            }
        }
        Ok(_) => Err(format!("accepted, wanted {wanted}")),
        Err(errors) if display_errors(&errors) == wanted => Ok(()),
        Err(errors) => Err(format!("{}\nwanted {wanted}", display_errors(&errors))),
    }
}
