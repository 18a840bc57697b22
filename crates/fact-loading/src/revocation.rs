//! Revocation lists and OCSP responses, fetched for the judgement of Notary signatures.
//!
//! In: [`RevocationSource`]s that certificates trusted by a policy name. Out: bytes, or why there are none; what they are
//! worth is judged elsewhere. Never: more bytes than [`MOST_LIST_BYTES`]; an address that the policy's author may not
//! reach, as the author chose whose certificates name it; an answer beyond its own `nextUpdate`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use image_trust::{Authority, ImageDemand, Layouts, RevocationCheck};
use image_verification::{RevocationAnswers, RevocationSource, next_update};
use jiff::Timestamp;
use moka::future::Cache;
use policy_engine::facts::Asker;

use crate::http::{Http, HttpCall};
use crate::tenancy::Tenancy;

/// Largest revocation list, in bytes. notation stops at 32 MiB; lists of public authorities are below one.
const MOST_LIST_BYTES: usize = 8 * 1024 * 1024;
/// Largest OCSP response, in bytes, as in notation.
const MOST_RESPONSE_BYTES: usize = 20 * 1024;
/// Bytes of answers kept at most.
const MOST_KEPT_BYTES: u64 = 64 * 1024 * 1024;
/// Longest that an answer is kept, however long it holds by its own word: authorities take back sooner than they promise.
const LONGEST_KEPT: Duration = Duration::from_secs(3600);

/// Asks revocation sources and keeps their answers.
#[derive(Debug, Clone)]
pub(crate) struct Revocations {
    http: Http,
    tenancy: Tenancy,
    offline: bool,
    /// The operator's word, over the policies'.
    check: RevocationCheck,
    kept: Cache<RevocationSource, Kept>,
}

#[derive(Debug, Clone)]
struct Kept {
    answer: Arc<[u8]>,
    life: Duration,
}

#[derive(Debug)]
struct Lives;

impl moka::Expiry<RevocationSource, Kept> for Lives {
    fn expire_after_create(&self, _: &RevocationSource, kept: &Kept, _: Instant) -> Option<Duration> {
        Some(kept.life)
    }
}

impl Revocations {
    pub(crate) fn new(http: Http, tenancy: Tenancy, offline: bool, check: RevocationCheck) -> Self {
        let kept = Cache::builder()
            .max_capacity(MOST_KEPT_BYTES)
            .weigher(|_, kept: &Kept| u32::try_from(kept.answer.len()).unwrap_or(u32::MAX))
            .expire_after(Lives)
            .build();
        Self {
            http,
            tenancy,
            offline,
            check,
            kept,
        }
    }

    /// The demand as the operator lets it be: what policies enforce may be logged or skipped.
    pub(crate) fn of_operator(&self, demand: &Arc<ImageDemand>) -> Arc<ImageDemand> {
        if self.check == RevocationCheck::Enforce || demand.layouts != Layouts::Notary {
            return Arc::clone(demand);
        }
        let mut demand = (**demand).clone();
        let attestations = demand.attestations.iter_mut();
        let signers = attestations.flat_map(|attestation| &mut attestation.signers);
        for signer in demand.signers.iter_mut().chain(signers) {
            if let Authority::Notary(trust) = &mut signer.authority {
                trust.revocation = self.check;
            }
        }
        Arc::new(demand)
    }

    /// What each of `sources` answers, all asked at once. Failures are told and not kept.
    pub(crate) async fn ask(
        &self,
        asker: &Asker,
        sources: BTreeSet<RevocationSource>,
        at: Timestamp,
    ) -> RevocationAnswers {
        if sources.is_empty() {
            return RevocationAnswers::new();
        }
        if let Err(refused) = self.tenancy.may_call_services(asker) {
            return sources
                .into_iter()
                .map(|source| (source, Err(refused.clone())))
                .collect();
        }
        let asked = sources.into_iter().map(|source| async {
            let fetch = self.fetch(&source, at);
            let kept = self.kept.try_get_with_by_ref(&source, fetch).await;
            let answer = kept.map(|kept| kept.answer);
            (source, answer.map_err(|why: Arc<String>| (*why).clone()))
        });
        join_all(asked).await.into_iter().collect()
    }

    async fn fetch(&self, source: &RevocationSource, at: Timestamp) -> Result<Kept, String> {
        if self.offline {
            return Err("`--offline` forbids asking".to_owned());
        }
        let (url, most_bytes) = address(source);
        let call = HttpCall::get(&url, &[], most_bytes);
        let answer = match self.http.call(&call).await? {
            (200, body) => body,
            (status, _) => return Err(format!("HTTP {status}")),
        };
        Ok(Kept {
            life: life(next_update(source, &answer), at),
            answer: answer.into(),
        })
    }
}

/// Where a source is asked with a plain GET, and how much it may answer. Requests to responders are short enough for it.
fn address(source: &RevocationSource) -> (String, usize) {
    match source {
        RevocationSource::List { url } => (url.clone(), MOST_LIST_BYTES),
        RevocationSource::Responder { url, request } => {
            let request = STANDARD.encode(request);
            let request: String = url::form_urlencoded::byte_serialize(request.as_bytes()).collect();
            let url = url.trim_end_matches('/');
            (format!("{url}/{request}"), MOST_RESPONSE_BYTES)
        }
    }
}

/// What can't be read, or is out of date, is not kept: the source may soon say better.
fn life(next_update: Option<Timestamp>, at: Timestamp) -> Duration {
    let left = next_update.and_then(|end| Duration::try_from(end.duration_since(at)).ok());
    left.unwrap_or_default().min(LONGEST_KEPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_to_a_responder_is_its_base64_as_one_segment_of_the_path() {
        let source = RevocationSource::Responder {
            url: "http://ocsp.example/a/".to_owned(),
            request: vec![0xfb, 0xff, 0x00, 0x01],
        };
        assert_eq!(address(&source).0, "http://ocsp.example/a/%2B%2F8AAQ%3D%3D");
    }

    #[test]
    fn an_answer_is_kept_until_it_goes_out_of_date_and_an_hour_at_most() {
        let at = Timestamp::UNIX_EPOCH;
        let end = |seconds: i64| Some(Timestamp::from_second(seconds).unwrap());
        assert_eq!(life(end(60), at), Duration::from_secs(60));
        assert_eq!(life(end(86_400), at), LONGEST_KEPT);
        assert_eq!(life(end(-1), at), Duration::ZERO);
        assert_eq!(life(None, at), Duration::ZERO);
    }
}
