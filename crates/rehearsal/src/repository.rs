//! Fills one repository with images, and puts signatures and attestations where cosign puts them.
//!
//! In: image configurations, layers and bundles. Out: manifests, tags and referrers in a [`Content`].
//! Nothing says that what is attached must fit its image: replays are attached by the same calls.
//! Source: cosign 3.1.3 and fixtures it made; docs/verification.md, "What appears in the registry".

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Serialize;
use serde_json::Value;

use crate::bundle::{BUNDLE_V03, Bundle};
use crate::content::Content;
use crate::dsse::Envelope;
use crate::error::RehearsalError;
use crate::instant;
use crate::keys::SigningKey;
use crate::oci::{
    Descriptor, EMPTY, EMPTY_BYTES, IMAGE_CONFIG, IMAGE_INDEX, IMAGE_MANIFEST, Index, LAYER, Manifest,
    Platform, hex_of,
};
use crate::statement::{COSIGN_SIGN, Statement};
use crate::{layer::Layer, simple_signing};

/// Artifact type of a signature that refers to its image without the bundle format.
pub const COSIGN_OCI11: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";

/// Free pairs in a signature's claim, as `cosign sign -a` sets them.
pub type Annotations = BTreeMap<String, String>;

/// One repository of a [`Content`], and the name under which images in it are known.
#[derive(Clone, Debug)]
pub struct Repository {
    content: Content,
    path: String,
    name: String,
    at: SystemTime,
}

/// An image or index in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedImage {
    /// Media type, size and digest of its manifest.
    pub descriptor: Descriptor,
}

impl PushedImage {
    /// `sha256:…` of the manifest.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.descriptor.digest
    }
}

/// Which of cosign's two tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// `sha256-<hex>.sig`
    Signatures,
    /// `sha256-<hex>.att`
    Attestations,
}

impl Shelf {
    /// The tag beside the image with `digest`.
    #[must_use]
    pub fn tag(self, digest: &str) -> String {
        let suffix = match self {
            Self::Signatures => "sig",
            Self::Attestations => "att",
        };
        format!("sha256-{}.{suffix}", hex_of(digest))
    }
}

impl Repository {
    /// The repository at `path` of the registry, known as `name` (`registry.example.com/app`) in what is signed;
    /// artifacts bear the date `at`.
    #[must_use]
    pub fn new(content: &Content, path: &str, name: &str, at: SystemTime) -> Self {
        Self {
            content: content.clone(),
            path: path.to_owned(),
            name: name.to_owned(),
            at,
        }
    }

    /// The name in what is signed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path below the registry's host.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The store it fills.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The date that artifacts bear.
    #[must_use]
    pub fn at(&self) -> SystemTime {
        self.at
    }

    /// Pushes an image with this configuration and one empty layer, and tags it.
    ///
    /// # Errors
    /// [`RehearsalError::Json`], never in practice.
    pub fn image(&self, tag: &str, config: &Value) -> Result<PushedImage, RehearsalError> {
        let config = serde_json::to_vec(config)?;
        // An empty tar archive: two blocks of zeros.
        let layer = vec![0; 1024];
        let manifest = Manifest::new(
            Descriptor::of(IMAGE_CONFIG, &config),
            vec![Descriptor::of(LAYER, &layer)],
        );
        self.content.put_blob(config);
        self.content.put_blob(layer);
        let pushed = self.put(IMAGE_MANIFEST, &manifest)?;
        self.content.tag(&self.path, tag, &pushed.digest);
        Ok(PushedImage { descriptor: pushed })
    }

    /// Pushes an index over `children`, given as (operating system, architecture, image), and tags it.
    ///
    /// # Errors
    /// [`RehearsalError::Json`], never in practice.
    pub fn index(
        &self,
        tag: &str,
        children: &[(&str, &str, &PushedImage)],
    ) -> Result<PushedImage, RehearsalError> {
        let manifests = children.iter().map(|(os, architecture, image)| Descriptor {
            platform: Some(Platform {
                architecture: (*architecture).to_owned(),
                os: (*os).to_owned(),
            }),
            ..image.descriptor.clone()
        });
        let pushed = self.put(IMAGE_INDEX, &Index::new(manifests.collect()))?;
        self.content.tag(&self.path, tag, &pushed.digest);
        Ok(PushedImage { descriptor: pushed })
    }

