//! Whose signature is accepted: identities left open, keys that are counted, logs that are waived.

use manifest::FieldPath;
use policy_types::kyverno_io::attestors::{Attestor, AttestorSet, Certificates, CtLog, Keyless, Rekor};
use policy_types::kyverno_io::image_verification::ImageVerification;

use super::overlaps::overlapping;
use super::signers::{key_count, sets, weight};
use super::wide_names::{Demand, of_regex, of_wildcard, unanchored};
use crate::code::LintCode;
use crate::finding::Report;
use crate::source::Source;

/// Looks at every attestor.
pub(crate) fn check(source: &Source<'_>, report: &mut Report<'_>) {
    for (rule, path) in source.rules() {
        for (index, entry) in rule.verify_images.iter().enumerate() {
            if let Some(keyless) = deprecated(entry) {
                check_keyless(&keyless, &path.key("verifyImages").index(index), report);
            }
        }
        for (set, path) in sets(rule, &path) {
            check_count(set, &path, report);
            for (index, entry) in set.entries.iter().enumerate() {
                check_entry(entry, &path.key("entries").index(index), report);
            }
        }
    }
}

/// The identity that the deprecated fields of an entry stand for; `key` beside them wins.
fn deprecated(entry: &ImageVerification) -> Option<Keyless> {
    (!entry.issuer.is_empty() && entry.key.is_empty()).then(|| Keyless {
        issuer: entry.issuer.clone(),
        subject: entry.subject.clone(),
        roots: entry.roots.clone(),
        additional_extensions: entry.additional_extensions.clone(),
        ..Keyless::default()
    })
}

fn check_entry(entry: &Attestor, path: &FieldPath, report: &mut Report<'_>) {
    if let Some(keyless) = &entry.keyless {
        let path = path.key("keyless");
        check_keyless(keyless, &path, report);
        check_logs(
            keyless.rekor.as_ref(),
            keyless.ctlog.as_ref(),
            true,
            &path,
            report,
        );
    }
    if let Some(certificates) = &entry.certificates {
        let path = path.key("certificates");
        check_certificates(certificates, &path, report);
        check_logs(
            certificates.rekor.as_ref(),
            certificates.ctlog.as_ref(),
            true,
            &path,
            report,
        );
    }
    if let Some(keys) = &entry.keys {
        check_logs(keys.rekor.as_ref(), None, false, &path.key("keys"), report);
    }
}

fn check_keyless(keyless: &Keyless, path: &FieldPath, report: &mut Report<'_>) {
    let written = |texts: [(&'static str, &String, bool); 2]| -> Vec<(&'static str, Demand)> {
        let there = texts.into_iter().filter(|(_, text, _)| !text.is_empty());
        there
            .map(|(field, text, is_regex)| {
                (
                    field,
                    if is_regex {
                        of_regex(text)
                    } else {
                        of_wildcard(text)
                    },
                )
            })
            .collect()
    };
    let subjects = written([
        ("subject", &keyless.subject, false),
        ("subjectRegExp", &keyless.subject_reg_exp, true),
    ]);
    let issuers = written([
        ("issuer", &keyless.issuer, false),
        ("issuerRegExp", &keyless.issuer_reg_exp, true),
    ]);
    // Either form of a subject suffices, so each must demand something; both forms of an issuer must hold.
    let open_subject = subjects.is_empty() || subjects.iter().any(|(_, demand)| *demand == Demand::Nothing);
    let open_issuer = issuers.iter().all(|(_, demand)| *demand == Demand::Nothing);
    let has_extensions = !keyless.additional_extensions.is_empty();
    let open = match (
        open_subject && !has_extensions,
        open_issuer && keyless.roots.is_empty(),
    ) {
        (true, true) => Some("neither subject nor issuer is demanded: any identity satisfies this attestor"),
        (true, false) => Some("no subject is demanded: any identity of the issuer satisfies this attestor"),
        (false, true) => Some("no issuer is demanded: any issuer may vouch for the subject"),
        (false, false) => None,
    };
    if let Some(open) = open {
        report.add(LintCode::OpenIdentity, path, open);
    }
    for (field, demand) in subjects.into_iter().chain(issuers) {
        if let Demand::Strangers(who) = demand {
            let message = format!("the pattern stands for {who} as well: what is left open crosses `/`");
            report.add(LintCode::WideIdentity, &path.key(field), message);
        }
    }
    for (field, pattern) in [
        ("subjectRegExp", &keyless.subject_reg_exp),
        ("issuerRegExp", &keyless.issuer_reg_exp),
    ] {
        if let Some(instead) = unanchored(pattern).filter(|_| !pattern.is_empty()) {
            let message = "the expression also matches inside longer names, as neither Kyverno nor Vouchsafe anchors it";
            report.replace(
                LintCode::UnanchoredRegex,
                &path.key(field),
                message,
                format!("{field}: {instead}"),
            );
        }
    }
}

pub(crate) fn check_certificates(certificates: &Certificates, path: &FieldPath, report: &mut Report<'_>) {
    if certificates.cert.is_empty() && !certificates.cert_chain.is_empty() {
        let message =
            "without `cert` every certificate of this authority is accepted, whoever it was issued to";
        report.add(LintCode::WholeAuthority, &path.key("certChain"), message);
    }
}

/// Logs that are waived. A key has no certificate, so its `ignoreSCT` waives nothing.
fn check_logs(
    rekor: Option<&Rekor>,
    ctlog: Option<&CtLog>,
    is_certificate: bool,
    path: &FieldPath,
    report: &mut Report<'_>,
) {
    if rekor.is_some_and(|rekor| rekor.ignore_tlog) {
        let message = if is_certificate {
            "signatures that no log has recorded are accepted: nothing proves that the certificate was valid when it signed"
        } else {
            "signatures that no log has recorded are accepted: nobody sees it if the key is used by others"
        };
        report.add(LintCode::LogWaived, &path.key("rekor").key("ignoreTlog"), message);
    }
    if ctlog.is_some_and(|ctlog| ctlog.ignore_sct) {
        let message = "certificates that no log has recorded are accepted: nobody sees it if the authority issues them to others";
        report.add(LintCode::LogWaived, &path.key("ctlog").key("ignoreSCT"), message);
    }
}

fn check_count(set: &AttestorSet, path: &FieldPath, report: &mut Report<'_>) {
    let total: usize = set.entries.iter().map(weight).sum();
    match set.count.filter(|count| *count > 0) {
        None if total > 1 => {
            let of_keys = set.entries.iter().enumerate().find_map(|(index, entry)| {
                let keys = entry
                    .keys
                    .as_ref()
                    .filter(|keys| key_count(&keys.public_keys) > 1)?;
                Some((
                    path.key("entries").index(index).key("keys").key("publicKeys"),
                    key_count(&keys.public_keys),
                ))
            });
            let (at, what) = match of_keys {
                Some((at, keys)) => (at, format!("{keys} keys stand in one text")),
                None => (path.key("entries"), format!("there are {total} entries")),
            };
            let message = format!(
                "{what} and no count: all {total} must have signed; say `count: {total}` if that is meant"
            );
            report.replace(LintCode::AllMustSign, &at, message, "count: 1");
        }
        Some(count) if count > 1 => {
            if let Some((one, other)) = overlapping(&set.entries) {
                let message = format!(
                    "a signature that satisfies entry {one} satisfies entry {other} too: {count} are counted, and one \
                     signer may be behind them"
                );
                report.add(LintCode::CountMetByOne, &path.key("count"), message);
            }
        }
        None | Some(_) => {}
    }
}
