//! What became of each rule on one request, as a tree that can be kept, sent and read again.
//!
//! JSON: `{"resource": "Pod/shop/web", "rules": […]}`; of a rule:
//!
//! ```json
//! {
//!   "policy": "check-images",
//!   "rule": "signed",
//!   "outcome": "fail",
//!   "failureAction": "Enforce",
//!   "blocks": true,
//!   "selectedBy": "match.any[0]",
//!   "exceptions": [],
//!   "message": "failed to verify image …",
//!   "reason": {"code": "WRONG_SIGNER", "permanence": "permanent", "detail": "demanded …; found …; …"},
//!   "tree": [{"depth": 0, "text": "image … is sha256:…"}, {"depth": 1, "text": "…"}]
//! }
//! ```
//!
//! `outcome` is one of `pass`, `skip`, `warn`, `fail`, `error`. `reason` is null unless an image was refused. Lines of `tree` stand depth
//! first; `depth` counts from 0. A tree that was cut to a size says so: `leftOut` counts rules that are not there.

use image_trust::{Permanence, ReasonCode};
use serde::{Deserialize, Serialize};

use super::result::{Decision, RuleResult};
use crate::outcome::{ExplainLine, FailureAction, RuleOutcome};

/// Bytes that a line or a rule has beside its text: names of fields, marks.
const FRAME_BYTES: usize = 32;

/// The trees of all rules of one decision.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionTree {
    /// `Kind/namespace/name` of the object.
    pub resource: String,
    /// One for each selected rule, in the order they ran.
    pub rules: Vec<RuleTree>,
    /// Rules that were left out for want of room; those that do not block go first.
    #[serde(default, skip_serializing_if = "is_none")]
    pub left_out: usize,
}

/// The tree of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleTree {
    /// `name` or `namespace/name`.
    pub policy: String,
    /// The rule's name; empty for a policy of one rule that has none.
    pub rule: String,
    /// What became of it.
    pub outcome: RuleOutcome,
    /// Whether its failure blocks, in this namespace.
    pub failure_action: FailureAction,
    /// Whether this outcome refused the request.
    pub blocks: bool,
    /// The clause of `match` that selected it.
    pub selected_by: String,
    /// Exceptions that excused it, as `namespace/name`.
    pub exceptions: Vec<String>,
    /// Kyverno's message.
    pub message: String,
    /// Why an image was refused.
    pub reason: Option<ReasonTree>,
    /// What was seen, without the message.
    pub tree: Vec<ExplainLine>,
}

/// Why an image was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonTree {
    /// The code.
    pub code: ReasonCode,
    /// Whether trying again may help.
    pub permanence: Permanence,
    /// What was demanded, what was found, what to do.
    pub detail: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

impl DecisionTree {
    /// The tree of `decision`, whole.
    #[must_use]
    pub fn of(decision: &Decision) -> Self {
        Self {
            resource: decision.resource.clone(),
            rules: decision.results.iter().map(RuleTree::of).collect(),
            left_out: 0,
        }
    }

    /// The same tree cut to about `most_bytes` of text, visibly: long rules lose lines, then rules are left out, those that
    /// do not block before those that do.
    #[must_use]
    pub fn within(self, most_bytes: usize) -> Self {
        let mut room = most_bytes;
        let all = self.rules.len();
        let mut waiting: Vec<Option<RuleTree>> = self.rules.into_iter().map(Some).collect();
        let mut kept: Vec<Option<RuleTree>> = waiting.iter().map(|_| None).collect();
        for blocking in [true, false] {
            for (place, rule) in kept.iter_mut().zip(&mut waiting) {
                let Some(rule) = rule.take_if(|rule| rule.blocks == blocking) else {
                    continue;
                };
                // Half of the room at most, so that one rule never hides all others.
                let rule = rule.within(room / 2);
                if let Some(left) = room.checked_sub(rule.bytes()) {
                    room = left;
                    *place = Some(rule);
                }
            }
        }
        let rules: Vec<RuleTree> = kept.into_iter().flatten().collect();
        let left_out = self.left_out.saturating_add(all.saturating_sub(rules.len()));
        Self {
            resource: shortened(self.resource, most_bytes),
            rules,
            left_out,
        }
    }
}

impl RuleTree {
    /// The tree of one rule, whole.
    #[must_use]
    pub fn of(result: &RuleResult) -> Self {
        let verdict = &result.verdict;
        let reason = verdict.reason.as_ref().map(|(code, detail)| ReasonTree {
            code: *code,
            permanence: code.permanence(),
            detail: detail.clone(),
        });
        let lines = verdict.explanation.iter();
        Self {
            policy: result.policy.key.to_string(),
            rule: result.rule.to_string(),
            outcome: verdict.outcome,
            failure_action: result.action,
            blocks: result.blocks(),
            selected_by: result.selected_by.clone(),
            exceptions: result.exceptions.clone(),
            message: verdict.message.clone(),
            reason,
            // The message stands above them.
            tree: lines
                .filter(|line| line.text != verdict.message)
                .cloned()
                .collect(),
        }
    }

