//! A trust root that a TUF mirror hands out: when it is asked, and what stands when it can't be.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use image_trust::ReasonCode;
use rehearsal::authority::Signer;
use rehearsal::repository::Shelf;
use vouchsafe_fact_loading::TufOptions;

use crate::office::Office;
use crate::policies::{images_policy, key, keyless, signed_by};
use crate::stage::Stage;
use crate::tuf::{Edition, Keys};
use crate::workshop::{AUTHORITY, ISSUER, SUBJECT, credential, logged_signature};

/// An end that no test sees.
const NEVER: &str = "2999-01-01T00:00:00Z";

/// A mirror over HTTP; `None`: it is down.
type Files = Arc<Mutex<Option<BTreeMap<String, Vec<u8>>>>>;

async fn mirror(files: &Files) -> Office {
    let files = Arc::clone(files);
    Office::open(move |request| {
        let files = files.lock().unwrap();
        let Some(files) = files.as_ref() else {
            return (500, String::new());
        };
        let found = files.get(request.path().trim_start_matches('/'));
        found.map_or((404, String::new()), |bytes| {
            (200, String::from_utf8(bytes.clone()).unwrap())
        })
    })
    .await
}

fn edition(number: u64, content: &str) -> Edition {
    Edition {
        timestamp_expires: NEVER,
        snapshot_expires: NEVER,
        ..Edition::number(number, content)
    }
}

/// A stage whose trust root is the mirror's, with an image that an identity signed and one that the stage's key did.
async fn stage(keys: &Keys, mirror: &Office, cache: Option<&std::path::Path>) -> Stage {
    let stage = Stage::new().await;
    let tuf = TufOptions {
        mirror: Some(mirror.url()),
        root: Some(keys.root(1, None)),
        cache: cache.map(std::path::Path::to_owned),
    };
    let stage = stage.set_up(|options| (options.trusted_root, options.tuf) = (None, Some(tuf)));
    let image = stage.image("keyless");
    let credential = credential(SUBJECT);
    let layer = logged_signature(Signer::Certificate(&credential), &image, &[]);
    stage.repository.attach(&image, Shelf::Signatures, layer).unwrap();
    stage.signed_image("keyed");
    stage
}

fn keyless_policy() -> [String; 1] {
    [images_policy("p", &[signed_by(&[keyless(SUBJECT, ISSUER)])])]
}

#[tokio::test]
async fn a_mirror_s_root_is_fetched_once_when_a_policy_needs_it_and_not_before() {
    let keys = Keys::fresh();
    let files: Files = Arc::new(Mutex::new(Some(
        keys.files(&edition(1, &AUTHORITY.trusted_root().unwrap())),
    )));
    let mirror = mirror(&files).await;
    let stage = stage(&keys, &mirror, None).await;
    assert!(mirror.received().is_empty(), "nothing is fetched at the start");
    for _ in 0..2 {
        stage.run(&keyless_policy(), &["keyless"]).await.admitted();
    }
    assert_eq!(mirror.count("/timestamp.json"), 1);
    stage
        .run(&keyless_policy(), &["keyed"])
        .await
        .refused_for(ReasonCode::WrongSigner);
}

/// Whoever can stop the mirror must not make anything believed, nor stop what needs no root.
#[tokio::test]
async fn a_mirror_that_is_down_refuses_what_needs_its_root() {
    let keys = Keys::fresh();
    let mirror = mirror(&Arc::new(Mutex::new(None))).await;
    let stage = stage(&keys, &mirror, None).await;
    let ruling = stage.run(&keyless_policy(), &["keyless"]).await;
    ruling.refused_for(ReasonCode::KeyUnavailable);
    ruling.refused_with("can't be refreshed");
    let asked = mirror.received().len();
    stage
        .run(&keyless_policy(), &["keyless"])
        .await
        .refused_for(ReasonCode::KeyUnavailable);
    assert_eq!(mirror.received().len(), asked, "it is not asked again at once");
}

/// The public-good root of the build serves as long as no mirror of it could be asked.
#[tokio::test]
async fn a_key_without_a_log_is_judged_without_any_mirror() {
    let mirror = mirror(&Arc::new(Mutex::new(None))).await;
    let stage = Stage::new().await;
    stage.signed_image("1");
    let tuf = TufOptions {
        mirror: Some(mirror.url()),
        ..TufOptions::default()
    };
    let stage = stage.set_up(|options| (options.trusted_root, options.tuf) = (None, Some(tuf)));
    let policies = [images_policy("p", &[signed_by(&[key(&stage.key)])])];
    stage.run(&policies, &["1"]).await.admitted();
    assert!(mirror.received().is_empty());
}

#[tokio::test]
async fn what_a_mirror_gave_serves_the_next_start_when_it_is_down() {
    let (keys, cache) = (Keys::fresh(), tempfile::tempdir().unwrap());
    let files: Files = Arc::new(Mutex::new(Some(
        keys.files(&edition(1, &AUTHORITY.trusted_root().unwrap())),
    )));
    let mirror = mirror(&files).await;
    let first = stage(&keys, &mirror, Some(cache.path())).await;
    first.run(&keyless_policy(), &["keyless"]).await.admitted();
    *files.lock().unwrap() = None;
    let next = stage(&keys, &mirror, Some(cache.path())).await;
    next.run(&keyless_policy(), &["keyless"]).await.admitted();
}

/// A rollback attack after a restart: the mirror hands out an edition older than the one that was seen.
#[tokio::test]
async fn a_rollback_of_the_trust_root_leaves_the_last_good_one_in_force() {
    let (keys, cache) = (Keys::fresh(), tempfile::tempdir().unwrap());
    let good = AUTHORITY.trusted_root().unwrap();
    let files: Files = Arc::new(Mutex::new(Some(keys.files(&edition(5, &good)))));
    let mirror = mirror(&files).await;
    let first = stage(&keys, &mirror, Some(cache.path())).await;
    first.run(&keyless_policy(), &["keyless"]).await.admitted();
    let stranger = rehearsal::Authority::new(crate::workshop::signing_time()).unwrap();
    *files.lock().unwrap() = Some(keys.files(&edition(4, &stranger.trusted_root().unwrap())));
    let next = stage(&keys, &mirror, Some(cache.path())).await;
    next.run(&keyless_policy(), &["keyless"]).await.admitted();
}
