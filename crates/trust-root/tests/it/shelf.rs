//! The files of a mirror, and when they are asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use vouchsafe_trust_root::{Fetch, FetchFuture};

/// When tests happen.
pub(crate) const NOW: &str = "2026-06-01T00:00:00Z";
/// An end before that.
pub(crate) const BEFORE: &str = "2026-05-31T00:00:00Z";

/// Hands out files, and keeps what was asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shelf {
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    asked: Arc<Mutex<Vec<String>>>,
    /// An error instead of any answer.
    is_down: Arc<Mutex<bool>>,
}

impl Shelf {
    /// Puts files beside or over those there.
    pub(crate) fn put(&self, files: impl IntoIterator<Item = (String, Vec<u8>)>) {
        self.files.lock().unwrap().extend(files);
    }

    /// Takes a file away.
    pub(crate) fn take(&self, name: &str) {
        self.files.lock().unwrap().remove(name);
    }

    pub(crate) fn go_down(&self) {
        *self.is_down.lock().unwrap() = true;
    }

    /// How often anything was asked for.
    pub(crate) fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Fetch for Shelf {
    fn fetch<'a>(&'a self, url: &'a str, _: u64) -> FetchFuture<'a> {
        let name = url.strip_prefix("https://mirror.example/").unwrap().to_owned();
        let found = self.files.lock().unwrap().get(&name).cloned();
        self.asked.lock().unwrap().push(name);
        let answer = if *self.is_down.lock().unwrap() {
            Err("connection refused".to_owned())
        } else {
            Ok(found)
        };
        Box::pin(std::future::ready(answer))
    }
}
