//! How long what was learnt of images serves further requests.
//!
//! Never: an outage remembered as an answer, whoever asks; evidence with a gap is not kept.

use std::time::Duration;

use image_evidence::CacheOptions;

/// How long an admission's findings without a refusal serve further ones.
const FINDINGS_LIFE: Duration = Duration::from_secs(60);
/// How long an admission believes that a tag still means the same digest.
const TAG_LIFE: Duration = Duration::from_secs(5);
/// How long an admission's refusal stands that was looked for [`REFUSAL_LOOKS`] times.
const REFUSAL_LIFE: Duration = Duration::from_secs(5);
/// How often an admission looks for what was missing before its refusal stands: more than anyone needs who signs
/// and tries again.
const REFUSAL_LOOKS: u32 = 5;

/// How refusals are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RefusalMemory {
    /// Looks that found a lasting refusal, no acceptance between, each within `life` of the one before, after which it stands.
    pub(crate) looks: u32,
    /// How long it stands since it was last looked for.
    pub(crate) life: Duration,
}

/// Whom a loader remembers for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Memory {
    /// Admissions: evidence for a minute, absence and tags for seconds. Who is refused by what is remembered is looked at
    /// once more, so that nobody who has just signed is refused by an old answer; only an image refused five times in a row,
    /// for reasons that do not go by themselves, is refused for five seconds without a look, as floods of requests need no
    /// better answer.
    #[default]
    Admissions,
    /// One round over everything that runs, for so long at most: all objects of one image are judged by one look at it for
    /// each set of credentials, also where it is refused. What could not be read is looked at again. Whoever begins a round
    /// says so by [`Loader::forget_images`](crate::Loader::forget_images).
    Round(Duration),
}

impl Memory {
    /// Whether a refusal by remembered evidence is looked at once more.
    pub(crate) fn looks_twice(self) -> bool {
        match self {
            Self::Admissions => true,
            Self::Round(_) => false,
        }
    }

    /// How evidence is kept.
    pub(crate) fn of_evidence(self) -> CacheOptions {
        match self {
            Self::Admissions => CacheOptions::default(),
            Self::Round(life) => CacheOptions {
                evidence_life: life,
                absence_life: life,
                ..CacheOptions::default()
            },
        }
    }

    /// How long findings without a refusal are kept.
    pub(crate) fn of_findings(self) -> Duration {
        match self {
            Self::Admissions => FINDINGS_LIFE,
            Self::Round(life) => life,
        }
    }

    /// How refusals are remembered; none is whose reason may go by itself.
    pub(crate) fn of_refusals(self) -> RefusalMemory {
        let (looks, life) = match self {
            Self::Admissions => (REFUSAL_LOOKS, REFUSAL_LIFE),
            Self::Round(life) => (1, life),
        };
        RefusalMemory { looks, life }
    }

    /// How long a tag means the digest that it meant.
    pub(crate) fn of_tags(self) -> Duration {
        match self {
            Self::Admissions => TAG_LIFE,
            Self::Round(life) => life,
        }
    }
}
