use super::*;
use crate::limits::MOST_CHAIN_CERTIFICATES;
use crate::pem;

/// Made with `openssl req -x509`: a name of every kind, and Fulcio's extensions 1, 8 and 12.
const NAMES: &str = include_str!("../../tests/fixtures/names.pem");

fn certificate() -> Certificate {
    let mut blocks = pem::blocks(NAMES, pem::CERTIFICATE, MOST_CHAIN_CERTIFICATES).unwrap();
    Certificate::from_der(blocks.remove(0)).unwrap()
}

#[test]
fn names_of_every_kind_are_read_in_the_order_of_gos_library() {
    let names = [
        "build.acme.example",
        "dev@acme.example",
        "192.0.2.1",
        "2001:db8::1",
        "https://ci.acme.example/job",
        "builder!acme.example",
    ];
    assert_eq!(certificate().names(), names);
}

#[test]
fn the_old_and_the_new_extension_of_the_issuer_are_one_issuer() {
    assert_eq!(certificate().issuers(), ["https://accounts.acme.example"]);
}

#[test]
fn extensions_are_found_by_name_and_by_oid_and_are_text() {
    let certificate = certificate();
    let repository = Ok(Some("https://github.com/acme/app".to_owned()));
    assert_eq!(certificate.extension_by_name("sourceRepositoryURI"), repository);
    assert_eq!(
        certificate.extension_by_name("1.3.6.1.4.1.57264.1.12"),
        repository
    );
    assert_eq!(certificate.extension_by_name("buildTrigger"), Ok(None));
    assert_eq!(
        certificate.extension_by_name("no such name"),
        Err(UnknownExtension)
    );
}

#[test]
fn bytes_that_are_no_certificate_are_refused_and_never_panic() {
    let certificate = certificate();
    for length in 0..certificate.der().len() {
        assert!(Certificate::from_der(certificate.der()[..length].to_vec()).is_err());
    }
    for at in 0..certificate.der().len() {
        let mut changed = certificate.der().to_vec();
        changed[at] ^= 0xff;
        if let Ok(certificate) = Certificate::from_der(changed) {
            let _ = (
                certificate.names(),
                certificate.issuers(),
                certificate.subject(),
                certificate.validity(),
            );
            assert!(!certificate.is_signed_by(&self::certificate()), "byte {at}");
        }
    }
    assert!(certificate.is_signed_by(&certificate));
}
