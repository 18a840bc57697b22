//! Faults and findings for people.

use policy_types::Fault;

use super::run::Linted;
use crate::console::Console;

/// One line for each, and what they come to on standard error.
pub(super) fn print(linted: &Linted, console: &mut Console) {
    for fault in &linted.faults {
        console.line(&line(fault));
    }
    for (finding, is_denied) in &linted.findings {
        let denied = if *is_denied { " (denied)" } else { "" };
        console.line(&format!("{finding}{denied}"));
    }
    for other in &linted.skipped {
        console.note(other);
    }
    let counted = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    let (warnings, notes) = linted.counts();
    let policies = match linted.policies {
        1 => "1 policy".to_owned(),
        count => format!("{count} policies"),
    };
    console.note(&format!(
        "{policies}: {}, {}, {}",
        counted(linted.faults.len(), "fault"),
        counted(warnings, "warning"),
        counted(notes, "note")
    ));
    if !linted.findings.is_empty() {
        console.note("each code is explained in docs/guide/lint.md");
    }
}

/// A fault in the form of a finding: the place first, for editors.
fn line(fault: &Fault) -> String {
    let text = fault.to_string();
    let name = fault.code.name();
    let place = fault
        .place
        .map(|place| format!("{}:{place}: ", fault.source))
        .unwrap_or_default();
    match text.strip_prefix(&*place) {
        Some(rest) => format!("{place}error[{name}]: {rest}"),
        None => format!("error[{name}]: {text}"),
    }
}