    /// `cosign sign --key` in the classic format: a layer of the tag `sha256-<hex>.sig`.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library refuses.
    pub fn sign(
        &self,
        image: &PushedImage,
        key: &SigningKey,
        annotations: &Annotations,
    ) -> Result<String, RehearsalError> {
        let payload = simple_signing::payload(&self.name, image.digest(), annotations)?;
        self.attach(image, Shelf::Signatures, Layer::signature(key, payload)?)
    }

    /// `cosign attest --key --type kind` in the classic format: a layer of the tag `sha256-<hex>.att`.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library refuses.
    pub fn attest(
        &self,
        image: &PushedImage,
        key: &SigningKey,
        kind: &str,
        predicate: Value,
    ) -> Result<String, RehearsalError> {
        let statement = Statement::attestation(&self.name, image.digest(), kind, predicate);
        let envelope = Envelope::sign(key, &statement)?;
        self.attach(
            image,
            Shelf::Attestations,
            Layer::attestation(&envelope, &statement.predicate_type)?,
        )
    }

    /// `cosign sign --key` in the bundle format: a referrer.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library refuses.
    pub fn sign_bundle(
        &self,
        image: &PushedImage,
        key: &SigningKey,
        annotations: &Annotations,
    ) -> Result<String, RehearsalError> {
        let bundle = Bundle::sign(key, &Statement::signature(image.digest(), annotations))?;
        self.refer_bundle(image, COSIGN_SIGN, &bundle)
    }

    /// `cosign attest --key --type kind` in the bundle format: a referrer.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library refuses.
    pub fn attest_bundle(
        &self,
        image: &PushedImage,
        key: &SigningKey,
        kind: &str,
        predicate: Value,
    ) -> Result<String, RehearsalError> {
        let statement = Statement::attestation(&self.name, image.digest(), kind, predicate);
        self.refer_bundle(image, &statement.predicate_type, &Bundle::sign(key, &statement)?)
    }

    /// `cosign sign --key --registry-referrers-mode=oci-1-1` in the classic format: a referrer with a claim.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] where the library refuses.
    pub fn sign_oci11(
        &self,
        image: &PushedImage,
        key: &SigningKey,
        annotations: &Annotations,
    ) -> Result<String, RehearsalError> {
        let payload = simple_signing::payload(&self.name, image.digest(), annotations)?;
        self.refer_layer(image, Layer::signature(key, payload)?)
    }

    /// Adds a layer behind those that the tag beside `image` has already; returns the new manifest's digest.
    ///
    /// # Errors
    /// [`RehearsalError::Json`] where what the tag holds is no manifest.
    pub fn attach(&self, image: &PushedImage, shelf: Shelf, layer: Layer) -> Result<String, RehearsalError> {
        let tag = shelf.tag(image.digest());
        let mut layers = match self.content.manifest(&self.path, &tag) {
            Some(stored) => serde_json::from_slice::<Manifest>(&stored.bytes)?.layers,
            None => Vec::new(),
        };
        layers.push(layer.descriptor());
        self.content.put_blob(layer.bytes);
        let config = self.config_over(&layers)?;
        let pushed = self.put(IMAGE_MANIFEST, &Manifest::new(config, layers))?;
        self.content.tag(&self.path, &tag, &pushed.digest);
        Ok(pushed.digest)
    }

    /// Puts a claim as a referrer of `image`, of type [`COSIGN_OCI11`]; returns its digest.
    ///
    /// # Errors
    /// [`RehearsalError::Json`], never in practice.
    pub fn refer_layer(&self, image: &PushedImage, layer: Layer) -> Result<String, RehearsalError> {
        let layers = vec![layer.descriptor()];
        self.content.put_blob(layer.bytes);
        let mut manifest = Manifest::new(self.config_over(&layers)?, layers);
        manifest.config.media_type = COSIGN_OCI11.to_owned();
        manifest.artifact_type = Some(COSIGN_OCI11.to_owned());
        self.refer(image, manifest)
    }

    /// Puts a bundle as a referrer of `image`, announced with `predicate_type`; returns its digest.
    ///
    /// # Errors
    /// [`RehearsalError::Json`], never in practice.
    pub fn refer_bundle(
        &self,
        image: &PushedImage,
        predicate_type: &str,
        bundle: &Bundle,
    ) -> Result<String, RehearsalError> {
        self.refer_bundle_bytes(image, predicate_type, bundle.to_json()?)
    }

