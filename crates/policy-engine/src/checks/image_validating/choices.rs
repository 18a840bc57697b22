//! Which of several verified statements `extractPayload` hands out.
//!
//! An image may carry more than one verified statement of a type: last month's scan beside today's. A condition on the
//! payload must hold for every one of them, as in `verifyImages`; Kyverno 1.19 shows the last alone. So the expressions of a
//! policy run once for each combination of statements, and the first run that does not pass decides.
//!
//! Each run answers the same question the same way; questions are numbered as a run first meets them.

/// Runs at most; an image with more combinations is an error.
pub(super) const MOST_RUNS: usize = 64;

/// The choices of one run.
#[derive(Debug, Default)]
pub(super) struct Choices(Vec<Choice>);

#[derive(Debug)]
struct Choice {
    image: String,
    attestation: String,
    at: usize,
    of: usize,
}

impl Choices {
    /// The place, below `of`, of the statement that this run sees.
    pub(super) fn choose(&mut self, image: &str, attestation: &str, of: usize) -> usize {
        let known = self
            .0
            .iter()
            .find(|choice| choice.image == image && choice.attestation == attestation);
        if let Some(choice) = known {
            return choice.at;
        }
        if of > 1 {
            self.0.push(Choice {
                image: image.to_owned(),
                attestation: attestation.to_owned(),
                at: 0,
                of,
            });
        }
        0
    }

    /// The choices of the next run; none when all were made.
    pub(super) fn advance(mut self) -> Option<Self> {
        while let Some(last) = self.0.last_mut() {
            last.at = last.at.saturating_add(1);
            if last.at < last.of {
                return Some(self);
            }
            self.0.pop();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_is_seen_once() {
        let mut seen = Vec::new();
        let mut next = Some(Choices::default());
        while let Some(mut choices) = next {
            let (a, b) = (choices.choose("i", "a", 2), choices.choose("j", "b", 3));
            assert_eq!(choices.choose("i", "a", 2), a);
            seen.push((a, b));
            next = choices.advance();
        }
        assert_eq!(seen, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]);
    }

    #[test]
    fn a_question_that_only_one_branch_asks_is_answered_there_alone() {
        let mut runs = 0;
        let mut next = Some(Choices::default());
        while let Some(mut choices) = next {
            if choices.choose("i", "a", 2) == 0 {
                choices.choose("i", "b", 2);
            }
            runs += 1;
            next = choices.advance();
        }
        assert_eq!(runs, 3);
    }

    #[test]
    fn one_statement_is_no_choice() {
        let mut choices = Choices::default();
        assert_eq!(choices.choose("i", "a", 1), 0);
        assert!(choices.advance().is_none());
    }
}
