//! Texts that match a regular expression, drawn from a seed.

use super::translate::translate;
use crate::error::{EvaluationError, ValueFault};
use crate::limits::{Budget, LimitReached, MAX_RANDOM_CHARS, MAX_REGEX_BYTES};
use regex_syntax::hir::{Class, Hir, HirKind, Literal};

/// How often `*` and `+` repeat at most.
const UNBOUNDED_REPEATS: u32 = 10;

/// A text that the whole expression matches, as far as it is not about the text's surroundings.
pub(crate) fn generate(pattern: &str, seed: u64, budget: &Budget) -> Result<String, EvaluationError> {
    if pattern.len() > MAX_REGEX_BYTES {
        return Err(EvaluationError::Limit(LimitReached::Regex));
    }
    let translated = translate(pattern).map_err(ValueFault::Regex)?;
    let tree = regex_syntax::ParserBuilder::new()
        .utf8(false)
        .build()
        .parse(&translated);
    let tree = tree.map_err(|_| {
        ValueFault::Regex(crate::error::RegexError {
            kind: "invalid or unsupported Perl syntax",
            excerpt: pattern.into(),
        })
    })?;
    let mut generator = Generator {
        state: seed,
        text: String::new(),
        chars: 0,
        budget,
    };
    generator.node(&tree)?;
    Ok(generator.text)
}

struct Generator<'b> {
    state: u64,
    text: String,
    chars: usize,
    budget: &'b Budget,
}

impl Generator<'_> {
    /// `SplitMix64`: equal seeds give equal texts on every machine. Not for secrets.
    fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed.wrapping_shr(30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed.wrapping_shr(27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed.wrapping_shr(31)).checked_rem(bound).unwrap_or(0)
    }

    fn push(&mut self, character: char) -> Result<(), EvaluationError> {
        self.budget.bytes(character.len_utf8())?;
        self.chars = self.chars.saturating_add(1);
        if self.chars > MAX_RANDOM_CHARS {
            return Err(EvaluationError::Limit(LimitReached::Regex));
        }
        self.text.push(character);
        Ok(())
    }

    /// Recursion is bounded by the parser's own limit on nesting.
    fn node(&mut self, node: &Hir) -> Result<(), EvaluationError> {
        self.budget.step(1)?;
        match node.kind() {
            HirKind::Empty | HirKind::Look(_) => Ok(()),
            HirKind::Literal(Literal(bytes)) => String::from_utf8_lossy(bytes)
                .chars()
                .try_for_each(|character| self.push(character)),
            HirKind::Class(class) => self.class(class),
            HirKind::Capture(capture) => self.node(&capture.sub),
            HirKind::Concat(nodes) => nodes.iter().try_for_each(|node| self.node(node)),
            HirKind::Alternation(nodes) => {
                let chosen = self.below(u64::try_from(nodes.len()).unwrap_or(u64::MAX));
                nodes
                    .get(usize::try_from(chosen).unwrap_or(0))
                    .map_or(Ok(()), |node| self.node(node))
            }
            HirKind::Repetition(repetition) => {
                let most = repetition
                    .max
                    .unwrap_or_else(|| repetition.min.saturating_add(UNBOUNDED_REPEATS));
                let spread = u64::from(most.saturating_sub(repetition.min)).saturating_add(1);
                let count = u64::from(repetition.min).saturating_add(self.below(spread));
                (0..count).try_for_each(|_| self.node(&repetition.sub))
            }
        }
    }

    /// One character of the class: a printable ASCII one if it has any, as `.` and `[^x]` would else be mostly exotic.
    fn class(&mut self, class: &Class) -> Result<(), EvaluationError> {
        let ranges: Vec<(u32, u32)> = match class {
            Class::Unicode(class) => class
                .iter()
                .map(|r| (u32::from(r.start()), u32::from(r.end())))
                .collect(),
            Class::Bytes(class) => class
                .iter()
                .map(|r| (u32::from(r.start()), u32::from(r.end())))
                .collect(),
        };
        let printable: Vec<(u32, u32)> = ranges
            .iter()
            .map(|(low, high)| ((*low).max(0x20), (*high).min(0x7e)))
            .filter(|(low, high)| low <= high)
            .collect();
        let ranges = if printable.is_empty() { ranges } else { printable };
        let sizes = |(low, high): &(u32, u32)| u64::from(high.saturating_sub(*low)).saturating_add(1);
        let total: u64 = ranges.iter().map(sizes).sum();
        let mut chosen = self.below(total);
        for (low, high) in ranges {
            let size = sizes(&(low, high));
            if let Some(beyond) = chosen.checked_sub(size) {
                chosen = beyond;
                continue;
            }
            let scalar = u32::try_from(chosen)
                .ok()
                .and_then(|offset| low.checked_add(offset));
            return self.push(
                scalar
                    .and_then(char::from_u32)
                    .unwrap_or(char::REPLACEMENT_CHARACTER),
            );
        }
        Ok(())
    }
}
