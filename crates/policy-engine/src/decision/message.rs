//! The denial as Kyverno words it: one line, then the policies, rules and messages as YAML.
//!
//! Scripts and people know this text, so its envelope is byte-equal to Kyverno 1.19 (spec: verify-images §5.2). It is never
//! longer than [`MOST_DENIAL_BYTES`]: then messages are cut, visibly, Kyverno's words last; codes stay.

use std::collections::BTreeMap;

use super::explanation::shortened;
use super::result::RuleResult;
use crate::outcome::RuleOutcome;

/// How a denial starts, before the resource's name.
pub const KYVERNO_DENIAL_START: &str = "\n\nresource ";

/// Longest denial, in bytes: 1 KiB with room for the line that names its explanation. The whole of it stands in the report
/// and the explanation.
pub const MOST_DENIAL_BYTES: usize = 928;

/// Longest message of one rule in a warning, in bytes.
const LONGEST_MESSAGE: usize = 1_000;

/// Longest messages that are tried, in bytes, until a denial fits.
const MESSAGE_STEPS: [usize; 7] = [600, 420, 300, 220, 160, 110, SHORTEST_MESSAGE];

/// Messages are cut no shorter than this, in bytes: then lines are left out.
const SHORTEST_MESSAGE: usize = 72;

/// Longest name of a resource in a denial, in bytes; names that Kubernetes takes are shorter.
const LONGEST_RESOURCE: usize = 400;

/// The denial of a request about `resource`: in the words of classic rules, of policies in Common Expression Language, or
/// of both, one after the other. What does not refuse is left out first where there is too much.
pub(super) fn denial(resource: &str, results: &[RuleResult]) -> String {
    let resource = shortened(resource.to_owned(), LONGEST_RESOURCE);
    let whole = worded(&resource, results.iter(), usize::MAX);
    if whole.len() <= MOST_DENIAL_BYTES {
        return whole;
    }
    let refusing = || results.iter().filter(|result| result.blocks());
    let cut = |most| {
        let all = worded(&resource, results.iter(), most);
        (all.len() <= MOST_DENIAL_BYTES).then_some(all)
    };
    let bare = |most| {
        let text = worded(&resource, refusing(), most);
        (text.len() <= MOST_DENIAL_BYTES).then_some(text)
    };
    let mut steps = MESSAGE_STEPS.into_iter();
    let found = steps.find_map(|most| cut(most).or_else(|| bare(most)));
    found.unwrap_or_else(|| whole_lines(&worded(&resource, refusing(), SHORTEST_MESSAGE)))
}

/// As many lines of `text` as fit, and how many do not.
fn whole_lines(text: &str) -> String {
    const ROOM: usize = MOST_DENIAL_BYTES - "# … and 18446744073709551615 more lines\n".len();
    let mut kept = String::new();
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next_if(|line| kept.len().saturating_add(line.len()) <= ROOM) {
        kept.push_str(line);
    }
    // Policies in Common Expression Language stand in one line together, however many they are.
    if kept.trim().is_empty() {
        return shortened(text.to_owned(), MOST_DENIAL_BYTES);
    }
    kept.push_str(&format!("# … and {} more lines\n", lines.count()));
    kept
}

/// The denial, its messages no longer than `most_bytes` each.
fn worded<'r>(resource: &str, results: impl Iterator<Item = &'r RuleResult>, most_bytes: usize) -> String {
    let (classic, others): (Vec<&RuleResult>, Vec<&RuleResult>) =
        results.partition(|result| result.policy.kind.is_classic());
    let mut parts = Vec::with_capacity(2);
    if classic.iter().any(|result| result.blocks()) {
        parts.push(classic_text(resource, &classic, most_bytes));
    }
    let refusing = others.into_iter().filter(|result| result.blocks());
    let sentences: Vec<String> = refusing
        .map(|result| sentence_within(result, most_bytes))
        .collect();
    if !sentences.is_empty() {
        parts.push(sentences.join("; "));
    }
    parts.join("\n")
}

/// What a policy in Common Expression Language refuses or warns of.
pub(super) fn sentence(result: &RuleResult) -> String {
    sentence_within(result, LONGEST_MESSAGE)
}

fn sentence_within(result: &RuleResult, most_bytes: usize) -> String {
    let name = &result.policy.key.name;
    let done = match result.verdict.outcome {
        RuleOutcome::Error => "error",
        RuleOutcome::Pass | RuleOutcome::Skip | RuleOutcome::Warn | RuleOutcome::Fail => "failed",
    };
    format!("Policy {name} {done}: {}", message_within(result, most_bytes))
}

