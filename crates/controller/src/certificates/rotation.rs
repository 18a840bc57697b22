//! What is next for the certificates: one step at a time, each of which leaves every replica and API server able to talk.
//!
//!     nothing ─▶ authority and certificate
//!     authority grows old ─▶ a new one is announced beside it (the certificate stays)
//!     announced long enough ─▶ a certificate of the new one
//!     shown long enough ─▶ the old one is announced no longer

use std::collections::BTreeSet;

use x509_cert::Certificate;

use super::held::{Held, validity};
use super::making;
use crate::error::ControllerError;
use crate::limits::{ANNOUNCEMENT_SECONDS, EARLIER_SECONDS};

/// Most names of one certificate.
const MOST_NAMES: usize = 64;

/// What comes after `held` at `now` (seconds since the Unix epoch) for servers called `names`; none: it stays as it is.
///
/// # Errors
/// [`ControllerError::Certificate`] where nothing can be made.
pub(super) fn next(held: Option<&Held>, now: i64, names: &[String]) -> Result<Option<Held>, ControllerError> {
    let Some(held) = held else {
        return first(now, names).map(Some);
    };
    // What can't be read is of no use to anybody: begin anew.
    let (Ok(authorities), Ok(leaf)) = (held.authorities(), held.leaf()) else {
        return first(now, names).map(Some);
    };
    let Some(newest) = authorities.first() else {
        return first(now, names).map(Some);
    };
    if is_old(newest, now) {
        let made = making::authority(now)?;
        let kept = still_valid(&authorities, held, now);
        return Ok(Some(Held {
            authorities: format!("{}{kept}", made.certificate),
            authority_key: made.key,
            announced_since: now,
            ..held.clone()
        }));
    }
    let is_by_newest = leaf.tbs_certificate.issuer == newest.tbs_certificate.subject;
    let is_announced = now.saturating_sub(held.announced_since) >= ANNOUNCEMENT_SECONDS;
    let is_expired = validity(&leaf).1 <= now;
    let mut wanted: BTreeSet<String> = held.server_names.clone();
    wanted.extend(names.iter().cloned());
    let lacks_names = wanted.len() <= MOST_NAMES && wanted != held.server_names;
    let is_due = is_old(&leaf, now) || !is_by_newest || lacks_names;
    if is_due && (is_by_newest || is_announced || is_expired) {
        let names = if wanted.len() <= MOST_NAMES {
            wanted
        } else {
            names.iter().cloned().collect()
        };
        let made = making::leaf(&held.authorities, &held.authority_key, &names, now)?;
        return Ok(Some(Held {
            certificate: made.certificate,
            key: made.key,
            server_names: names,
            ..held.clone()
        }));
    }
    let shown_since = validity(&leaf)
        .0
        .saturating_add(i64::try_from(EARLIER_SECONDS).unwrap_or_default());
    let is_shown_everywhere = now.saturating_sub(shown_since) >= ANNOUNCEMENT_SECONDS;
    if authorities.len() > 1 && is_by_newest && is_shown_everywhere {
        return Ok(Some(Held {
            authorities: first_pem(&held.authorities),
            ..held.clone()
        }));
    }
    Ok(None)
}

fn first(now: i64, names: &[String]) -> Result<Held, ControllerError> {
    let names: BTreeSet<String> = names.iter().cloned().collect();
    let authority = making::authority(now)?;
    let leaf = making::leaf(&authority.certificate, &authority.key, &names, now)?;
    Ok(Held {
        authorities: authority.certificate,
        authority_key: authority.key,
        certificate: leaf.certificate,
        key: leaf.key,
        announced_since: now,
        server_names: names,
    })
}

/// Whether two thirds of its time are over.
fn is_old(certificate: &Certificate, now: i64) -> bool {
    let (begin, end) = validity(certificate);
    let whole = end.saturating_sub(begin);
    end.saturating_sub(now) < whole / 3
}

/// The authorities of `held` that are still good for something, PEM.
fn still_valid(authorities: &[Certificate], held: &Held, now: i64) -> String {
    let texts = held.authorities.split_inclusive("-----END CERTIFICATE-----");
    let good = authorities
        .iter()
        .zip(texts)
        .filter(|(authority, _)| validity(authority).1 > now);
    good.map(|(_, text)| format!("{}\n", text.trim())).collect()
}

