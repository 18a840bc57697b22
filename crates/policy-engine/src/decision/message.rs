//! The denial as Kyverno words it: one line, then the policies, rules and messages as YAML.
//!
//! Scripts and people know this text, so its envelope is byte-equal to Kyverno 1.19 (spec: verify-images §5.2).

use std::collections::BTreeMap;

use super::result::RuleResult;
use crate::outcome::RuleOutcome;

/// How a denial starts, before the resource's name.
pub const KYVERNO_DENIAL_START: &str = "\n\nresource ";

/// Longest message of one rule in a denial, in bytes; the whole of it stands in the report and the explanation.
const LONGEST_MESSAGE: usize = 1_000;

/// The denial of a request about `resource`: in the words of classic rules, of policies in Common Expression Language, or
/// of both, one after the other.
pub(super) fn denial(resource: &str, results: &[RuleResult]) -> String {
    let is_classic = |result: &&RuleResult| result.policy.kind.is_classic();
    let blocks = |is_of: &dyn Fn(&&RuleResult) -> bool| {
        results
            .iter()
            .filter(|result| is_of(result))
            .any(RuleResult::blocks)
    };
    let mut parts = Vec::with_capacity(2);
    if blocks(&is_classic) {
        parts.push(classic(resource, results.iter().filter(is_classic)));
    }
    if blocks(&|result| !is_classic(result)) {
        let others = results.iter().filter(|result| !is_classic(result));
        let refusing = others.filter(|result| result.blocks());
        parts.push(refusing.map(sentence).collect::<Vec<_>>().join("; "));
    }
    parts.join("\n")
}

/// What a policy in Common Expression Language refuses or warns of.
pub(super) fn sentence(result: &RuleResult) -> String {
    let name = &result.policy.key.name;
    let done = match result.verdict.outcome {
        RuleOutcome::Error => "error",
        RuleOutcome::Pass | RuleOutcome::Skip | RuleOutcome::Warn | RuleOutcome::Fail => "failed",
    };
    format!("Policy {name} {done}: {}", shortened(result.message()))
}

fn classic<'r>(resource: &str, results: impl Iterator<Item = &'r RuleResult>) -> String {
    let mut policies: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for result in results {
        match result.verdict.outcome {
            RuleOutcome::Pass | RuleOutcome::Skip => {}
            RuleOutcome::Warn | RuleOutcome::Fail | RuleOutcome::Error => {
                let rules = policies.entry(result.policy.key.name.to_string()).or_default();
                rules.insert(result.rule.to_string(), shortened(result.message()));
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

fn shortened(message: String) -> String {
    if message.len() <= LONGEST_MESSAGE {
        return message;
    }
    let cut = (0..=LONGEST_MESSAGE)
        .rev()
        .find(|at| message.is_char_boundary(*at))
        .unwrap_or(0);
    let kept = message.get(..cut).unwrap_or_default();
    format!("{kept}…")
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
    fn a_long_message_is_cut_between_characters() {
        let cut = shortened("é".repeat(LONGEST_MESSAGE));
        assert!(cut.len() <= LONGEST_MESSAGE + '…'.len_utf8() && cut.ends_with('…'));
    }
}
