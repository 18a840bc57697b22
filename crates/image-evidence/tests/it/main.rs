//! The search against a registry on loopback that holds what cosign and notation put there.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod layouts;
mod cost;
mod gaps;

use std::time::{Duration, UNIX_EPOCH};

use image_reference::{DefaultRegistry, ImageReference};
use oci_registry::{Access, Call, Deadline, RegistryClient, RegistryClientOptions};
use rehearsal::registry::Options;
use rehearsal::{Algorithm, Content, Registry, Repository, SigningKey};
use vouchsafe_image_evidence as image_evidence;

use image_evidence::{EvidenceError, Gathered, Question};

/// A registry with one repository, and a key to sign with
pub(crate) struct Stage {
    pub(crate) registry: Registry,
    pub(crate) repository: Repository,
    pub(crate) key: SigningKey,
    pub(crate) client: RegistryClient,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let content = Content::new();
        let registry = Registry::start(content.clone(), options).await.unwrap();
        let at = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        let repository = Repository::new(&content, "acme/api", "registry.example/acme/api", at);
        Self {
            registry,
            repository,
            key: SigningKey::generate(Algorithm::P256).unwrap(),
            client: RegistryClient::new(RegistryClientOptions::default()).unwrap(),
        }
    }

    pub(crate) fn reference(&self, tag: &str) -> ImageReference {
        let text = format!("{}/acme/api:{tag}", self.registry.host());
        ImageReference::parse(&text, &DefaultRegistry::default()).unwrap()
    }

    /// Gathers about `tag`, and counts what that cost.
    pub(crate) async fn gather(
        &self,
        tag: &str,
        question: &Question,
    ) -> (Result<Gathered, EvidenceError>, u64) {
        let call = call();
        let gathered = image_evidence::gather(&self.client, &call, &self.reference(tag), question).await;
        (gathered, call.requests.get())
    }
}

pub(crate) fn call() -> Call {
    Call::new(Access::default(), Deadline::after(Duration::from_secs(10)))
}

/// The question for signatures and for attestations of one type.
pub(crate) fn with_attestations(layouts: image_trust::Layouts, predicate_type: &str) -> Question {
    let mut question = Question::signatures(layouts);
    question.attestations.insert(predicate_type.to_owned());
    question
}