/// The first certificate of a text of several, PEM.
fn first_pem(pem: &str) -> String {
    let first = pem.split_inclusive("-----END CERTIFICATE-----").next();
    format!("{}\n", first.unwrap_or_default().trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{AUTHORITY_SECONDS, LEAF_SECONDS};

    const START: i64 = 1_800_000_000;

    fn names() -> Vec<String> {
        vec!["vouchsafe-svc.vouchsafe.svc".to_owned(), "127.0.0.1".to_owned()]
    }

    fn step(held: &Held, now: i64) -> Option<Held> {
        next(Some(held), now, &names()).unwrap()
    }

    /// Whether the certificate shown comes from an authority that is announced.
    fn is_trusted(shown: &Held, announced: &Held) -> bool {
        let issuer = shown.leaf().unwrap().tbs_certificate.issuer;
        let authorities = announced.authorities().unwrap();
        authorities
            .iter()
            .any(|authority| authority.tbs_certificate.subject == issuer)
    }

    fn seconds(value: u64) -> i64 {
        i64::try_from(value).unwrap()
    }

    #[test]
    fn what_is_made_stays_for_two_thirds_of_its_time_and_is_then_renewed_by_the_same_authority() {
        let first = next(None, START, &names()).unwrap().unwrap();
        assert!(is_trusted(&first, &first));
        assert_eq!(step(&first, START + seconds(LEAF_SECONDS) / 2), None);
        let renewed = step(&first, START + seconds(LEAF_SECONDS) * 3 / 4).unwrap();
        assert_eq!(renewed.authorities, first.authorities);
        assert_ne!(renewed.certificate, first.certificate);
    }

    /// At every moment of a rotation, a replica that is one step behind shows what one that is ahead announces, and the
    /// other way round.
    #[test]
    fn an_authority_is_replaced_without_a_moment_in_which_somebody_is_not_trusted() {
        let first = next(None, START, &names()).unwrap().unwrap();
        let late = START + seconds(AUTHORITY_SECONDS) * 3 / 4;
        let announced = step(&first, late).unwrap();
        assert_eq!(announced.authorities().unwrap().len(), 2);
        assert_eq!(announced.certificate, first.certificate);
        assert!(is_trusted(&announced, &first) && is_trusted(&first, &announced));

        // The old certificate expired long ago here, so it is replaced at once; a fresh one waits for the announcement.
        let fresh = Held {
            certificate: making::leaf(
                &first.authorities,
                &first.authority_key,
                &announced.server_names,
                late,
            )
            .unwrap()
            .certificate,
            ..announced
        };
        assert_eq!(step(&fresh, late + ANNOUNCEMENT_SECONDS - 1), None);
        let shown = step(&fresh, late + ANNOUNCEMENT_SECONDS).unwrap();
        assert!(is_trusted(&shown, &fresh) && is_trusted(&fresh, &shown));

        assert_eq!(step(&shown, late + ANNOUNCEMENT_SECONDS + 5), None);
        let ended = step(&shown, late + 3 * ANNOUNCEMENT_SECONDS).unwrap();
        assert_eq!(ended.authorities().unwrap().len(), 1);
        assert!(is_trusted(&shown, &ended) && is_trusted(&ended, &shown));
        assert_eq!(step(&ended, late + 4 * ANNOUNCEMENT_SECONDS), None);
    }

    #[test]
    fn new_names_are_added_and_none_is_taken_away_from_another_replica() {
        let first = next(None, START, &["old.example".to_owned()]).unwrap().unwrap();
        let both = step(&first, START + 1).unwrap();
        assert!(both.server_names.contains("old.example") && both.server_names.contains("127.0.0.1"));
        assert_eq!(
            next(Some(&both), START + 2, &["old.example".to_owned()]).unwrap(),
            None
        );
    }

    #[test]
    fn what_the_secret_holds_is_read_as_it_was_written() {
        let first = next(None, START, &names()).unwrap().unwrap();
        let secret = first.to_secret("vouchsafe", Some("7"));
        assert_eq!(secret["metadata"]["resourceVersion"], "7");
        assert_eq!(Held::read(&secret).unwrap(), first);
        assert!(!format!("{first:?}").contains("PRIVATE"));
    }

    #[test]
    fn a_secret_that_was_spoiled_is_replaced() {
        let first = next(None, START, &names()).unwrap().unwrap();
        let spoiled = Held {
            authorities: "nonsense".to_owned(),
            ..first
        };
        let replaced = step(&spoiled, START + 1).unwrap();
        assert!(is_trusted(&replaced, &replaced));
    }
}
