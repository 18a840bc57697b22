//! What `demo` does, step by step.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Arguments;
use super::images;
use super::review::{AskError, Verdict, ask, review};
use super::scenarios::{self, Expected, Question, Scenario};
use super::stage::{Scene, Stage, StageError};
use crate::console::Console;
use crate::exit_code::{EXIT_AGAINST, EXIT_OK};
use crate::host::{async_runtime, now_ns};
use crate::input::InputError;

/// Longest reason in the table, in characters.
const LONGEST_REASON: usize = 160;

/// Why the demo does not come to its end.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    #[error(transparent)]
    Stage(#[from] StageError),
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error(transparent)]
    Runtime(#[from] InputError),
}

/// Runs `demo`.
pub(crate) fn run(arguments: &Arguments, console: &mut Console) -> u8 {
    let shown = async_runtime().map_err(DemoError::from);
    match shown.and_then(|runtime| runtime.block_on(show(arguments, console))) {
        Ok(0) => EXIT_OK,
        Ok(surprises) => {
            console.note(&format!("{surprises} verdicts surprise"));
            EXIT_AGAINST
        }
        Err(error) => {
            console.note(&format!("Error: {error}"));
            EXIT_AGAINST
        }
    }
}

/// Shows every scenario; gives the number of verdicts that surprise.
async fn show(arguments: &Arguments, console: &mut Console) -> Result<usize, DemoError> {
    let evidence = images::make(now()).map_err(StageError::from)?;
    let stage = Stage::open(&evidence).await?;
    let mut rows = Vec::new();
    let mut served = Vec::new();
    for scenario in scenarios::all(&evidence.public_key) {
        let scene = stage.serve(&scenario).await?;
        for question in &scenario.questions {
            let verdict = ask(&scene.caller, question.image, question.namespace).await?;
            rows.push(Row::of(&scenario, question, &verdict));
        }
        served.push((scenario, scene));
    }
    console.print(&table(&rows));
    let surprises = rows.iter().filter(|row| !row.is_expected).count();
    if arguments.keep {
        keep(&served, console).await;
    }
    Ok(surprises)
}

fn now() -> SystemTime {
    let since = u64::try_from(now_ns()).unwrap_or_default();
    UNIX_EPOCH
        .checked_add(Duration::from_nanos(since))
        .unwrap_or(UNIX_EPOCH)
}

/// One line of the table.
#[derive(Debug)]
struct Row {
    cells: [String; 5],
    reason: String,
    is_expected: bool,
}

impl Row {
    fn of(scenario: &Scenario, question: &Question, verdict: &Verdict) -> Self {
        let is_expected = is_expected(question, verdict);
        let word = match verdict.refusal {
            None => "admitted",
            Some(_) => "refused",
        };
        let surprise = if is_expected { "" } else { "  <- unexpected" };
        let reason = match &verdict.refusal {
            Some(refusal) => shortened(refusal),
            None => match verdict.image.split_once('@') {
                Some((_, digest)) => format!("pinned to {}", digest.chars().take(19).collect::<String>()),
                None => "no rule speaks against it".to_owned(),
            },
        };
        Self {
            cells: [
                question.image.to_owned(),
                question.namespace.to_owned(),
                scenario.name.to_owned(),
                word.to_owned(),
                format!("{:.1} ms", verdict.taken.as_secs_f64() * 1_000.0),
            ],
            reason: reason + surprise,
            is_expected,
        }
    }
}

fn is_expected(question: &Question, verdict: &Verdict) -> bool {
    let is_pinned = verdict.image.starts_with(question.image) && verdict.image.contains("@sha256:");
    match (question.expected, &verdict.refusal) {
        (Expected::Admitted, None) => verdict.image == question.image,
        (Expected::Pinned, None) => is_pinned,
        (Expected::Refused(why), Some(refusal)) => refusal.contains(why),
        (Expected::Admitted | Expected::Pinned, Some(_)) | (Expected::Refused(_), None) => false,
    }
}

