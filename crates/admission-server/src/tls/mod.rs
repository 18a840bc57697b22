//! The certificate that callers see: made at start by an own authority, or read from files and re-read when they change.
//!
//! TLS 1.2 and 1.3, HTTP/2 offered before HTTP/1.1. A pair that can't be used is refused and the last good one kept.

mod own;
mod files;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert, ServerSessionMemoryCache};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};

pub use own::OwnAuthority;

use files::PairFiles;

/// TLS sessions that may be resumed, at most.
const MOST_SESSIONS: usize = 256;

/// Why TLS can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("TLS: `{}` can't be read: {cause}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// A file holds no PEM of the kind that is needed.
    #[error("`{}` holds no {wanted} in PEM: {cause}", .path.display())]
    NoPem {
        /// The file.
        path: PathBuf,
        /// What is needed.
        wanted: &'static str,
        /// Why.
        cause: String,
    },
    /// Certificate and key can't be used together.
    #[error("certificate and key can't be used: {0}")]
    Pair(#[source] rustls::Error),
    /// A certificate can't be made.
    #[error("a certificate can't be made: {0}")]
    Making(#[from] rcgen::Error),
}

/// How the server proves who it is.
#[derive(Debug, Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    shown: Arc<Shown>,
    files: Option<PairFiles>,
}

/// The pair that callers see now.
#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Tls {
    /// Shows a certificate of `authority`.
    ///
    /// # Errors
    /// [`TlsError::Pair`], never in practice.
    pub fn from_authority(authority: &OwnAuthority) -> Result<Self, TlsError> {
        Self::showing(authority.pair(&provider())?, None)
    }

    /// Shows the certificate chain in `certificate` (leaf first) with the private key in `key`, both PEM.
    ///
    /// # Errors
    /// [`TlsError`] with the file at fault.
    pub fn from_files(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Self, TlsError> {
        let files = PairFiles {
            certificate: certificate.into(),
            key: key.into(),
        };
        Self::showing(files.read(&provider())?, Some(files))
    }

    /// Shows the certificate chain in `certificate` (leaf first) with the private key in `key`, both PEM text.
    ///
    /// # Errors
    /// [`TlsError`] with what is wrong.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, TlsError> {
        Self::showing(
            files::pair(certificate.as_bytes(), key.as_bytes(), &provider())?,
            None,
        )
    }

    /// From now on shows another pair, PEM text; connections that are open keep the one they were opened with.
    ///
    /// # Errors
    /// [`TlsError`]; the pair shown before stays.
    pub fn show(&self, certificate: &str, key: &str) -> Result<(), TlsError> {
        let pair = files::pair(certificate.as_bytes(), key.as_bytes(), &provider())?;
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
        Ok(())
    }

    fn showing(pair: CertifiedKey, files: Option<PairFiles>) -> Result<Self, TlsError> {
        let shown = Arc::new(Shown(RwLock::new(Arc::new(pair))));
        let builder =
            ServerConfig::builder_with_provider(provider()).with_protocol_versions(&[&TLS13, &TLS12]);
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Shown>::clone(&shown);
        let mut config = builder
            .map_err(TlsError::Pair)?
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.session_storage = ServerSessionMemoryCache::new(MOST_SESSIONS);
        Ok(Self {
            config: Arc::new(config),
            shown,
            files,
        })
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// Follows changes of the files, for ever; ends at once where there are none.
    pub(crate) async fn watch(self) {
        let Some(files) = self.files else { return };
        let mut stamp = files.stamp();
        loop {
            tokio::time::sleep(crate::limits::WATCH_INTERVAL).await;
            let seen = files.stamp();
            if seen == stamp {
                continue;
            }
            stamp = seen;
            match files.read(&provider()) {
                Ok(pair) => {
                    *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
                    tracing::info!("the certificate changed and is shown from now on");
                }
                Err(cause) => {
                    tracing::error!(%cause, "the changed certificate is refused; the last good one is kept")
                }
            }
        }
    }
}

/// The one cryptographic library.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
