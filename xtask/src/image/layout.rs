//! A folder in the form of the OCI image layout: blobs by digest, and an index of the images.
//!
//! Format: opencontainers/image-spec 1.1, `image-layout.md`, `config.md`, `manifest.md`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::failure::{Failure, Outcome};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// What an image runs on; the system is always Linux.
#[derive(Debug, Clone, Copy)]
pub(super) struct Platform {
    /// As Go calls it.
    pub(super) architecture: &'static str,
}

/// A layout that is being written.
pub(super) struct Layout {
    folder: PathBuf,
    images: Vec<Value>,
}

/// A layer that is stored: its descriptor.
#[derive(Debug, Clone)]
pub(super) struct Layer(Value);

impl Layout {
    /// A layout in `folder`, which is not there yet or empty.
    pub(super) fn create(folder: &Path) -> Outcome<Self> {
        let failed = |source| Failure::File {
            path: folder.to_owned(),
            source,
        };
        std::fs::create_dir_all(folder.join("blobs").join("sha256")).map_err(failed)?;
        let foreign = std::fs::read_dir(folder).map_err(failed)?;
        if foreign.flatten().count() > 1 {
            let what = format!("`{}` is not empty", folder.display());
            return Err(Failure::Usage(what));
        }
        Ok(Self {
            folder: folder.to_owned(),
            images: Vec::new(),
        })
    }

    /// Stores a layer.
    pub(super) fn layer(&mut self, archive: &[u8]) -> Outcome<Layer> {
        self.blob(LAYER, archive).map(Layer)
    }

    /// Stores an image of `layers`, lowest first; returns its digest.
    pub(super) fn image(&mut self, platform: Platform, layers: &[Layer]) -> Outcome<String> {
        // Layers are not compressed: what they hold has the digest that they have.
        let contents: Vec<&Value> = layers.iter().filter_map(|layer| layer.0.get("digest")).collect();
        let config = json!({
            "architecture": platform.architecture,
            "os": "linux",
            "config": {
                "User": "65532:65532",
                "ExposedPorts": {"9443/tcp": {}},
                "Env": ["SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
                "Entrypoint": ["/vouchsafe"],
                "Labels": {
                    "org.opencontainers.image.title": "vouchsafe",
                    "org.opencontainers.image.version": env!("CARGO_PKG_VERSION"),
                    "org.opencontainers.image.source": env!("CARGO_PKG_REPOSITORY"),
                    "org.opencontainers.image.licenses": env!("CARGO_PKG_LICENSE"),
                },
            },
            "rootfs": {"type": "layers", "diff_ids": contents},
        });
        let config = self.blob(CONFIG, config.to_string().as_bytes())?;
        let layers: Vec<&Value> = layers.iter().map(|layer| &layer.0).collect();
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
        let mut image = self.blob(MANIFEST, manifest.to_string().as_bytes())?;
        let digest = image
            .get("digest")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        if let Some(fields) = image.as_object_mut() {
            let place = json!({"architecture": platform.architecture, "os": "linux"});
            fields.insert("platform".to_owned(), place);
            let name = json!({"org.opencontainers.image.ref.name": env!("CARGO_PKG_VERSION")});
            fields.insert("annotations".to_owned(), name);
        }
        self.images.push(image);
        Ok(digest)
    }

    /// Writes the index: from now on it is a layout.
    pub(super) fn finish(self) -> Outcome {
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": self.images});
        write(&self.folder.join("index.json"), index.to_string().as_bytes())?;
        write(
            &self.folder.join("oci-layout"),
            br#"{"imageLayoutVersion":"1.0.0"}"#,
        )
    }

    /// Stores a blob; returns its descriptor.
    fn blob(&self, media_type: &str, bytes: &[u8]) -> Outcome<Value> {
        let hex = Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>();
        write(&self.folder.join("blobs").join("sha256").join(&hex), bytes)?;
        Ok(json!({"mediaType": media_type, "digest": format!("sha256:{hex}"), "size": bytes.len()}))
    }
}

fn write(path: &Path, bytes: &[u8]) -> Outcome {
    std::fs::write(path, bytes).map_err(|source| Failure::File {
        path: path.to_owned(),
        source,
    })
}
