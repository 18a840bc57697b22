//! The loader: one for a process, a [`RequestLoader`] for each request.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use image_trust::RegistryAccess;
use jiff::Timestamp;
use oci_registry::{Deadline, DockerConfig, Mirrors, RegistryClient, RegistryClientOptions};
use policy_engine::facts::Asker;
use policy_engine::{Fact, FactError, FactRequest, FactSource};
use serde_json::{Value, json};
use tracing::Instrument as _;

use crate::access::{self, AccessReport};
use crate::addresses::Loopback;
use crate::cloud::Clouds;
use crate::cluster::Cluster;
use crate::http::{Authorities, Http, Word};
use crate::image_metadata;
use crate::images::{Errand, ImageMeans, Images};
use crate::key_services::KeyServices;
use crate::keychains::Keychains;
use crate::keys::{KeyMeans, Keys};
use crate::operator_trust::trust_source;
use crate::options::{LoaderOptions, SetupError};
use crate::revocation::Revocations;
use crate::services::{self, ServiceCall};
use crate::tenancy::Tenancy;
use crate::trust_roots::TrustRoots;

/// Questions of one request answered at the same time.
const MOST_AT_ONCE: usize = 32;

/// Answers the engine's questions. Cheap to clone; connections, tokens and evidence are shared.
#[derive(Debug, Clone)]
pub struct Loader {
    /// Taken out whole by each request: what it has begun with it ends with.
    images: Arc<RwLock<Images>>,
    http: Http,
    cluster: Arc<dyn Cluster>,
    tenancy: Tenancy,
    loopback: Loopback,
    offline: bool,
    reads_image_metadata: bool,
}

/// A loader with the time one request has.
#[derive(Debug, Clone)]
pub struct RequestLoader {
    loader: Loader,
    images: Images,
    deadline: Deadline,
    at: Timestamp,
}

impl Loader {
    /// A loader set up by `options`.
    ///
    /// # Errors
    /// [`SetupError`] with what can't be used.
    pub fn new(options: LoaderOptions) -> Result<Self, SetupError> {
        let mut mirrors = Mirrors::default();
        for mirror in &options.mirrors {
            mirrors.add(mirror)?;
        }
        let trust = trust_source(&options)?;
        let registry = RegistryClient::new(RegistryClientOptions {
            added_authorities: options.added_authorities,
            host_certificates: options.host_certificates,
            mirrors,
            offline: options.offline,
            ..RegistryClientOptions::default()
        })?;
        let loopback = if options.allow_loopback {
            Loopback::Allowed
        } else {
            Loopback::Refused
        };
        let http = Http::new(Word::Policy(loopback), Authorities::System)?;
        let own = DockerConfig::from_environment()?;
        let clouds = Clouds::new(options.environment.clone());
        let keychains = Keychains::new(
            Arc::clone(&options.cluster),
            own,
            &clouds,
            options.credential_providers,
            options.tenancy,
            options.own_namespace,
        );
        let keys = Keys::new(KeyMeans {
            http: http.clone(),
            services: KeyServices::new(clouds, loopback),
            cluster: Arc::clone(&options.cluster),
            environment: options.environment,
            tenancy: options.tenancy,
            offline: options.offline,
        });
        let means = ImageMeans {
            keychains,
            keys,
            roots: TrustRoots::new(http.clone(), options.tenancy, options.offline),
            revocations: Revocations::new(
                http.clone(),
                options.tenancy,
                options.offline,
                options.notary_revocation,
            ),
            trust,
            allow_insecure: options.allow_insecure,
            platforms: options.platforms,
        };
        Ok(Self {
            images: Arc::new(RwLock::new(Images::new(registry, means, options.memory))),
            http,
            cluster: options.cluster,
            tenancy: options.tenancy,
            loopback,
            offline: options.offline,
            reads_image_metadata: options.reads_image_metadata,
        })
    }

