//! Certificate and key in PEM files.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::TlsError;
use crate::limits::MOST_PEM_BYTES;

/// Where certificate and key stand.
#[derive(Debug, Clone)]
pub(super) struct PairFiles {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// What tells that a file changed: none where it can't be looked at.
pub(super) type Stamp = [Option<(u64, SystemTime)>; 2];

impl PairFiles {
    /// What the files look like now.
    pub(super) fn stamp(&self) -> Stamp {
        [&self.certificate, &self.key].map(|path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.len(), metadata.modified().ok()?))
        })
    }

    /// The pair, if both belong together.
    pub(super) fn read(&self, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let no_pem = |path: &Path, wanted| {
            let path = path.to_owned();
            move |cause: rustls_pki_types::pem::Error| TlsError::NoPem {
                path,
                wanted,
                cause: cause.to_string(),
            }
        };
        let chain: Result<Vec<CertificateDer<'static>>, _> =
            CertificateDer::pem_slice_iter(&limited(&self.certificate)?).collect();
        let chain = chain.map_err(no_pem(&self.certificate, "certificate"))?;
        if chain.is_empty() {
            let path = self.certificate.clone();
            return Err(TlsError::NoPem {
                path,
                wanted: "certificate",
                cause: "no such section".to_owned(),
            });
        }
        let key =
            PrivateKeyDer::from_pem_slice(&limited(&self.key)?).map_err(no_pem(&self.key, "private key"))?;
        CertifiedKey::from_der(chain, key, provider).map_err(TlsError::Pair)
    }
}

/// The pair in two PEM texts, if both belong together.
pub(super) fn pair(
    certificate: &[u8],
    key: &[u8],
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    let no_pem = |wanted, cause: String| TlsError::NoPem {
        path: PathBuf::from("(memory)"),
        wanted,
        cause,
    };
    let chain: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.map_err(|cause| no_pem("certificate", cause.to_string()))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|cause| no_pem("private key", cause.to_string()))?;
    CertifiedKey::from_der(chain, key, provider).map_err(TlsError::Pair)
}

fn limited(path: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |cause| TlsError::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(MOST_PEM_BYTES)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(folder: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn pair() -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn read(certificate: &str, key: &str) -> Result<CertifiedKey, TlsError> {
        let folder = tempfile::tempdir().unwrap();
        let files = PairFiles {
            certificate: written(&folder, "tls.crt", certificate),
            key: written(&folder, "tls.key", key),
        };
        files.read(&rustls::crypto::aws_lc_rs::default_provider())
    }

    #[test]
    fn a_certificate_is_taken_with_its_own_key_alone() {
        let ((certificate, key), (_, other)) = (pair(), pair());
        assert!(read(&certificate, &key).is_ok());
        assert!(matches!(read(&certificate, &other), Err(TlsError::Pair(_))));
    }

    #[test]
    fn a_file_without_what_is_needed_is_named() {
        let (certificate, key) = pair();
        let wrong = read(&key, &key).unwrap_err().to_string();
        assert!(wrong.contains("tls.crt` holds no certificate"), "{wrong}");
        let wrong = read(&certificate, &certificate).unwrap_err().to_string();
        assert!(wrong.contains("tls.key` holds no private key"), "{wrong}");
    }
}
