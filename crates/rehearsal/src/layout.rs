//! Reads an OCI image layout folder into a [`Content`].
//!
//! In: a folder with `index.json` and `blobs/sha256/`. Out: its manifests under one repository name, tagged by the
//! annotation `org.opencontainers.image.ref.name`; manifests without it by digest only (signatures often are).
//! Digests are taken from the file names and not recomputed: what serves a layout is no judge of it.
//! Source: OCI image specification 1.1, image-layout.md.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::content::Content;
use crate::error::RehearsalError;
use crate::oci::{IMAGE_INDEX, hex_of};

/// How deep indexes may nest.
const MAX_INDEX_DEPTH: u32 = 4;
const REF_NAME: &str = "org.opencontainers.image.ref.name";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

#[derive(Deserialize)]
struct Children {
    #[serde(default)]
    manifests: Vec<Child>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Child {
    media_type: String,
    digest: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// Loads the layout in `folder` into `content` as `repository`; returns the number of tags.
///
/// # Errors
/// [`RehearsalError::Layout`] for a file that can't be read, [`RehearsalError::LayoutShape`] for one that is no
/// layout's, and for a layout without a single manifest.
pub fn load_layout(content: &Content, folder: &Path, repository: &str) -> Result<usize, RehearsalError> {
    let blobs = folder.join("blobs").join("sha256");
    for entry in fs::read_dir(&blobs).map_err(unreadable(&blobs))? {
        let path = entry.map_err(unreadable(&blobs))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        content.put_blob_as(
            &format!("sha256:{name}"),
            fs::read(&path).map_err(unreadable(&path))?,
        );
    }
    let index = folder.join("index.json");
    let children = children(&index, &fs::read(&index).map_err(unreadable(&index))?)?;
    if children.is_empty() {
        return Err(RehearsalError::LayoutShape {
            path: index,
            cause: "it names no manifest".to_owned(),
        });
    }
    let mut tags = 0;
    for child in children {
        put(content, repository, &blobs, &child, 0)?;
        if let Some(tag) = child.annotations.get(REF_NAME) {
            content.tag(repository, tag, &child.digest);
            tags += 1;
        }
    }
    Ok(tags)
}

fn put(
    content: &Content,
    repository: &str,
    blobs: &Path,
    child: &Child,
    depth: u32,
) -> Result<(), RehearsalError> {
    let path = blobs.join(hex_of(&child.digest));
    let shape = |cause: &str| RehearsalError::LayoutShape {
        path: path.clone(),
        cause: cause.to_owned(),
    };
    let bytes = content
        .blob(&child.digest)
        .ok_or_else(|| shape("`index.json` names it and it is missing"))?;
    if child.media_type == IMAGE_INDEX || child.media_type == DOCKER_LIST {
        if depth >= MAX_INDEX_DEPTH {
            return Err(shape("indexes nest more than four deep"));
        }
        // A child may be absent: a mirror of one platform is a valid layout.
        for grandchild in children(&path, &bytes)?
            .iter()
            .filter(|child| content.blob(&child.digest).is_some())
        {
            put(content, repository, blobs, grandchild, depth + 1)?;
        }
    }
    content.put_manifest_as(repository, &child.digest, &child.media_type, bytes);
    Ok(())
}

fn children(path: &Path, bytes: &[u8]) -> Result<Vec<Child>, RehearsalError> {
    let parsed: Result<Children, _> = serde_json::from_slice(bytes);
    parsed
        .map(|index| index.manifests)
        .map_err(|cause| RehearsalError::LayoutShape {
            path: path.to_owned(),
            cause: cause.to_string(),
        })
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> RehearsalError {
    let path: PathBuf = path.to_owned();
    move |source| RehearsalError::Layout { path, source }
}
