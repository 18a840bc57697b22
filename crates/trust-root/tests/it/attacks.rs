//! What a hostile mirror, or who stands between, may try (TUF specification, section 1.5.2). Each genuine but for one
//! thing, and each leaves what was seen before as it was.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use vouchsafe_trust_root::{MOST_TARGET_BYTES, Mirror};

use crate::shelf::{BEFORE, NOW, Shelf};
use crate::tuf::{Edition, Keys, envelope};

struct Scene {
    keys: Keys,
    shelf: Shelf,
    mirror: Mirror,
}

impl Scene {
    /// A mirror that was seen at its fifth edition.
    async fn new() -> Self {
        let keys = Keys::fresh();
        let mirror = Mirror::new("https://mirror.example", &keys.root(1, None), None).unwrap();
        let scene = Self {
            keys,
            shelf: Shelf::default(),
            mirror,
        };
        scene.publish(&Edition::number(5, "{\"good\":5}"));
        scene.refresh().await.unwrap();
        scene
    }

    fn publish(&self, edition: &Edition) {
        self.shelf.put(self.keys.files(edition));
    }

    async fn refresh(&self) -> Result<String, String> {
        let fresh = self.mirror.refresh(Arc::new(self.shelf.clone()), now()).await;
        fresh.map(|fresh| fresh.json).map_err(|cause| cause.to_string())
    }

    /// Holds that the mirror is refused for `reason`, and that the fifth edition still stands.
    async fn is_refused(&self, reason: &str) {
        let error = self.refresh().await.unwrap_err();
        assert!(error.contains(reason), "no `{reason}` in {error}");
        let kept = self.mirror.of_memory(now()).await.unwrap();
        assert_eq!(kept.json, "{\"good\":5}");
    }
}

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// An old edition, perhaps with a key in it that was given up since, is genuine in all but its age.
#[tokio::test]
async fn a_rollback_to_an_older_edition_is_refused_cve_2022_29173() {
    let scene = Scene::new().await;
    scene.publish(&Edition::number(4, "{\"old\":4}"));
    scene.is_refused("rollback").await;
}

/// A new timestamp over an old snapshot: the online key is stolen, the others are not.
#[tokio::test]
async fn a_rollback_of_the_snapshot_under_a_new_timestamp_is_refused() {
    let scene = Scene::new().await;
    scene.publish(&Edition {
        timestamp: 6,
        ..Edition::number(4, "{\"old\":4}")
    });
    scene.is_refused("rollback").await;
}

/// A rollback is also seen by the process that starts next, from the folder.
#[tokio::test]
async fn a_rollback_across_a_restart_is_refused() {
    let (keys, shelf, folder) = (Keys::fresh(), Shelf::default(), tempfile::tempdir().unwrap());
    let start = || {
        let folder = Some(folder.path().to_owned());
        Mirror::new("https://mirror.example", &keys.root(1, None), folder).unwrap()
    };
    shelf.put(keys.files(&Edition::number(5, "{\"good\":5}")));
    start().refresh(Arc::new(shelf.clone()), now()).await.unwrap();
    shelf.put(keys.files(&Edition::number(4, "{\"old\":4}")));
    let error = start()
        .refresh(Arc::new(shelf), now())
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("rollback"), "{error}");
}

/// The mirror goes on handing out what it once was, so that nobody sees the key that was given up since: by the end that
/// every timestamp carries.
#[tokio::test]
async fn a_freeze_at_an_expired_timestamp_is_refused() {
    let scene = Scene::new().await;
    scene.publish(&Edition {
        timestamp_expires: BEFORE,
        ..Edition::number(6, "{\"frozen\":6}")
    });
    scene.is_refused("expired").await;
}

/// The same edition for ever, which was good when it was first seen.
#[tokio::test]
async fn a_freeze_at_what_was_good_once_is_refused_when_its_time_is_over() {
    let scene = Scene::new().await;
    let later = "2026-06-09T00:00:00Z".parse().unwrap();
    let shelf = Arc::new(scene.shelf.clone());
    let error = scene.mirror.refresh(shelf, later).await.unwrap_err();
    assert!(error.to_string().contains("expired"), "{error}");
}

#[tokio::test]
async fn a_freeze_of_the_snapshot_is_refused() {
    let scene = Scene::new().await;
    scene.publish(&Edition {
        snapshot_expires: BEFORE,
        ..Edition::number(6, "{\"frozen\":6}")
    });
    let error = scene.refresh().await.unwrap_err();
    assert!(error.contains("expired"), "{error}");
}