/// Our own sentence where there is one, `CODE: …`, else Kyverno's; not too long.
fn shortened(reason: &str) -> String {
    let reason = own_sentence(reason).unwrap_or(reason);
    if reason.chars().count() <= LONGEST_REASON {
        return reason.to_owned();
    }
    reason.chars().take(LONGEST_REASON).chain(['…']).collect()
}

/// What stands in the brackets at the end, if it begins with a reason code.
fn own_sentence(reason: &str) -> Option<&str> {
    let inside = reason.strip_suffix(')')?;
    let starts = inside
        .match_indices(" (")
        .filter_map(|(at, bracket)| inside.get(at.saturating_add(bracket.len())..));
    starts.into_iter().find(|sentence| {
        sentence.split_once(": ").is_some_and(|(code, _)| {
            !code.is_empty() && code.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        })
    })
}

/// Columns as wide as their widest cell; reasons last, as they are long.
fn table(rows: &[Row]) -> String {
    let header = ["IMAGE", "NAMESPACE", "SCENARIO", "VERDICT", "TIME"].map(ToOwned::to_owned);
    let mut widths = [0; 5];
    for cells in std::iter::once(&header).chain(rows.iter().map(|row| &row.cells)) {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[String; 5], reason: &str| {
        let padded = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}  "));
        format!("{}{reason}\n", padded.collect::<String>())
    };
    let mut text = line(&header, "REASON");
    text.extend(rows.iter().map(|row| line(&row.cells, &row.reason)));
    text
}

/// Goes on serving until interrupted.
async fn keep(served: &[(Scenario, Scene)], console: &mut Console) {
    console.line("\nserving until interrupted; change the image and try:");
    for (scenario, scene) in served {
        let Some(question) = scenario
            .questions
            .iter()
            .find(|question| matches!(question.expected, Expected::Refused(_)))
        else {
            continue;
        };
        let review = review(question.image, question.namespace);
        console.line(&format!("\n# {}", scenario.name));
        console.line(&format!(
            "curl -sk -H 'Content-Type: application/json' 'https://{}/{}?timeout=10s' -d '{review}'",
            scene.address,
            if scenario.name == "restrict-image-registries" {
                "validate"
            } else {
                "mutate"
            },
        ));
    }
    console.flush();
    if let Err(cause) = tokio::signal::ctrl_c().await {
        console.note(&format!("signals can't be heard: {cause}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_prefers_our_own_sentence() {
        let denial = "no signatures found (maybe) (UNSIGNED: nothing lies beside it (at all))";
        assert_eq!(shortened(denial), "UNSIGNED: nothing lies beside it (at all)");
        assert_eq!(shortened("path (a: b)"), "path (a: b)");
    }

    #[test]
    fn a_refusal_for_another_reason_surprises() {
        let question = Question {
            image: "a:b",
            namespace: "n",
            expected: Expected::Refused("no signature"),
        };
        let verdict = |refusal: Option<&str>| Verdict {
            refusal: refusal.map(ToOwned::to_owned),
            image: "a:b".to_owned(),
            taken: Duration::ZERO,
        };
        assert!(is_expected(&question, &verdict(Some("no signatures found"))));
        assert!(!is_expected(&question, &verdict(Some("registry unreachable"))));
        assert!(!is_expected(&question, &verdict(None)));
    }

    #[test]
    fn an_image_that_is_not_pinned_surprises_where_it_must_be() {
        let question = Question {
            image: "a:b",
            namespace: "n",
            expected: Expected::Pinned,
        };
        let verdict = |image: &str| Verdict {
            refusal: None,
            image: image.to_owned(),
            taken: Duration::ZERO,
        };
        assert!(is_expected(&question, &verdict("a:b@sha256:00")));
        assert!(!is_expected(&question, &verdict("a:b")));
    }
}
