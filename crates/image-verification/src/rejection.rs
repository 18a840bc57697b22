//! Why one candidate does not meet one demand.
//!
//! Rejections of all candidates become one [`Refusal`]: the nearest decides its code, and all of them its message.

use image_trust::{ReasonCode, Refusal};

use crate::key::SignatureError;
use crate::quoted::quoted;

/// Why one candidate does not meet one demand; the text is Kyverno's where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejection {
    pub(crate) code: ReasonCode,
    pub(crate) text: String,
}

impl Rejection {
    /// The text may repeat what a stranger wrote; it is kept to one line and short.
    pub(crate) fn new(code: ReasonCode, text: impl AsRef<str>) -> Self {
        Self {
            code,
            text: quoted(text.as_ref()),
        }
    }

    pub(crate) fn malformed(text: impl AsRef<str>) -> Self {
        Self::new(ReasonCode::Malformed, text)
    }

    pub(crate) fn limit(what: &str, most: usize) -> Self {
        Self::new(ReasonCode::LimitExceeded, format!("more than {most} {what}"))
    }

    /// How near the candidate came: 0 is nearest. Who is wrong stands behind what is wrong with the right one.
    fn distance(&self) -> u8 {
        match self.code {
            ReasonCode::AnnotationMismatch => 0,
            ReasonCode::WrongIdentity => 1,
            ReasonCode::Revoked | ReasonCode::RevocationUnknown => 2,
            ReasonCode::Expired => 3,
            ReasonCode::TimestampInvalid => 4,
            ReasonCode::SctMissing => 5,
            ReasonCode::LogMissing => 6,
            ReasonCode::DigestMismatch => 7,
            ReasonCode::UntrustedCertificate => 8,
            ReasonCode::WrongSigner => 9,
            ReasonCode::LimitExceeded => 10,
            ReasonCode::Malformed => 11,
            ReasonCode::Unsigned
            | ReasonCode::AttestationMissing
            | ReasonCode::AttestationConditions
            | ReasonCode::BadReference
            | ReasonCode::ImageNotFound
            | ReasonCode::RegistryAuth
            | ReasonCode::RegistryRateLimited
            | ReasonCode::RegistryTimeout
            | ReasonCode::RegistryUnreachable
            | ReasonCode::RegistryProtocol
            | ReasonCode::KeyUnavailable
            | ReasonCode::PolicyError
            | ReasonCode::Offline => 12,
        }
    }
}

impl From<SignatureError> for Rejection {
    fn from(cause: SignatureError) -> Self {
        Self::new(ReasonCode::WrongSigner, cause.to_string())
    }
}

/// The rejections of all candidates, each with where it was found.
#[derive(Debug, Default)]
pub(crate) struct Rejections {
    all: Vec<(String, Rejection)>,
    /// How many of the candidates a message tells of, and the first of their texts.
    told: (usize, Vec<String>),
}

/// Candidates that a message tells of by text; of the others it says how many they are.
const MOST_TOLD: usize = 20;

impl Rejections {
    /// Takes the rejection of a candidate that Kyverno sees too.
    pub(crate) fn push(&mut self, origin: &str, rejection: Rejection) {
        self.tell(&rejection.text);
        self.all.push((origin.to_owned(), rejection));
    }

    /// Takes the rejection of a bundle, which Kyverno reads only when told to: the message says nothing of a stranger's,
    /// so that a refusal reads as it does there; its code and its candidates say it all.
    pub(crate) fn push_bundle(&mut self, origin: &str, rejection: Rejection) {
        let is_strange = matches!(
            rejection.code,
            ReasonCode::WrongSigner | ReasonCode::UntrustedCertificate | ReasonCode::Malformed
        );
        if !is_strange {
            self.tell(&rejection.text);
        }
        self.all.push((origin.to_owned(), rejection));
    }

    /// The code of the nearest candidate.
    pub(crate) fn nearest(&self) -> Option<ReasonCode> {
        self.all
            .iter()
            .min_by_key(|(_, rejection)| rejection.distance())
            .map(|(_, rejection)| rejection.code)
    }

    fn tell(&mut self, text: &str) {
        let (count, texts) = &mut self.told;
        *count = count.saturating_add(1);
        if texts.len() < MOST_TOLD {
            texts.push(text.to_owned());
        }
    }

    /// The candidates that a message tells of, in registry order, with where they were found.
    pub(crate) fn with_origins(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all
            .iter()
            .take(MOST_TOLD)
            .map(|(origin, rejection)| (origin.as_str(), rejection.text.as_str()))
    }

    /// The texts of the candidates as one, in registry order; none where no candidate is told of.
    pub(crate) fn told(&self, separator: &str) -> Option<String> {
        let (count, texts) = &self.told;
        let told = texts.join(separator);
        match count.checked_sub(texts.len()) {
            _ if texts.is_empty() => None,
            None | Some(0) => Some(told),
            Some(more) => Some(format!("{told}{separator}and {more} more")),
        }
    }

    /// Kyverno's text where the nearest candidate verified and carries another identity or other annotations.
    pub(crate) fn text_of_the_right_signer(&self, nearest: ReasonCode) -> Option<String> {
        if nearest == ReasonCode::AnnotationMismatch {
            return Some("no signature matched the required annotations".to_owned());
        }
        let identities = self
            .all
            .iter()
            .filter(|(_, rejection)| rejection.code == ReasonCode::WrongIdentity);
        let texts: Vec<&str> = identities
            .take(MOST_TOLD)
            .map(|(_, rejection)| rejection.text.as_str())
            .collect();
        (nearest == ReasonCode::WrongIdentity).then(|| texts.join("; "))
    }

    /// One refusal out of all rejections.
    pub(crate) fn into_refusal(mut self, code: ReasonCode, message: String, demanded: String) -> Refusal {
        self.all.sort_by_key(|(_, rejection)| rejection.distance());
        let found = self
            .all
            .into_iter()
            .take(Refusal::MOST_FOUND)
            .map(|(origin, rejection)| format!("{origin}: {}", rejection.text))
            .collect();
        Refusal {
            code,
            message,
            demanded,
            found,
        }
    }
}