    /// As [`Self::refer_bundle`], with bytes that need be no bundle.
    ///
    /// # Errors
    /// [`RehearsalError::Der`] where the repository's date is before 1970.
    pub fn refer_bundle_bytes(
        &self,
        image: &PushedImage,
        predicate_type: &str,
        bundle: Vec<u8>,
    ) -> Result<String, RehearsalError> {
        let mut config = Descriptor::of(EMPTY, EMPTY_BYTES);
        config.artifact_type = Some(BUNDLE_V03.to_owned());
        let mut manifest = Manifest::new(config, vec![Descriptor::of(BUNDLE_V03, &bundle)]);
        manifest.artifact_type = Some(BUNDLE_V03.to_owned());
        manifest.annotations = BTreeMap::from([
            (
                "dev.sigstore.bundle.content".to_owned(),
                "dsse-envelope".to_owned(),
            ),
            (
                "dev.sigstore.bundle.predicateType".to_owned(),
                predicate_type.to_owned(),
            ),
            (
                "org.opencontainers.image.created".to_owned(),
                instant::rfc3339(self.at)?,
            ),
        ]);
        self.content.put_blob(EMPTY_BYTES);
        self.content.put_blob(bundle);
        self.refer(image, manifest)
    }

    /// Puts `manifest` as a referrer of `image`; returns its digest.
    ///
    /// # Errors
    /// [`RehearsalError::Json`], never in practice.
    pub fn refer(&self, image: &PushedImage, mut manifest: Manifest) -> Result<String, RehearsalError> {
        // Only what the specification asks of a subject: platform and annotations stay with the index.
        manifest.subject = Some(Descriptor {
            platform: None,
            annotations: BTreeMap::new(),
            ..image.descriptor.clone()
        });
        Ok(self.put(IMAGE_MANIFEST, &manifest)?.digest)
    }

    /// Copies what stands beside one image to another: a replay.
    ///
    /// # Errors
    /// [`RehearsalError::NoManifest`] where nothing stands there.
    pub fn replay(&self, shelf: Shelf, from: &PushedImage, to: &PushedImage) -> Result<(), RehearsalError> {
        let tag = shelf.tag(from.digest());
        let stored = self
            .content
            .manifest(&self.path, &tag)
            .ok_or_else(|| RehearsalError::NoManifest {
                repository: self.path.clone(),
                reference: tag,
            })?;
        self.content
            .tag(&self.path, &shelf.tag(to.digest()), &stored.digest);
        Ok(())
    }

    fn put(&self, media_type: &str, manifest: &impl Serialize) -> Result<Descriptor, RehearsalError> {
        let bytes = serde_json::to_vec(manifest)?;
        let descriptor = Descriptor::of(media_type, &bytes);
        self.content.put_manifest(&self.path, media_type, bytes);
        Ok(descriptor)
    }

    /// The configuration that go-containerregistry writes for an image without one.
    fn config_over(&self, layers: &[Descriptor]) -> Result<Descriptor, RehearsalError> {
        #[derive(Serialize)]
        struct Config<'a> {
            architecture: &'a str,
            created: &'a str,
            history: Vec<History<'a>>,
            os: &'a str,
            rootfs: RootFs<'a>,
            config: BTreeMap<&'a str, &'a str>,
        }
        #[derive(Serialize)]
        struct History<'a> {
            created: &'a str,
        }
        #[derive(Serialize)]
        struct RootFs<'a> {
            #[serde(rename = "type")]
            kind: &'a str,
            diff_ids: Vec<&'a str>,
        }
        const NEVER: &str = "0001-01-01T00:00:00Z";
        let bytes = serde_json::to_vec(&Config {
            architecture: "",
            created: NEVER,
            history: layers.iter().map(|_| History { created: NEVER }).collect(),
            os: "",
            rootfs: RootFs {
                kind: "layers",
                diff_ids: layers.iter().map(|layer| layer.digest.as_str()).collect(),
            },
            config: BTreeMap::new(),
        })?;
        let descriptor = Descriptor::of(IMAGE_CONFIG, &bytes);
        self.content.put_blob(bytes);
        Ok(descriptor)
    }
}
