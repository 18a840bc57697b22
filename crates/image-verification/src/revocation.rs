//! Whether a certificate was taken back: whom to ask, and what the answers are worth.
//!
//! In: a certificate, its issuer, answers that the caller fetched. Out: [`RevocationSource`]s to ask, or a [`Standing`].
//! Never: a connection; an answer that the issuer, or whom the issuer named for it, did not sign; an answer outside of
//! its own time; silence taken for consent.
//!
//!     certificate ─▶ sources ─▶ (the caller asks) ─▶ answers ─▶ standing
//!
//! Source: RFC 5280 §5 (lists), RFC 6960 (OCSP); what notation-core-go 1.x accepts, but for lists of another scope.

mod names;
mod signed;
mod list;
mod responder;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use image_trust::ReasonCode;
use jiff::Timestamp;

use crate::certificate::Certificate;
use crate::rejection::Rejection;

use self::names::{Places, places};

/// Whom to ask about a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevocationSource {
    /// The list at this address (`http` or `https`), DER.
    List {
        /// Address of the list.
        url: String,
    },
    /// The OCSP responder at this address.
    Responder {
        /// Address of the responder.
        url: String,
        /// The request, DER, to be sent as RFC 6960 §A.1 says.
        request: Vec<u8>,
    },
}

/// What was answered, or why nothing was; a source that is missing here was not asked.
pub type RevocationAnswers = BTreeMap<RevocationSource, Result<Arc<[u8]>, String>>;

/// What is known of one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its issuer says that it stands, or named nobody who could say.
    Stands,
    /// Its issuer took it back.
    Revoked,
    /// Nobody who may say so said either; with the reason.
    Unknown(String),
}

/// What one answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Stands,
    Revoked,
}

/// As of when answers are held against a certificate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// When it is judged: answers must be of then.
    pub(crate) at: Timestamp,
    /// When the certificate was used, where another than its holder says so who is trusted: it may have been taken back
    /// for a time after that (`invalidityDate`).
    pub(crate) used: Option<Timestamp>,
}

/// A certificate and who issued it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Issued<'c> {
    pub(crate) certificate: &'c Certificate,
    pub(crate) issuer: &'c Certificate,
}

/// When an answer goes out of date by its own word. Nothing is verified: for how long to keep it, and for that alone.
#[must_use]
pub fn next_update(source: &RevocationSource, answer: &[u8]) -> Option<Timestamp> {
    match source {
        RevocationSource::List { .. } => list::next_update(answer),
        RevocationSource::Responder { .. } => responder::next_update(answer),
    }
}

/// Each certificate of a chain but its root, with the one above it.
pub(crate) fn pairs(chain: &[Certificate]) -> impl Iterator<Item = Issued<'_>> {
    chain
        .iter()
        .zip(chain.iter().skip(1))
        .map(|(certificate, issuer)| Issued { certificate, issuer })
}

impl Issued<'_> {
    /// Whom to ask; nobody where the certificate names nobody, or only places that can't be asked.
    pub(crate) fn sources(self, into: &mut BTreeSet<RevocationSource>) {
        if let Ok(places) = places(self.certificate) {
            into.extend(self.lists(&places).map(|(source, _)| source));
            into.extend(self.responders(&places));
        }
    }

    /// What the answers say of the certificate. One that names nobody stands: its issuer never meant to take it back.
    pub(crate) fn standing(self, answers: &RevocationAnswers, moment: Moment) -> Standing {
        let places = match places(self.certificate) {
            Ok(places) => places,
            Err(why) => return Standing::Unknown(why),
        };
        if !places.has_any {
            return Standing::Stands;
        }
        let by_responders: Vec<Result<Word, String>> = self
            .responders(&places)
            .iter()
            .map(|source| answer(answers, source).and_then(|answer| responder::word(answer, self, moment)))
            .collect();
        let by_lists: Vec<Result<Word, String>> = self
            .lists(&places)
            .map(|(source, url)| {
                answer(answers, &source).and_then(|answer| list::word(answer, url, self, moment))
            })
            .chain(places.unlistable.iter().map(|why| Err(why.clone())))
            .collect();
        // Nobody's word that it stands outweighs a word that it does not.
        if by_responders
            .iter()
            .chain(&by_lists)
            .any(|word| *word == Ok(Word::Revoked))
        {
            return Standing::Revoked;
        }
        // One responder is enough; of lists each may hold other reasons, so that all must answer.
        let lists_consent = !by_lists.is_empty() && by_lists.iter().all(Result::is_ok);
        if lists_consent || by_responders.iter().any(Result::is_ok) {
            return Standing::Stands;
        }
        let why: Vec<String> = by_responders
            .into_iter()
            .chain(by_lists)
            .filter_map(Result::err)
            .collect();
        Standing::Unknown(match why.as_slice() {
            [] => "none of the places that it names can be asked".to_owned(),
            some => some.join("; "),
        })
    }

    fn lists(self, places: &Places) -> impl Iterator<Item = (RevocationSource, &str)> {
        places
            .lists
            .iter()
            .map(|url| (RevocationSource::List { url: url.clone() }, url.as_str()))
    }

    fn responders(self, places: &Places) -> Vec<RevocationSource> {
        let Some(request) = responder::request(self) else {
            return Vec::new();
        };
        let source = |url: &String| RevocationSource::Responder {
            url: url.clone(),
            request: request.clone(),
        };
        places.responders.iter().map(source).collect()
    }
}

fn answer<'a>(answers: &'a RevocationAnswers, source: &RevocationSource) -> Result<&'a [u8], String> {
    let (RevocationSource::List { url } | RevocationSource::Responder { url, .. }) = source;
    match answers.get(source) {
        Some(Ok(answer)) => Ok(answer),
        Some(Err(why)) => Err(format!("`{url}`: {why}")),
        None => Err(format!("`{url}` was not asked")),
    }
}

/// The refusal of a chain one of whose certificates was taken back, or may have been.
pub(crate) fn refusal(certificate: &Certificate, standing: &Standing) -> Option<Rejection> {
    let subject = certificate.subject();
    let (code, text) = match standing {
        Standing::Stands => return None,
        Standing::Revoked => {
            let text = format!("certificate \"{subject}\" was revoked");
            (ReasonCode::Revoked, text)
        }
        Standing::Unknown(why) => {
            let text = format!("certificate \"{subject}\" may have been revoked: {why}");
            (ReasonCode::RevocationUnknown, text)
        }
    };
    Some(Rejection::new(code, text))
}
