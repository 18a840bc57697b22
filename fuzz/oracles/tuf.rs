//! Metadata of The Update Framework, by which a trusted root is kept fresh.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use futures_util::FutureExt as _;
use trust_root::{Fetch, FetchFuture, FreshRoot, Mirror};

#[path = "../../crates/trust-root/tests/it/tuf.rs"]
pub(crate) mod repository;

use repository::{Edition, Keys};

const ADDRESS: &str = "https://mirror.example";
const CONTENT: &str = "{\"trusted\":\"root\"}";
/// When it is judged: before anything expires.
const NOW: &str = "2026-06-01T00:00:00Z";

/// A repository whose root was renewed once, and whose trusted root a delegated role vouches for.
struct Workshop {
    pinned: Vec<u8>,
    files: BTreeMap<String, Vec<u8>>,
    genuine: FreshRoot,
}

static WORKSHOP: LazyLock<Workshop> = LazyLock::new(|| {
    let keys = Keys::fresh();
    let pinned = keys.root(1, None);
    let edition = Edition {
        delegate: Some("sigstore"),
        ..Edition::number(3, CONTENT)
    };
    let mut files = keys.files(&edition);
    files.insert("2.root.json".to_owned(), keys.root(2, None));
    let genuine = fresh(&pinned, &files).unwrap_or_else(|| panic!("a genuine repository must be believed"));
    assert_eq!((genuine.json.as_str(), genuine.root_version), (CONTENT, 2));
    Workshop {
        pinned,
        files,
        genuine,
    }
});

#[derive(Debug)]
struct Shelf(BTreeMap<String, Vec<u8>>);

impl Fetch for Shelf {
    fn fetch<'a>(&'a self, url: &'a str, _: u64) -> FetchFuture<'a> {
        let name = url
            .strip_prefix(ADDRESS)
            .unwrap_or_default()
            .trim_start_matches('/');
        Box::pin(std::future::ready(Ok(self.0.get(name).cloned())))
    }
}

/// What a client that never saw the repository believes of it.
fn fresh(pinned: &[u8], files: &BTreeMap<String, Vec<u8>>) -> Option<FreshRoot> {
    let mirror = Mirror::new(ADDRESS, pinned, None).ok()?;
    let at = NOW.parse().unwrap_or_else(|error| panic!("{error}"));
    let refreshed = mirror.refresh(Arc::new(Shelf(files.clone())), at).now_or_never();
    let refreshed = refreshed.unwrap_or_else(|| panic!("nothing here waits"));
    refreshed.ok()
}

/// Whatever is changed in any file of a repository, or in the root that it is trusted by, there is no trusted root, or the
/// genuine one by the genuine versions. The input: which file, where, how many bytes go, and what comes instead; and all
/// of it as that file.
pub(crate) fn no_mutation_of_tuf_metadata_is_trusted(bytes: &[u8]) {
    let workshop = &*WORKSHOP;
    let [which, high, low, gone, new @ ..] = bytes else {
        return;
    };
    let names: Vec<Option<&String>> = workshop.files.keys().map(Some).chain([None]).collect();
    let Some(name) = names.get(usize::from(*which) % names.len()) else {
        return;
    };
    let old = name.map_or(&workshop.pinned, |name| &workshop.files[name]);
    let place = usize::from(u16::from_be_bytes([*high, *low])) % old.len().saturating_add(1);
    let end = place.saturating_add(usize::from(*gone)).min(old.len());
    let mut changed = old.clone();
    changed.splice(place..end, new.iter().copied());
    for content in [changed, bytes.to_vec()] {
        let (mut pinned, mut files) = (workshop.pinned.clone(), workshop.files.clone());
        match name {
            Some(name) => {
                files.insert((*name).clone(), content);
            }
            None => pinned = content,
        }
        if let Some(believed) = fresh(&pinned, &files) {
            assert_eq!(believed, workshop.genuine, "{name:?} was touched and believed");
        }
    }
}