    /// The loader of one request, which has `time` for all its facts and is judged as of `at_ns` (nanoseconds since the
    /// Unix epoch).
    #[must_use]
    pub fn for_request(&self, time: Duration, at_ns: i128) -> RequestLoader {
        let at = Timestamp::from_nanosecond(at_ns).unwrap_or(Timestamp::UNIX_EPOCH);
        RequestLoader {
            loader: self.clone(),
            images: self.images(),
            deadline: Deadline::after(time),
            at,
        }
    }

    /// How the registry of `image` is reached and by whose credential, with the pull secrets named (`namespace/name`) and
    /// those that stand for every policy; asks for at most `time`.
    ///
    /// # Errors
    /// A sentence, where `image` is no reference.
    pub async fn explain_access(
        &self,
        image: &str,
        pull_secrets: &[String],
        time: Duration,
    ) -> Result<AccessReport, String> {
        let asker = Asker::default();
        let access = RegistryAccess {
            pull_secrets: pull_secrets.to_vec(),
            ..RegistryAccess::default()
        };
        let errand = Errand {
            asker: &asker,
            access: &access,
            deadline: Deadline::after(time),
            at: Timestamp::UNIX_EPOCH,
        };
        access::explain(&self.images(), errand, image).await
    }

    /// Forgets what tags meant, which evidence there was and what it was found to be, for this loader and its clones:
    /// later requests see what images are now. Those under way go on with what they know, and none of it comes back.
    pub fn forget_images(&self) {
        let mut images = self.images.write().unwrap_or_else(PoisonError::into_inner);
        *images = images.anew();
    }

    /// Why signatures are judged by the last good trust root, or that of this build, where the TUF mirror could not be read.
    #[must_use]
    pub fn trust_failure(&self) -> Option<String> {
        self.images().trust_failure()
    }

    fn images(&self) -> Images {
        self.images.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether `--offline` is set.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.offline
    }
}

impl FactSource for RequestLoader {
    async fn load(&self, wanted: &BTreeSet<FactRequest>) -> Vec<(FactRequest, Result<Fact, FactError>)> {
        let answers = wanted
            .iter()
            .cloned()
            .map(|question| self.clone().answer_in_time(question));
        stream::iter(answers)
            .buffer_unordered(MOST_AT_ONCE)
            .collect()
            .instrument(tracing::info_span!("fact round", questions = wanted.len()))
            .await
    }
}

/// The deadline passed first: never a consent (the caller's failure policy decides what an error is worth).
fn too_late(question: &FactRequest) -> FactError {
    use image_trust::{ReasonCode, Refusal};
    let late = "no answer before the deadline of the request";
    match question {
        FactRequest::ImageFindings { image, .. } | FactRequest::ImageDigest { image, .. } => {
            FactError::Image {
                refusal: Refusal::new(ReasonCode::RegistryTimeout, format!("{image}: {late}")),
                network: true,
            }
        }
        FactRequest::Namespace { .. }
        | FactRequest::NamespaceLabels { .. }
        | FactRequest::ConfigMap { .. }
        | FactRequest::KubernetesCall { .. }
        | FactRequest::ServiceCall { .. }
        | FactRequest::HttpCall { .. }
        | FactRequest::ImageMetadata { .. }
        | FactRequest::GlobalContext { .. }
        | FactRequest::HostAddresses { .. } => FactError::Failed(late.to_owned()),
    }
}

fn json(answer: Result<Value, FactError>) -> Result<Fact, FactError> {
    answer.map(|value| Fact::Json(Arc::new(value)))
}

impl RequestLoader {
    async fn answer_in_time(self, question: FactRequest) -> (FactRequest, Result<Fact, FactError>) {
        let answer = tokio::time::timeout(self.deadline.remaining(), self.answer(&question)).await;
        let answer = answer.unwrap_or_else(|_| Err(too_late(&question)));
        (question, answer)
    }

