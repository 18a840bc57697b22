//! The folder where parts are kept.

use std::path::PathBuf;

use crate::failure::{Failure, Outcome};

/// `$XDG_CACHE_HOME/vouchsafe-e2e/NAME`, made where it is not there yet.
pub(super) fn folder(name: &str) -> Outcome<PathBuf> {
    let named = std::env::var_os("XDG_CACHE_HOME")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = named.or_else(home);
    let cache =
        cache.ok_or_else(|| Failure::Missing("a cache folder: set XDG_CACHE_HOME or HOME".to_owned()))?;
    let folder = cache.join("vouchsafe-e2e").join(name);
    std::fs::create_dir_all(&folder).map_err(|source| Failure::File {
        path: folder.clone(),
        source,
    })?;
    Ok(folder)
}
