//! Where signatures lie and how their manifests read, held against what cosign 3.1.3 wrote.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};
use vouchsafe_rehearsal::layout::load_layout;
use vouchsafe_rehearsal::oci::digest_of;
use vouchsafe_rehearsal::repository::{PushedImage, Shelf};
use vouchsafe_rehearsal::{Algorithm, Content, Repository, SigningKey};

const NAME: &str = "registry.example.com/acme";

fn signed() -> (Content, Repository, PushedImage, SigningKey) {
    let content = Content::new();
    let at = UNIX_EPOCH + Duration::from_secs(1_795_455_934);
    let repository = Repository::new(&content, "acme", NAME, at);
    let image = repository.image("app", &json!({ "os": "linux" })).unwrap();
    (
        content,
        repository,
        image,
        SigningKey::generate(Algorithm::P256).unwrap(),
    )
}

fn text(content: &Content, reference: &str) -> String {
    String::from_utf8(content.manifest("acme", reference).unwrap().bytes.to_vec()).unwrap()
}

#[test]
fn a_classic_signature_is_a_layer_of_the_sig_tag_with_cosigns_fields_in_cosigns_order() {
    let (content, repository, image, key) = signed();
    repository.sign(&image, &key, &BTreeMap::new()).unwrap();
    let written = text(&content, &Shelf::Signatures.tag(image.digest()));
    let manifest: Value = serde_json::from_str(&written).unwrap();
    let field = |path: &str| manifest.pointer(path).unwrap().as_str().unwrap().to_owned();
    let (config, layer) = (field("/config/digest"), field("/layers/0/digest"));
    let size = manifest["layers"][0]["size"].as_u64().unwrap();
    let signature = field("/layers/0/annotations/dev.cosignproject.cosign~1signature");
    let expected = format!(
        concat!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","#,
            r#""config":{{"mediaType":"application/vnd.oci.image.config.v1+json","size":233,"digest":"{}"}},"#,
            r#""layers":[{{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json","size":{},"digest":"{}","#,
            r#""annotations":{{"dev.cosignproject.cosign/signature":"{}"}}}}]}}"#
        ),
        config, size, layer, signature
    );
    assert_eq!(written, expected);
    let config = content.blob(&config).unwrap();
    assert!(
        config.starts_with(br#"{"architecture":"","created":"0001-01-01T00:00:00Z","history":[{"created":"#)
    );
}

#[test]
fn a_bundle_is_a_referrer_with_cosigns_annotations() {
    let (content, repository, image, key) = signed();
    let digest = repository.sign_bundle(&image, &key, &BTreeMap::new()).unwrap();
    let written = text(&content, &digest);
    let manifest: Value = serde_json::from_str(&written).unwrap();
    let layer = manifest["layers"][0]["digest"].as_str().unwrap();
    let expected = format!(
        concat!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","#,
            r#""config":{{"mediaType":"application/vnd.oci.empty.v1+json","size":2,"#,
            r#""digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","#,
            r#""artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"}},"#,
            r#""layers":[{{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","size":{},"digest":"{}"}}],"#,
            r#""annotations":{{"dev.sigstore.bundle.content":"dsse-envelope","#,
            r#""dev.sigstore.bundle.predicateType":"https://sigstore.dev/cosign/sign/v1","#,
            r#""org.opencontainers.image.created":"2026-11-23T17:45:34Z"}},"#,
            r#""subject":{{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":{},"digest":"{}"}},"#,
            r#""artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"}}"#
        ),
        manifest["layers"][0]["size"],
        layer,
        image.descriptor.size,
        image.digest()
    );
    assert_eq!(written, expected);
    assert_eq!(content.referrers("acme", image.digest()).len(), 1);
}

#[test]
fn a_second_signature_stands_behind_the_first_and_a_replay_shares_its_manifest() {
    let (content, repository, image, key) = signed();
    repository.sign(&image, &key, &BTreeMap::new()).unwrap();
    let both = repository.sign(&image, &key, &BTreeMap::new()).unwrap();
    let manifest: Value = serde_json::from_str(&text(&content, &both)).unwrap();
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 2);
    let other = repository
        .image("other", &json!({ "os": "linux", "architecture": "arm64" }))
        .unwrap();
    repository.replay(Shelf::Signatures, &image, &other).unwrap();
    assert_eq!(
        content
            .manifest("acme", &Shelf::Signatures.tag(other.digest()))
            .unwrap()
            .digest,
        both
    );
    assert!(repository.replay(Shelf::Attestations, &image, &other).is_err());
}

#[test]
fn an_index_names_its_children_with_their_platforms() {
    let (content, repository, image, _) = signed();
    let index = repository.index("multi", &[("linux", "amd64", &image)]).unwrap();
    let written = text(&content, "multi");
    assert!(
        written.contains(r#""platform":{"architecture":"amd64","os":"linux"}"#),
        "{written}"
    );
    assert_eq!(index.digest(), digest_of(written.as_bytes()));
}

#[test]
fn an_image_layout_gives_its_tags_and_untagged_referrers() {
    let folder = std::env::temp_dir().join(format!("vouchsafe-layout-{}", std::process::id()));
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let image = br#"{"schemaVersion":2}"#.as_slice();
    let referrer = format!(
        r#"{{"artifactType":"x/y","subject":{{"digest":"{}"}}}}"#,
        digest_of(image)
    )
    .into_bytes();
    for bytes in [image, &referrer] {
        fs::write(blobs.join(digest_of(bytes).trim_start_matches("sha256:")), bytes).unwrap();
    }
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let index = json!({ "manifests": [
        { "mediaType": kind, "digest": digest_of(image), "size": image.len(),
          "annotations": { "org.opencontainers.image.ref.name": "app" } },
        { "mediaType": kind, "digest": digest_of(&referrer), "size": referrer.len() },
    ]});
    fs::write(folder.join("index.json"), index.to_string()).unwrap();
    let content = Content::new();
    let loaded = load_layout(&content, &folder, "acme");
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(loaded.unwrap(), 1);
    assert_eq!(content.tags("acme"), ["app"]);
    let listed = content.referrers("acme", &digest_of(image));
    assert_eq!(
        listed
            .iter()
            .map(|d| d.artifact_type.as_deref())
            .collect::<Vec<_>>(),
        [Some("x/y")]
    );
}

#[test]
fn a_layout_that_names_nothing_is_an_error() {
    let missing = load_layout(&Content::new(), std::path::Path::new("/nonexistent"), "acme").unwrap_err();
    assert_eq!(
        missing.to_string(),
        "cannot read `/nonexistent/blobs/sha256` of the image layout"
    );
}