    /// Kyverno's message, and for images our own sentence behind it.
    #[must_use]
    pub fn whole_message(&self) -> String {
        match &self.reason {
            Some(ReasonTree { code, detail, .. }) => {
                format!("{} ({}: {detail})", self.message, code.as_str())
            }
            None => self.message.clone(),
        }
    }

    fn within(mut self, most_bytes: usize) -> Self {
        if self.bytes() <= most_bytes {
            return self;
        }
        self.message = shortened(self.message, most_bytes / 4);
        if let Some(reason) = &mut self.reason {
            reason.detail = shortened(std::mem::take(&mut reason.detail), most_bytes / 4);
        }
        let lines = std::mem::take(&mut self.tree);
        let all = lines.len();
        let mut room = most_bytes.saturating_sub(self.bytes());
        let fitting = lines.into_iter().map_while(|line| {
            room = room.checked_sub(line_bytes(&line))?;
            Some(line)
        });
        self.tree = fitting.collect();
        let missing = all.saturating_sub(self.tree.len());
        if missing > 0 {
            let text = format!("… {missing} more lines are left out");
            self.tree.push(ExplainLine { depth: 0, text });
        }
        self
    }

    /// About how much it takes as text.
    fn bytes(&self) -> usize {
        let detail = self.reason.as_ref().map_or(0, |reason| reason.detail.len());
        let texts = [
            self.policy.len(),
            self.rule.len(),
            self.selected_by.len(),
            self.message.len(),
            detail,
            6 * FRAME_BYTES,
        ];
        let exceptions = self.exceptions.iter().map(String::len);
        let lines = self.tree.iter().map(line_bytes);
        texts.into_iter().chain(exceptions).chain(lines).sum()
    }
}

fn line_bytes(line: &ExplainLine) -> usize {
    line.text.len().saturating_add(FRAME_BYTES)
}

/// `text`, cut between characters to `most_bytes`, the mark of the cut included.
#[must_use]
pub fn shortened(mut text: String, most_bytes: usize) -> String {
    const MARK: char = '…';
    if text.len() <= most_bytes {
        return text;
    }
    let end = most_bytes.saturating_sub(MARK.len_utf8());
    let cut = (0..=end).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(cut.unwrap_or(0));
    text.push(MARK);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, blocks: bool, lines: usize) -> RuleTree {
        let line = |at| ExplainLine {
            depth: at % 3,
            text: "x".repeat(50),
        };
        RuleTree {
            policy: "p".to_owned(),
            rule: name.to_owned(),
            outcome: RuleOutcome::Fail,
            failure_action: FailureAction::Enforce,
            blocks,
            selected_by: String::new(),
            exceptions: Vec::new(),
            message: "é".repeat(2_000),
            reason: Some(ReasonTree {
                code: ReasonCode::Unsigned,
                permanence: Permanence::Permanent,
                detail: "sign it".to_owned(),
            }),
            tree: (0..lines).map(line).collect(),
        }
    }

    fn tree(rules: Vec<RuleTree>) -> DecisionTree {
        DecisionTree {
            resource: "Pod/a/b".to_owned(),
            rules,
            left_out: 0,
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let whole = tree(vec![rule("a", true, 2), rule("b", false, 0)]);
        let text = serde_json::to_string(&whole).unwrap();
        assert!(
            text.contains(r#""code":"UNSIGNED","permanence":"permanent""#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<DecisionTree>(&text).unwrap(), whole);
        assert_eq!(whole.clone().within(usize::MAX), whole);
    }

    /// Whoever writes the object chooses how long messages get: one rule must not push the refusing one out.
    #[test]
    fn a_tree_that_is_too_long_keeps_the_rules_that_refuse_and_says_what_it_left_out() {
        let mut rules: Vec<RuleTree> = (0..40).map(|_| rule("noise", false, 500)).collect();
        rules.push(rule("refuses", true, 500));
        let cut = tree(rules).within(16 * 1024);
        let bytes = serde_json::to_vec(&cut).unwrap().len();
        assert!(bytes <= 24 * 1024, "{bytes}");
        let last = cut.rules.last().unwrap();
        assert_eq!(last.rule, "refuses");
        assert!(last.tree.last().unwrap().text.contains("more lines are left out"));
        assert!(last.message.ends_with('…'));
        assert_eq!(cut.left_out, 41 - cut.rules.len());
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let cut = shortened("é".repeat(1_000), 1_000);
        assert!((996..=1_000).contains(&cut.len()) && cut.ends_with('…'));
    }
}
