//! Where a certificate says that its revocation is told.

use der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{AuthorityInfoAccessSyntax, CrlDistributionPoints};

use crate::certificate::Certificate;
use crate::limits::{MOST_REVOCATION_URL_BYTES, MOST_REVOCATION_URLS};

const OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
/// `freshestCRL`: changes to a list are told elsewhere.
const FRESHEST_LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.46");

/// The places of one certificate.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Whether it names any, of whatever kind.
    pub(super) has_any: bool,
    /// Addresses of lists that can be asked, in order.
    pub(super) lists: Vec<String>,
    /// Why its lists can't say that it stands, where they can't.
    pub(super) unlistable: Option<String>,
    /// Addresses of OCSP responders that can be asked, in order.
    pub(super) responders: Vec<String>,
}

/// The places that `certificate` names; an error where that can't be read.
pub(super) fn places(certificate: &Certificate) -> Result<Places, String> {
    let tbs = &certificate.parsed().tbs_certificate;
    let unreadable = |_| "where its revocation is told can't be read".to_owned();
    let mut places = Places::default();
    if let Some((_, CrlDistributionPoints(points))) = tbs.get().map_err(unreadable)? {
        places.has_any |= !points.is_empty();
        for point in &points {
            if point.crl_issuer.is_some() {
                places.unlistable = Some("its list is another authority's".to_owned());
            }
            let urls = match &point.distribution_point {
                Some(DistributionPointName::FullName(names)) => urls(names.iter()),
                Some(DistributionPointName::NameRelativeToCRLIssuer(_)) | None => Vec::new(),
            };
            match urls.into_iter().next() {
                // Names of one point are one list; the first that can be asked is.
                Some(url) => places.lists.push(url),
                None => {
                    places.unlistable = Some("one of its lists has no address that can be asked".to_owned())
                }
            }
        }
    }
    let extensions = tbs.extensions.as_deref().unwrap_or_default();
    if extensions
        .iter()
        .any(|extension| extension.extn_id == FRESHEST_LIST)
    {
        places.unlistable = Some("changes to its list are told elsewhere, which is not read".to_owned());
    }
    if let Some((_, AuthorityInfoAccessSyntax(descriptions))) = tbs.get().map_err(unreadable)? {
        let responders = descriptions
            .iter()
            .filter(|description| description.access_method == OCSP);
        places.has_any |= responders.clone().next().is_some();
        places.responders = urls(responders.map(|description| &description.access_location));
    }
    if places.lists.len() > MOST_REVOCATION_URLS || places.responders.len() > MOST_REVOCATION_URLS {
        return Err(format!("it names more than {MOST_REVOCATION_URLS} places to ask"));
    }
    Ok(places)
}

fn urls<'n>(names: impl Iterator<Item = &'n GeneralName>) -> Vec<String> {
    let url = |name: &GeneralName| match name {
        GeneralName::UniformResourceIdentifier(url) => Some(url.as_str().to_owned()),
        GeneralName::OtherName(_)
        | GeneralName::Rfc822Name(_)
        | GeneralName::DnsName(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EdiPartyName(_)
        | GeneralName::IpAddress(_)
        | GeneralName::RegisteredId(_) => None,
    };
    names
        .filter_map(url)
        .filter(|url| url.len() <= MOST_REVOCATION_URL_BYTES)
        .filter(|url| {
            let scheme = url.split_once("://").map(|(scheme, _)| scheme);
            scheme.is_some_and(|scheme| {
                scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
            })
        })
        .collect()
}