/// Files of two editions, each genuine, which never stood side by side.
#[tokio::test]
async fn a_mix_of_two_editions_is_refused() {
    let scene = Scene::new().await;
    let (sixth, other) = (
        scene.keys.files(&Edition::number(6, "{\"good\":6}")),
        scene.keys.files(&Edition {
            targets: 7,
            ..Edition::number(6, "{\"other\":6}")
        }),
    );
    scene.shelf.put(sixth);
    scene
        .shelf
        .put([("6.snapshot.json".to_owned(), other["6.snapshot.json"].clone())]);
    let error = scene.refresh().await.unwrap_err();
    assert!(error.contains("snapshot.json"), "{error}");
}

/// Another trusted root under the name of the genuine one.
#[tokio::test]
async fn a_trusted_root_that_nobody_vouches_for_is_refused() {
    let scene = Scene::new().await;
    let files = scene.keys.files(&Edition::number(6, "{\"good\":6}"));
    let name = files
        .keys()
        .find(|name| name.starts_with("targets/"))
        .unwrap()
        .clone();
    scene.shelf.put(files);
    scene.shelf.put([(name, b"{\"evil\":6}".to_vec())]);
    let error = scene.refresh().await.unwrap_err();
    assert!(error.contains("trusted_root.json"), "{error}");
}

/// Metadata of the right form by keys of the attacker's own.
#[tokio::test]
async fn metadata_by_foreign_keys_is_refused() {
    let scene = Scene::new().await;
    scene
        .shelf
        .put(Keys::fresh().files(&Edition::number(6, "{\"evil\":6}")));
    scene.is_refused("threshold").await;
}

/// A new root that its own keys sign and the old ones do not; one that skips a version; one that signs twice by one key.
#[tokio::test]
async fn a_root_that_the_pinned_one_did_not_hand_over_to_is_refused() {
    let (scene, foreign) = (Scene::new().await, Keys::fresh());
    for root in [
        foreign.root(2, None),
        scene.keys.root(3, None),
        scene.keys.root(1, None),
        b"{}".to_vec(),
    ] {
        scene.shelf.put([("2.root.json".to_owned(), root)]);
        scene.refresh().await.unwrap_err();
        assert_eq!(scene.mirror.of_memory(now()).await.unwrap().root_version, 1);
    }
}

/// A file without an end, and a trusted root larger than any.
#[tokio::test]
async fn an_endless_answer_is_refused() {
    let scene = Scene::new().await;
    let most = usize::try_from(MOST_TARGET_BYTES).unwrap();
    scene.publish(&Edition::number(6, &" ".repeat(most + 1)));
    let error = scene.refresh().await.unwrap_err();
    assert!(error.contains("exceeds"), "{error}");
    scene
        .shelf
        .put([("timestamp.json".to_owned(), vec![b' '; 64 * 1024])]);
    let error = scene.refresh().await.unwrap_err();
    assert!(error.contains("larger than"), "{error}");
}

/// Who can write the folder can't make anything trusted by it.
#[tokio::test]
async fn a_folder_that_was_meddled_with_vouches_for_nothing() {
    let (keys, shelf, folder) = (Keys::fresh(), Shelf::default(), tempfile::tempdir().unwrap());
    let start = || {
        let folder = Some(folder.path().to_owned());
        Mirror::new("https://mirror.example", &keys.root(1, None), folder).unwrap()
    };
    shelf.put(keys.files(&Edition::number(5, "{\"good\":5}")));
    start().refresh(Arc::new(shelf.clone()), now()).await.unwrap();
    std::fs::write(folder.path().join("targets/trusted_root.json"), "{\"evil\":1}").unwrap();
    assert!(start().of_memory(now()).await.is_err());
    let forged = envelope(&json!({ "_type": "timestamp" }), &[&Keys::fresh().online]);
    std::fs::write(folder.path().join("timestamp.json"), forged).unwrap();
    assert!(start().of_memory(now()).await.is_err());
    // The mirror itself puts it right.
    let fresh = start().refresh(Arc::new(shelf), now()).await.unwrap();
    assert_eq!(fresh.json, "{\"good\":5}");
}

#[tokio::test]
async fn a_mirror_that_can_t_be_reached_is_an_error_that_names_it() {
    let scene = Scene::new().await;
    scene.shelf.go_down();
    scene.is_refused("https://mirror.example/").await;
}

