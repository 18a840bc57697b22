//! What a mirror that behaves gives.

use std::sync::Arc;

use vouchsafe_trust_root::{Mirror, PUBLIC_GOOD_MIRROR};

use crate::shelf::{NOW, Shelf};
use crate::tuf::{Edition, Keys};

fn mirror(keys: &Keys, folder: Option<&std::path::Path>) -> Mirror {
    let folder = folder.map(std::path::Path::to_owned);
    Mirror::new("https://mirror.example/", &keys.root(1, None), folder).unwrap()
}

#[test]
fn the_root_of_this_build_is_one() {
    let mirror = Mirror::public_good(None, None).unwrap();
    assert_eq!(mirror.address(), PUBLIC_GOOD_MIRROR);
    assert!(Mirror::new("https://mirror.example", b"{}", None).is_err());
}

#[tokio::test]
async fn a_trusted_root_is_had_and_had_anew_when_it_changes() {
    let (keys, shelf) = (Keys::fresh(), Shelf::default());
    let (mirror, at) = (mirror(&keys, None), NOW.parse().unwrap());
    shelf.put(keys.files(&Edition::number(1, "{\"a\":1}")));
    let first = mirror.refresh(Arc::new(shelf.clone()), at).await.unwrap();
    assert_eq!((first.json.as_str(), first.root_version), ("{\"a\":1}", 1));
    assert_eq!(first.fresh_until, crate::tuf::LATER.parse().unwrap());
    let asked = shelf.count();
    assert_eq!(mirror.refresh(Arc::new(shelf.clone()), at).await.unwrap(), first);
    assert_eq!(
        shelf.count() - asked,
        2,
        "what did not change is not fetched again"
    );
    shelf.put(keys.files(&Edition::number(2, "{\"a\":2}")));
    let second = mirror.refresh(Arc::new(shelf), at).await.unwrap();
    assert_eq!((second.json.as_str(), second.targets_version), ("{\"a\":2}", 2));
}

#[tokio::test]
async fn keys_change_by_a_root_that_both_old_and_new_keys_sign() {
    let (old, new, shelf) = (Keys::fresh(), Keys::fresh(), Shelf::default());
    shelf.put([("2.root.json".to_owned(), new.root(2, Some(&old.root)))]);
    shelf.put(new.files(&Edition::number(1, "{}")));
    let fresh = mirror(&old, None)
        .refresh(Arc::new(shelf), NOW.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(fresh.root_version, 2);
}

#[tokio::test]
async fn what_was_seen_serves_the_next_start_without_a_connection_until_it_expires() {
    let (keys, shelf, folder) = (Keys::fresh(), Shelf::default(), tempfile::tempdir().unwrap());
    shelf.put(keys.files(&Edition::number(1, "{}")));
    let now = NOW.parse().unwrap();
    let seen = mirror(&keys, Some(folder.path()));
    assert!(seen.of_memory(now).await.is_err());
    let fresh = seen.refresh(Arc::new(shelf), now).await.unwrap();
    assert_eq!(seen.of_memory(now).await.unwrap(), fresh);
    let next = mirror(&keys, Some(folder.path()));
    assert_eq!(next.of_memory(now).await.unwrap(), fresh);
    assert!(
        next.of_memory("2026-06-09T00:00:00Z".parse().unwrap())
            .await
            .is_err()
    );
}
