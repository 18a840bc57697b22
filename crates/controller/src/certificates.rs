//! The certificate that the API server sees, and the authorities it trusts for it.
//!
//! Either made here and kept in a Secret that all replicas share, or read from files (cert-manager). Never: a moment in
//! which a certificate is shown whose authority is not yet announced in every webhook's `caBundle`.
//!
//!     Secret ─▶ held ─▶ rotation (pure: what is next?) ─▶ Secret ─▶ shown by the server, announced in `caBundle`

mod held;
mod making;
mod rotation;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use admission_server::Tls;
use cluster::{Client, ClusterError};
use serde_json::Value;
use tokio::sync::watch;

use crate::error::ControllerError;
use crate::identity::{CERTIFICATES_SECRET, Identity, core_kind};
use crate::limits::{CERTIFICATES_INTERVAL, CONFLICT_PAUSE, MOST_CONFLICTS};
pub(crate) use held::{Held, validity};

/// Where the certificate comes from.
#[derive(Debug, Clone)]
pub enum CertificateSource {
    /// Made here, kept in a Secret of our namespace.
    Own,
    /// Brought in files, which somebody else rotates.
    Files {
        /// Certificate chain, PEM, leaf first.
        certificate: PathBuf,
        /// Its private key, PEM.
        key: PathBuf,
        /// Authorities that callers are to trust, PEM.
        authorities: PathBuf,
    },
}

/// Authorities that callers trust, PEM in base64, as webhooks announce them.
pub(crate) type CaBundle = Arc<str>;

/// The certificates of a running controller.
#[derive(Debug)]
pub(crate) struct Certificates {
    pub(crate) tls: Tls,
    pub(crate) bundle: watch::Receiver<CaBundle>,
    keeper: Keeper,
}

/// Keeps them fresh.
#[derive(Debug)]
pub(crate) struct Keeper {
    client: Client,
    identity: Identity,
    source: CertificateSource,
    tls: Tls,
    announce: watch::Sender<CaBundle>,
    held: Option<Held>,
}

impl Certificates {
    /// Certificates to start with: those of the Secret, made now if there are none, or those of the files.
    ///
    /// # Errors
    /// [`ControllerError`] where they can't be had.
    pub(crate) async fn obtain(
        client: &Client,
        identity: &Identity,
        source: &CertificateSource,
    ) -> Result<Self, ControllerError> {
        let (tls, bundle, held) = match source {
            CertificateSource::Files {
                certificate,
                key,
                authorities,
            } => {
                let tls = Tls::from_files(certificate, key)?;
                (tls, bundle_of(&read(authorities)?), None)
            }
            CertificateSource::Own => {
                let held = settle(client, identity, None).await?;
                let tls = Tls::from_pem(&held.certificate, &held.key)?;
                (tls, bundle_of(&held.authorities), Some(held))
            }
        };
        let (announce, bundle) = watch::channel(bundle);
        let keeper = Keeper {
            client: client.clone(),
            identity: identity.clone(),
            source: source.clone(),
            tls: tls.clone(),
            announce,
            held,
        };
        Ok(Self { tls, bundle, keeper })
    }

    /// What the server shows, what webhooks announce, and who keeps both fresh.
    pub(crate) fn into_parts(self) -> (Tls, watch::Receiver<CaBundle>, Keeper) {
        (self.tls, self.bundle, self.keeper)
    }
}

impl Keeper {
    /// Keeps certificates fresh, for ever.
    pub(crate) async fn keep(mut self) {
        loop {
            tokio::time::sleep(CERTIFICATES_INTERVAL).await;
            if let Err(cause) = self.look().await {
                tracing::warn!(%cause, "certificates could not be renewed; the last good ones are kept");
            }
        }
    }

    async fn look(&mut self) -> Result<(), ControllerError> {
        let bundle = match &self.source {
            // The server follows certificate and key by itself.
            CertificateSource::Files { authorities, .. } => bundle_of(&read(authorities)?),
            CertificateSource::Own => {
                let held = settle(&self.client, &self.identity, self.held.as_ref()).await?;
                if self.held.as_ref() != Some(&held) {
                    self.tls.show(&held.certificate, &held.key)?;
                    tracing::info!("the certificates changed and are shown from now on");
                }
                let bundle = bundle_of(&held.authorities);
                self.held = Some(held);
                bundle
            }
        };
        self.announce.send_if_modified(|announced| {
            let differs = **announced != *bundle;
            *announced = bundle;
            differs
        });
        Ok(())
    }
}

/// Brings the Secret to where it should be, whoever else tries; gives what it holds then. `last` is what it held when it
/// was last seen: should it be gone, it is written again as it was.
async fn settle(client: &Client, identity: &Identity, last: Option<&Held>) -> Result<Held, ControllerError> {
    let kind = core_kind("Secret", "secrets");
    let path = kind.object_path(&identity.namespace, CERTIFICATES_SECRET);
    let mut tried = 0;
    loop {
        let (there, version) = match client.get(&path).await {
            Ok(secret) => {
                let version = secret
                    .pointer("/metadata/resourceVersion")
                    .and_then(Value::as_str);
                (Held::read(&secret), version.map(ToOwned::to_owned))
            }
            Err(ClusterError::NotFound { .. }) => (last.cloned(), None),
            Err(cause) => return Err(cause.into()),
        };
        let next = rotation::next(there.as_ref(), now_seconds(), &identity.server_names())?;
        let is_gone = version.is_none();
        let wanted = match (next, there) {
            (Some(next), _) => next,
            (None, Some(there)) if is_gone => there,
            (None, Some(there)) => return Ok(there),
            (None, None) => return Err(ControllerError::Certificate("none was made".to_owned())),
        };
        let secret = wanted.to_secret(&identity.namespace, version.as_deref());
        let written = if is_gone {
            client
                .create(&kind.list_path(Some(&identity.namespace)), &secret)
                .await
        } else {
            client.update(&path, &secret).await
        };
        match written {
            Ok(_) => return Ok(wanted),
            Err(ClusterError::Conflict { .. } | ClusterError::AlreadyExists { .. })
                if tried < MOST_CONFLICTS =>
            {
                tried += 1;
                tokio::time::sleep(CONFLICT_PAUSE).await;
            }
            Err(cause) => return Err(cause.into()),
        }
    }
}

fn bundle_of(pem: &str) -> CaBundle {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(pem).into()
}

fn read(path: &Path) -> Result<String, ControllerError> {
    use std::io::Read as _;
    let unreadable = |cause| ControllerError::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(admission_server::limits::MOST_PEM_BYTES)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    Ok(text)
}

fn now_seconds() -> i64 {
    crate::clock::now().as_second()
}