    async fn answer(&self, question: &FactRequest) -> Result<Fact, FactError> {
        let Loader { cluster, tenancy, .. } = &self.loader;
        let images = &self.images;
        match question {
            FactRequest::Namespace { name } => json(cluster.namespace(name).await),
            FactRequest::NamespaceLabels { name } => json(cluster.namespace_labels(name).await),
            FactRequest::ConfigMap {
                asker,
                namespace,
                name,
            } => {
                tenancy
                    .may_read_namespace(asker, namespace)
                    .map_err(FactError::Failed)?;
                json(cluster.config_map(namespace, name).await)
            }
            FactRequest::KubernetesCall {
                method,
                url_path,
                body,
                ..
            } => json(cluster.call(method, url_path, body.as_deref()).await),
            FactRequest::ServiceCall { .. } | FactRequest::HttpCall { .. } => {
                json(self.called(question).await)
            }
            FactRequest::GlobalContext { name } => json(cluster.global_context(name).await),
            FactRequest::HostAddresses { host } => json(self.addresses(host).await),
            FactRequest::ImageMetadata { reference, .. } if !self.loader.reads_image_metadata => Err(
                FactError::NoLoader(format!("`{reference}` is not read: `--registry` is not set")),
            ),
            FactRequest::ImageMetadata {
                asker,
                reference,
                access,
            } => {
                let call = images.call(self.errand(asker, access)).await;
                json(image_metadata::read(images.registry(), &call, reference).await)
            }
            FactRequest::ImageDigest { asker, image, access } => images
                .digest(self.errand(asker, access), image)
                .await
                .map(Fact::Digest),
            FactRequest::ImageFindings { asker, image, demand } => {
                let errand = self.errand(asker, &demand.access);
                images.findings(errand, image, demand).await.map(Fact::Findings)
            }
        }
    }

    fn errand<'e>(&self, asker: &'e Asker, access: &'e RegistryAccess) -> Errand<'e> {
        Errand {
            asker,
            access,
            deadline: self.deadline,
            at: self.at,
        }
    }

    /// The answer of a service; none for other questions.
    async fn called(&self, question: &FactRequest) -> Result<Value, FactError> {
        let (FactRequest::ServiceCall {
            asker,
            method,
            url,
            headers,
            ca_bundle,
            body,
        }
        | FactRequest::HttpCall {
            asker,
            method,
            url,
            headers,
            ca_bundle,
            body,
        }) = question
        else {
            return Err(FactError::Failed("no service is asked".to_owned()));
        };
        let call = ServiceCall {
            asker,
            method,
            url,
            headers,
            ca_bundle: ca_bundle.as_deref(),
            body: body.as_deref(),
        };
        if matches!(question, FactRequest::HttpCall { .. }) {
            self.exchange(call).await
        } else {
            self.service(call).await
        }
    }

    async fn service(&self, call: ServiceCall<'_>) -> Result<Value, FactError> {
        let Loader {
            http,
            cluster,
            tenancy,
            loopback,
            ..
        } = &self.loader;
        if let Some(recorded) = cluster.service_call(call.method, call.url) {
            return recorded.await;
        }
        self.may_call(call.url)?;
        services::call(http, *loopback, *tenancy, call).await
    }

    /// The same call, whose status is part of the answer: `{status, body}`. A recorded answer is `wrapped`: Kyverno's tests
    /// find its body under `body`, whatever it is.
    async fn exchange(&self, call: ServiceCall<'_>) -> Result<Value, FactError> {
        let Loader {
            http,
            cluster,
            tenancy,
            loopback,
            ..
        } = &self.loader;
        if let Some((status, body)) = cluster.recorded_exchange(call.method, call.url) {
            return Ok(json!({"status": status, "body": body, "wrapped": true}));
        }
        self.may_call(call.url)?;
        services::exchange(http, *loopback, *tenancy, call).await
    }

    fn may_call(&self, url: &str) -> Result<(), FactError> {
        if self.loader.offline {
            return Err(FactError::Failed(format!("`--offline` forbids calling `{url}`")));
        }
        Ok(())
    }

    async fn addresses(&self, host: &str) -> Result<Value, FactError> {
        if self.loader.offline {
            return Err(FactError::Failed(format!(
                "`--offline` forbids resolving `{host}`"
            )));
        }
        let found = tokio::net::lookup_host((host, 0)).await;
        let found = found.map_err(|cause| FactError::Failed(format!("lookup {host}: {cause}")))?;
        Ok(found
            .map(|address| Value::from(address.ip().to_string()))
            .collect())
    }
}
