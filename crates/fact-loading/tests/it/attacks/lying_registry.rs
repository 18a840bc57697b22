//! A registry that says one digest and serves another content.

use bytes::Bytes;
use image_trust::ReasonCode;
use rehearsal::registry::{Fault, Misbehaviour, Target};
use rehearsal::repository::Shelf;

use crate::policies::{images_policy, key, signed_by};
use crate::stage::Stage;

/// CVE-2023-47630: a compromised registry says of an evil tag that it is the signed digest. That lie is harmless, as
/// what is verified is also what is stored: the Pod runs the signed content or nothing.
#[tokio::test]
async fn a_tag_said_to_be_the_signed_digest_is_pinned_to_that_digest_cve_2023_47630() {
    let stage = Stage::new().await;
    let signed = stage.signed_image("1");
    stage.image("evil");
    let lie = Misbehaviour::LieAboutDigest(signed.digest().to_owned());
    stage
        .registry
        .misbehave(Fault::new(Target::Manifest("evil".to_owned()), lie));
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    stage.run(&policies, &["evil"]).await.pinned_to(signed.digest());
}

/// The registry changes what stands under the signature's tag, under a header that names the genuine manifest, or keeps
/// the manifest and lies in the header; or it serves another claim under the claim's digest. Every document is hashed
/// anew, so each is a lie of the registry and no signature at all.
#[tokio::test]
async fn content_that_is_not_what_its_digest_says_is_no_evidence() {
    let stage = Stage::new().await;
    let signed = stage.signed_image("1");
    let other = stage.signed_image("2");
    let tag = Target::Manifest(Shelf::Signatures.tag(signed.digest()));
    let elsewhere = stage
        .registry
        .content()
        .manifest("app", &Shelf::Signatures.tag(other.digest()))
        .unwrap();
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    for (target, lie) in [
        (
            tag.clone(),
            Misbehaviour::ServeOtherBytes(elsewhere.bytes.clone()),
        ),
        (tag, Misbehaviour::LieAboutDigest(elsewhere.digest.clone())),
        (
            Target::Blobs,
            Misbehaviour::ServeOtherBytes(Bytes::from_static(b"{\"critical\":{}}")),
        ),
    ] {
        stage.registry.misbehave(Fault::new(target.clone(), lie.clone()));
        let ruling = stage.run(&policies, &["1"]).await;
        stage.registry.behave();
        ruling.refused_for(ReasonCode::RegistryProtocol);
    }
    stage.run(&policies, &["1"]).await.pinned_to(signed.digest());
}

/// CVE-2026-48978: a digest with path segments in it would, put into a URL, ask another place with our credentials.
#[tokio::test]
async fn a_digest_that_is_none_never_reaches_a_url() {
    let stage = Stage::new().await;
    stage.signed_image("1");
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    let lie = Misbehaviour::LieAboutDigest("sha256:../../other/manifests/x".to_owned());
    stage
        .registry
        .misbehave(Fault::new(Target::Manifest("1".to_owned()), lie));
    stage
        .run(&policies, &["1"])
        .await
        .refused_for(ReasonCode::RegistryProtocol);
    let asked = stage.registry.requests();
    assert!(
        asked
            .iter()
            .all(|request| !request.path.contains("..") && request.path.starts_with("/v2/app/"))
    );
}
