//! Which policy is in force in a namespace of the soak, and what must become of a Pod under it.

use crate::e2e::cluster::verdict::Verdict;

/// Who signed an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signer {
    Ours,
    Stranger,
    Nobody,
    /// There is no such image.
    Absent,
}

impl Signer {
    /// The value of the label that Pods carry, so that reports on them can be judged.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Stranger => "stranger",
            Self::Nobody => "nobody",
            Self::Absent => "absent",
        }
    }
}

/// What a namespace demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Law {
    /// Whose signature is demanded.
    pub(super) trusts: Signer,
    /// Whether an exception excuses Pods whose name begins with `excused`.
    pub(super) excuses: bool,
}

/// The laws of a namespace in their order; from the last on it begins anew. Each differs from the one before in one object.
pub(super) const LAWS: [Law; 4] = [
    law(Signer::Ours, false),
    law(Signer::Stranger, false),
    law(Signer::Stranger, true),
    law(Signer::Ours, true),
];

const fn law(trusts: Signer, excuses: bool) -> Law {
    Law { trusts, excuses }
}

/// The law number `turn` of a namespace.
pub(super) fn at(turn: u64) -> Law {
    let turn = usize::try_from(turn).unwrap_or(0) % LAWS.len();
    LAWS.get(turn).copied().unwrap_or(law(Signer::Ours, false))
}

impl Law {
    /// The reason why an image is refused, if it is.
    pub(super) fn refuses(self, signer: Signer, is_excused: bool) -> Option<&'static str> {
        match signer {
            _ if is_excused && self.excuses => None,
            signer if signer == self.trusts => None,
            Signer::Nobody => Some("UNSIGNED"),
            Signer::Absent => Some("IMAGE_NOT_FOUND"),
            Signer::Ours | Signer::Stranger => Some("WRONG_SIGNER"),
        }
    }

    /// The result that the report on a running Pod must show.
    pub(super) fn result(self, signer: Signer, is_excused: bool) -> &'static str {
        match self.refuses(signer, is_excused) {
            None if is_excused && self.excuses => "skip",
            None => "pass",
            Some(_) => "fail",
        }
    }
}

/// What was asked.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) signer: Signer,
    /// The digest of the image.
    pub(super) digest: String,
    pub(super) is_excused: bool,
    /// Whether any policy speaks about the namespace.
    pub(super) is_governed: bool,
}

/// What was true while it was asked.
#[derive(Debug, Clone)]
pub(super) struct Circumstances {
    /// Every law that was or became the law.
    pub(super) laws: Vec<Law>,
    /// The registry did not always tell the truth.
    pub(super) registry_failed: bool,
    /// The API server was away, or had just been.
    pub(super) server_failed: bool,
}

/// What is wrong with the answer, if anything is.
pub(super) fn fault(order: &Order, under: &Circumstances, verdict: &Verdict) -> Option<String> {
    let reasons: Vec<Option<&str>> = match order.is_governed {
        false => vec![None],
        true => {
            let laws = under.laws.iter();
            laws.map(|law| law.refuses(order.signer, order.is_excused))
                .collect()
        }
    };
    let is_right = match verdict {
        // Pinned to the digest, unless nobody verified it for a good reason.
        Verdict::Admitted(stored) => {
            reasons.contains(&None)
                && (order.is_excused || !order.is_governed || stored.contains(&order.digest))
        }
        Verdict::Refused(said) => {
            let is_expected = reasons.iter().flatten().any(|reason| said.contains(reason));
            is_expected || (order.is_governed && under.registry_failed && said.contains("REGISTRY_"))
        }
        Verdict::Unjudged(_) => under.server_failed,
    };
    (!is_right).then(|| format!("{order:?} under {under:?}: {verdict}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(signer: Signer) -> Order {
        Order {
            signer,
            digest: "sha256:aa".to_owned(),
            is_excused: false,
            is_governed: true,
        }
    }

    fn under(turns: &[u64]) -> Circumstances {
        Circumstances {
            laws: turns.iter().map(|turn| at(*turn)).collect(),
            registry_failed: false,
            server_failed: false,
        }
    }

    #[test]
    fn an_unsigned_image_that_is_admitted_is_a_fault_whatever_failed() {
        let admitted = Verdict::Admitted("sha256:aa".to_owned());
        let mut storm = under(&[0, 1]);
        storm.registry_failed = true;
        storm.server_failed = true;
        assert!(fault(&order(Signer::Nobody), &storm, &admitted).is_some());
        assert!(fault(&order(Signer::Ours), &storm, &admitted).is_none());
    }

    #[test]
    fn during_an_edit_either_law_may_have_been_applied_and_no_third() {
        let refused = Verdict::Refused("WRONG_SIGNER".to_owned());
        assert!(fault(&order(Signer::Ours), &under(&[0]), &refused).is_some());
        assert!(fault(&order(Signer::Ours), &under(&[0, 1]), &refused).is_none());
        let other = Verdict::Refused("UNSIGNED".to_owned());
        assert!(fault(&order(Signer::Ours), &under(&[0, 1]), &other).is_some());
    }

    #[test]
    fn no_verdict_is_a_fault_while_the_api_server_is_there() {
        let unjudged = Verdict::Unjudged("500: failed calling webhook".to_owned());
        assert!(fault(&order(Signer::Ours), &under(&[0]), &unjudged).is_some());
    }
}
