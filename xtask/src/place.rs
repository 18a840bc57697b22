//! Where things are: the workspace and the shared corpus.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The folder of recorded behaviour: `$VOUCHSAFE_SHARED`, or `../shared` beside the workspace.
pub(crate) fn shared() -> Outcome<PathBuf> {
    let named = std::env::var_os("VOUCHSAFE_SHARED").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root().join("../shared"));
    match folder.canonicalize() {
        Ok(folder) if folder.is_dir() => Ok(folder),
        Ok(_) | Err(_) => Err(Failure::Found(format!(
            "there is no corpus folder at `{}`; set VOUCHSAFE_SHARED to where it is",
            folder.display()
        ))),
    }
}

/// `true` on a machine that tests unattended, where a part that is missing is a failure.
pub(crate) fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

/// Reads a text file.
pub(crate) fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|source| Failure::File {
        path: path.to_owned(),
        source,
    })
}

/// Writes a text file.
pub(crate) fn write(path: &Path, text: &str) -> Outcome {
    std::fs::write(path, text).map_err(|source| Failure::File {
        path: path.to_owned(),
        source,
    })
}
