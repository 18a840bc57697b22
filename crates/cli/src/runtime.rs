//! How registries are reached and what is trusted: the flags, and the loader they mean. Made only when a verdict needs it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use fact_loading::{Cluster, Environment, Loader, LoaderOptions, Platforms, RevocationCheck, Tenancy};

use crate::input::{InputError, read_file};
use crate::registry_certificates;
use crate::trust::TrustArguments;

/// How registries are reached and what is trusted.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RegistryArguments {
    /// Make every need of a registry or service an error that names it.
    #[arg(long)]
    pub(crate) offline: bool,
    /// Send requests for HOST, or for repositories of it under PATH, to URL; names in policies, digests and messages stay.
    #[arg(long = "registry-mirror", value_name = "HOST[/PATH]=URL")]
    pub(crate) mirrors: Vec<String>,
    /// Try plain HTTP where HTTPS fails.
    #[arg(long = "allow-insecure-registry")]
    pub(crate) allow_insecure: bool,
    /// Certificate authorities to trust beside the system's, PEM.
    #[arg(long = "registry-ca", value_name = "FILE")]
    pub(crate) authorities: Vec<String>,
    /// Certificates of single registries, as docker keeps them: DIR/HOST/*.crt are further authorities, *.cert and *.key
    /// what is shown to HOST.
    #[arg(long = "registry-certificates", value_name = "DIR")]
    pub(crate) host_certificates: Option<PathBuf>,
    /// Where credentials come from for policies that name no provider: default is the docker configuration.
    #[arg(
        long = "registry-credential-providers",
        alias = "registryCredentialHelpers",
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "default,google,amazon,azure,github"
    )]
    pub(crate) credential_providers: Vec<Provider>,
    /// What of an image for several platforms must be signed: its index, or each platform too.
    #[arg(long = "multi-platform", value_name = "WHAT", default_value = "index")]
    pub(crate) platforms: MultiPlatform,
    #[command(flatten)]
    pub(crate) trust: TrustArguments,
    /// Read manifests and configurations of images for `imageRegistry` context entries.
    #[arg(long = "registry")]
    pub(crate) read_images: bool,
    /// What is done where a certificate of a Notary signature was revoked, or nobody says that it was not.
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub(crate) notary_revocation: NotaryRevocation,
    /// Seconds that judging one resource may wait for registries and services.
    #[arg(long = "timeout", value_name = "SECONDS", default_value_t = 30)]
    pub(crate) timeout_seconds: u64,
}

/// What is done about revoked certificates of Notary signatures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum NotaryRevocation {
    /// Refuse the signature, as Kyverno does.
    #[default]
    Enforce,
    /// Accept it, and tell so among what was examined.
    Log,
    /// Ask nobody.
    Skip,
}

impl From<NotaryRevocation> for RevocationCheck {
    fn from(what: NotaryRevocation) -> Self {
        match what {
            NotaryRevocation::Enforce => Self::Enforce,
            NotaryRevocation::Log => Self::Log,
            NotaryRevocation::Skip => Self::Skip,
        }
    }
}

/// A source of credentials, by Kyverno's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Provider {
    /// The docker configuration of this process
    Default,
    /// ECR, by the identity at AWS
    Amazon,
    /// ACR, by the identity at Azure
    Azure,
    /// Artifact Registry and GCR, by the identity at Google
    Google,
    /// ghcr.io, by the token in the environment
    Github,
}

/// What of an image for several platforms must be signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum MultiPlatform {
    /// The index; it proves what it names
    #[default]
    Index,
    /// The index and each platform's manifest
    Each,
}

impl RegistryArguments {
    /// A loader over `cluster`.
    ///
    /// # Errors
    /// [`InputError`] where a file or a setting can't be used.
    pub(crate) fn loader(&self, cluster: Arc<dyn Cluster>) -> Result<Loader, InputError> {
        Loader::new(self.options(cluster)?).map_err(|cause| InputError::Malformed(cause.to_string()))
    }

    /// How such a loader is set up, files read.
    ///
    /// # Errors
    /// [`InputError`] where a file can't be used.
    pub(crate) fn options(&self, cluster: Arc<dyn Cluster>) -> Result<LoaderOptions, InputError> {
        let mut added_authorities = Vec::new();
        for path in &self.authorities {
            added_authorities.push(read_file(path)?);
        }
        let host_certificates = match &self.host_certificates {
            Some(folder) => registry_certificates::read(folder)?,
            None => Default::default(),
        };
        let provider = |provider: &Provider| {
            let value = provider.to_possible_value();
            value.map(|value| value.get_name().to_owned())
        };
        Ok(LoaderOptions {
            cluster,
            host_certificates,
            credential_providers: self.credential_providers.iter().filter_map(provider).collect(),
            platforms: match self.platforms {
                MultiPlatform::Index => Platforms::ByIndex,
                MultiPlatform::Each => Platforms::Each,
            },
            trusted_root: self.trust.given()?,
            tuf: self.trust.tuf()?,
            offline: self.offline,
            mirrors: self.mirrors.clone(),
            allow_insecure: self.allow_insecure,
            added_authorities,
            tenancy: Tenancy::Owner,
            reads_image_metadata: self.read_images,
            allow_loopback: true,
            environment: Environment::of_process(),
            notary_revocation: self.notary_revocation.into(),
            ..LoaderOptions::default()
        })
    }

    /// How long one resource may wait.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds.clamp(1, 600))
    }
}
