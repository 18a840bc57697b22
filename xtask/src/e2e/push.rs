//! Pushes images to a registry on loopback: the few requests of the distribution specification that it takes.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rehearsal::oci::{Descriptor, IMAGE_CONFIG, IMAGE_MANIFEST, LAYER, Manifest};

use crate::failure::{Failure, Outcome};

/// Seconds a registry on this machine may take for one answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Pushes an image of an empty layer and this configuration; returns its digest.
pub(super) fn image(registry: SocketAddr, repository: &str, tag: &str, config: &str) -> Outcome<String> {
    let layer = vec![0; 1024];
    let config_at = Descriptor::of(IMAGE_CONFIG, config.as_bytes());
    let layer_at = Descriptor::of(LAYER, &layer);
    blob(registry, repository, &config_at.digest, config.as_bytes())?;
    blob(registry, repository, &layer_at.digest, &layer)?;
    let manifest = serde_json::to_vec(&Manifest::new(config_at, vec![layer_at]))
        .map_err(|cause| Failure::Found(format!("cannot write a manifest: {cause}")))?;
    let path = format!("/v2/{repository}/manifests/{tag}");
    request(registry, "PUT", &path, IMAGE_MANIFEST, &manifest, "201")?;
    Ok(Descriptor::of(IMAGE_MANIFEST, &manifest).digest)
}

fn blob(registry: SocketAddr, repository: &str, digest: &str, bytes: &[u8]) -> Outcome {
    let start = format!("/v2/{repository}/blobs/uploads/");
    let answer = request(registry, "POST", &start, "application/octet-stream", b"", "202")?;
    let location = answer.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("location")
            .then(|| value.trim().to_owned())
    });
    let location =
        location.ok_or_else(|| Failure::Found("the registry gave no upload location".to_owned()))?;
    let path = location.split_once("://").map_or(location.as_str(), |(_, rest)| {
        rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/")
    });
    let joint = if path.contains('?') { '&' } else { '?' };
    let path = format!("{path}{joint}digest={digest}");
    request(registry, "PUT", &path, "application/octet-stream", bytes, "201").map(drop)
}

fn request(
    registry: SocketAddr,
    method: &str,
    path: &str,
    media_type: &str,
    body: &[u8],
    expected: &str,
) -> Outcome<String> {
    let failed = |cause: std::io::Error| Failure::Found(format!("{method} {path} at {registry}: {cause}"));
    let mut stream = TcpStream::connect(registry).map_err(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {registry}\r\nconnection: close\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body))
        .map_err(failed)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(failed)?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).unwrap_or_default();
    if status == expected {
        return Ok(answer);
    }
    Err(Failure::Found(format!(
        "{method} {path} at {registry}: status {status}, not {expected}"
    )))
}
