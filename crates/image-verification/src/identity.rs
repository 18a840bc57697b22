//! Identities: what a policy demands of a certificate's names, issuer and extensions.
//!
//! In: [`Identity`] as the policy writes it. Out: met, or Kyverno's text for the mismatch. Behaviour: Kyverno 1.19,
//! spec/verify-images §3.4 — a subject is met by a wildcard *or* a regular expression over any subject alternative
//! name, an issuer by a wildcard *and* a regular expression — but for one thing: a certificate without a name never
//! meets a demanded subject.

use image_trust::{Identity, ReasonCode, Refusal};
use scalars::wildcard;

use crate::certificate::Certificate;
use crate::regexp::Regexp;
use crate::rejection::Rejection;

/// A demanded identity, ready to compare.
#[derive(Debug, Clone)]
pub(crate) struct DemandedIdentity<'d> {
    written: &'d Identity,
    /// Whether `*` and `?` in names stand for more than themselves.
    has_wildcards: bool,
    subject: Option<Regexp>,
    issuer: Option<Regexp>,
}

impl<'d> DemandedIdentity<'d> {
    /// An identity as policies write it: names are wildcards.
    pub(crate) fn new(written: &'d Identity) -> Result<Self, Box<Refusal>> {
        Self::compiled(written, true)
    }

    /// An identity as command lines write it: names are themselves.
    pub(crate) fn exact(written: &'d Identity) -> Result<Self, Box<Refusal>> {
        Self::compiled(written, false)
    }

    fn compiled(written: &'d Identity, has_wildcards: bool) -> Result<Self, Box<Refusal>> {
        Ok(Self {
            written,
            has_wildcards,
            subject: compile(written.subject_regexp.as_deref(), "subject")?,
            issuer: compile(written.issuer_regexp.as_deref(), "issuer")?,
        })
    }

    fn is_name(&self, demanded: &str, name: &str) -> bool {
        if self.has_wildcards {
            wildcard::matches(demanded, name)
        } else {
            demanded == name
        }
    }

    /// Whether `certificate` carries the identity.
    pub(crate) fn is_met_by(&self, certificate: &Certificate) -> Result<(), Rejection> {
        self.subject_is_met(certificate)?;
        self.issuer_is_met(certificate)?;
        for (name, demanded) in &self.written.extensions {
            let Ok(found) = certificate.extension_by_name(name) else {
                return Err(mismatch(format!("invalid certificate extension {name}")));
            };
            if !found
                .as_deref()
                .is_some_and(|found| self.is_name(demanded, found))
            {
                let found = found.unwrap_or_default();
                return Err(mismatch(format!(
                    "extension mismatch: expected {demanded} for key {name}, received {found}"
                )));
            }
        }
        Ok(())
    }

    fn subject_is_met(&self, certificate: &Certificate) -> Result<(), Rejection> {
        let demanded = present(self.written.subject.as_deref());
        if demanded.is_none() && self.subject.is_none() {
            return Ok(());
        }
        let names = certificate.names();
        let is_met = names.iter().any(|name| {
            demanded.is_some_and(|demanded| self.is_name(demanded, name))
                || self.subject.as_ref().is_some_and(|regexp| regexp.is_match(name))
        });
        if is_met {
            return Ok(());
        }
        let demanded = demanded
            .or(self.written.subject_regexp.as_deref())
            .unwrap_or_default();
        Err(mismatch(format!(
            "subject mismatch: expected {demanded}, received {}",
            names.join(", ")
        )))
    }

    fn issuer_is_met(&self, certificate: &Certificate) -> Result<(), Rejection> {
        let demanded = present(self.written.issuer.as_deref());
        if demanded.is_none() && self.issuer.is_none() {
            return Ok(());
        }
        let issuers = certificate.issuers();
        let meets = |issuer: &String| {
            demanded.is_none_or(|demanded| self.is_name(demanded, issuer))
                && self.issuer.as_ref().is_none_or(|regexp| regexp.is_match(issuer))
        };
        if !issuers.is_empty() && issuers.iter().all(meets) {
            return Ok(());
        }
        let demanded = demanded
            .or(self.written.issuer_regexp.as_deref())
            .unwrap_or_default();
        Err(mismatch(format!(
            "issuer mismatch: expected {demanded}, received {}",
            issuers.join(", ")
        )))
    }

    /// The demand for people.
    pub(crate) fn shown(&self) -> String {
        let mut parts = Vec::new();
        let written = self.written;
        for (what, value) in [
            ("subject", &written.subject),
            ("subject regexp", &written.subject_regexp),
            ("issuer", &written.issuer),
            ("issuer regexp", &written.issuer_regexp),
        ] {
            if let Some(value) = present(value.as_deref()) {
                parts.push(format!("{what} {value}"));
            }
        }
        parts.extend(
            written
                .extensions
                .iter()
                .map(|(name, value)| format!("{name} {value}")),
        );
        if parts.is_empty() {
            "any identity".to_owned()
        } else {
            parts.join(", ")
        }
    }
}

/// The empty string in a policy means that the field is not there.
fn present(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn mismatch(text: String) -> Rejection {
    Rejection::new(ReasonCode::WrongIdentity, text)
}

fn compile(pattern: Option<&str>, what: &str) -> Result<Option<Regexp>, Box<Refusal>> {
    let Some(pattern) = present(pattern) else {
        return Ok(None);
    };
    Regexp::new(pattern).map(Some).map_err(|cause| {
        let text = format!("invalid regexp for {what}: {pattern} : {cause}");
        Box::new(Refusal::new(ReasonCode::PolicyError, text))
    })
}