/// A root whose roles need no signature would trust everything that follows.
#[tokio::test]
async fn a_role_that_needs_no_signature_trusts_nothing_cve_2026_23992() {
    let (keys, shelf) = (Keys::fresh(), Shelf::default());
    let root = keys.root_with_threshold(1, None, 0);
    assert!(Mirror::new("https://mirror.example", &root, None).is_err());
    shelf.put([("2.root.json".to_owned(), keys.root_with_threshold(2, None, 0))]);
    shelf.put(Keys::fresh().files(&Edition::number(1, "{\"evil\":1}")));
    let mirror = Mirror::new("https://mirror.example", &keys.root(1, None), None).unwrap();
    assert!(mirror.refresh(Arc::new(shelf), now()).await.is_err());
}

/// Names in metadata become names of files: a role called `../../evil` must not lead out of the folder.
#[tokio::test]
async fn a_role_s_name_leads_out_of_no_folder_cve_2026_24137() {
    let (keys, shelf, outside) = (Keys::fresh(), Shelf::default(), tempfile::tempdir().unwrap());
    let folder = outside.path().join("a").join("b");
    shelf.put(keys.files(&Edition {
        delegate: Some("../../evil"),
        ..Edition::number(1, "{}")
    }));
    let pinned = keys.root(1, None);
    let mirror = Mirror::new("https://mirror.example", &pinned, Some(folder)).unwrap();
    // The repository vouches for it, odd as the name is.
    mirror.refresh(Arc::new(shelf), now()).await.unwrap();
    let names = |folder: &std::path::Path| -> Vec<_> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    };
    assert_eq!(names(outside.path()), ["a"]);
    assert_eq!(names(&outside.path().join("a")), ["b"]);
}

/// A role that may speak of another path alone vouches for the trusted root: signed by the right keys, and none of its
/// business.
#[tokio::test]
async fn a_role_speaks_only_of_the_paths_that_were_delegated_to_it_cve_2024_47534() {
    let (keys, shelf) = (Keys::fresh(), Shelf::default());
    let mirror = Mirror::new("https://mirror.example", &keys.root(1, None), None).unwrap();
    let edition = |number: u64, delegated_paths| Edition {
        delegate: Some("elsewhere"),
        delegated_paths,
        ..Edition::number(number, "{\"evil\":1}")
    };
    for (number, paths) in [
        (1, "elsewhere/*"),
        (2, "elsewhere/trusted_root.json"),
        (3, "trusted_root.jso"),
    ] {
        shelf.put(keys.files(&edition(number, paths)));
        let error = mirror.refresh(Arc::new(shelf.clone()), now()).await.unwrap_err();
        assert!(
            error.to_string().contains("trusted_root.json"),
            "{paths}: {error}"
        );
    }
    shelf.put(keys.files(&edition(4, "trusted_root.json")));
    mirror.refresh(Arc::new(shelf), now()).await.unwrap();
}

/// Answers of another shape than metadata has: refused, by a process that goes on.
#[tokio::test]
async fn an_answer_of_the_wrong_shape_is_refused_and_ends_nothing_cve_2026_23991() {
    let scene = Scene::new().await;
    let shapes = [
        "",
        "null",
        "[]",
        "{}",
        "\"signed\"",
        "{\"signed\":null,\"signatures\":[]}",
        "{\"signed\":{},\"signatures\":[{}]}",
        "{\"signed\":{\"_type\":7},\"signatures\":[{\"keyid\":7,\"sig\":{}}]}",
        "{\"signed\":{\"_type\":\"timestamp\",\"version\":-1,\"meta\":[]},\"signatures\":[{\"keyid\":\"\",\"sig\":\"zz\"}]}",
    ];
    let sixth = scene.keys.files(&Edition::number(6, "{\"good\":6}"));
    for name in [
        "2.root.json",
        "timestamp.json",
        "6.snapshot.json",
        "6.targets.json",
    ] {
        for shape in shapes {
            scene.shelf.put(sixth.clone());
            scene.shelf.put([(name.to_owned(), shape.as_bytes().to_vec())]);
            assert!(scene.refresh().await.is_err(), "{name}: {shape}");
        }
        scene.shelf.take(name);
    }
    scene.shelf.put(sixth);
    assert_eq!(scene.refresh().await.unwrap(), "{\"good\":6}");
}