fn classic_text(resource: &str, results: &[&RuleResult], most_bytes: usize) -> String {
    let mut policies: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for result in results {
        match result.verdict.outcome {
            RuleOutcome::Pass | RuleOutcome::Skip => {}
            RuleOutcome::Warn | RuleOutcome::Fail | RuleOutcome::Error => {
                let rules = policies.entry(result.policy.key.name.to_string()).or_default();
                rules.insert(result.rule.to_string(), message_within(result, most_bytes));
            }
        }
    }
    // The place of the namespace stays, empty, for what is of the cluster.
    let resource = match resource.split_once('/') {
        Some((kind, name)) if !name.contains('/') => format!("{kind}//{name}"),
        Some(_) | None => resource.to_owned(),
    };
    let mut text = format!("{KYVERNO_DENIAL_START}{resource} was blocked due to the following policies \n\n");
    for (policy, rules) in policies {
        text.push_str(&format!("{}:\n", yaml_text(&policy, 0)));
        for (rule, message) in rules {
            text.push_str(&format!(
                "  {}: {}\n",
                yaml_text(&rule, 0),
                yaml_text(&message, 4)
            ));
        }
    }
    text
}

/// The message of `result` in at most `most_bytes`: first what was demanded and found goes, then the end of Kyverno's words.
/// The code stays, and the next step as long as there is room for more than the two.
fn message_within(result: &RuleResult, most_bytes: usize) -> String {
    let whole = result.message();
    if whole.len() <= most_bytes {
        return whole;
    }
    let Some((code, _)) = &result.verdict.reason else {
        return shortened(whole, most_bytes);
    };
    let with_step = format!(" ({}: …; {})", code.as_str(), code.next_step());
    let end = if with_step.len() <= most_bytes / 2 {
        with_step
    } else {
        format!(" ({}: …)", code.as_str())
    };
    let room = most_bytes.saturating_sub(end.len());
    format!("{}{end}", shortened(result.verdict.message.clone(), room))
}

/// A string as Go's YAML writer puts it: plain, single-quoted, double-quoted, or a literal block indented by `indent`.
#[must_use]
pub fn yaml_text(text: &str, indent: usize) -> String {
    let has_control = text.chars().any(|c| c.is_control() && c != '\n');
    if has_control {
        return serde_json::Value::from(text).to_string();
    }
    if text.contains('\n') {
        return literal_block(text, indent);
    }
    if is_plain(text) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

fn literal_block(text: &str, indent: usize) -> String {
    let trailing = text.len().saturating_sub(text.trim_end_matches('\n').len());
    let chomp = match trailing {
        0 => "-",
        1 => "",
        _ => "+",
    };
    let pad = " ".repeat(indent);
    let hint = if text.starts_with([' ', '\n']) { "2" } else { "" };
    let body: Vec<String> = text
        .strip_suffix('\n')
        .unwrap_or(text)
        .split('\n')
        .map(|line| {
            if line.is_empty() {
                String::new()
            } else {
                format!("{pad}{line}")
            }
        })
        .collect();
    format!("|{hint}{chomp}\n{}", body.join("\n"))
}

/// Whether a YAML 1.1 reader takes the bare text for this very string.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 12] = [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", ".nan", ".inf",
    ];
    let starts_badly = text.starts_with(|c: char| "-?:,[]{}#&*!|>'\"%@`=".contains(c))
        && !(text.starts_with(['-', '?', ':']) && text.chars().nth(1).is_some_and(|next| next != ' '));
    let is_number_like = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || "+-._eExXabcdefABCDEFo:".contains(c));
    !(text.is_empty()
        || starts_badly
        || is_number_like
        || text.starts_with(' ')
        || text.ends_with(' ')
        || text.ends_with(':')
        || text.contains(": ")
        || text.contains(" #")
        || WORDS.contains(&text.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_written_as_go_writes_them() {
        for (text, expected) in [
            ("plain text", "plain text"),
            ("a: b", "'a: b'"),
            ("it's a: b", "'it''s a: b'"),
            ("it's", "it's"),
            ("", "''"),
            ("true", "'true'"),
            ("12", "'12'"),
            ("ends:", "'ends:'"),
            ("{x}", "'{x}'"),
            ("one\ntwo", "|-\n    one\n    two"),
            ("tab\there", "\"tab\\there\""),
        ] {
            assert_eq!(yaml_text(text, 4), expected, "{text:?}");
        }
    }

    #[test]
    fn of_too_many_lines_it_is_told_how_many_are_missing() {
        let text = "0123456789\n".repeat(1_000);
        let cut = whole_lines(&text);
        assert!(cut.len() <= MOST_DENIAL_BYTES, "{}", cut.len());
        let kept = cut.matches("0123456789\n").count();
        assert!(
            cut.ends_with(&format!("# … and {} more lines\n", 1_000 - kept)),
            "{cut}"
        );
    }
}
