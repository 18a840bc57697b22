//! The binary under test.

use std::path::{Path, PathBuf};

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::program::Program;

/// The one named by `--bin`, or the one of this workspace, built in the one profile of all tests.
pub(crate) fn named_or_built(arguments: &mut Arguments) -> Outcome<PathBuf> {
    match arguments.value("--bin")? {
        Some(path) => std::path::absolute(&path).map_err(|source| Failure::File {
            path: path.into(),
            source,
        }),
        None => build(),
    }
}

fn build() -> Outcome<PathBuf> {
    // In CI the workspace's tests have just been built, the binary with them: asked for in the same way, nothing is built
    // twice with other features. A person who wants the corpus alone waits for the binary alone.
    let build: &[&str] = if std::env::var_os("CI").is_some() {
        &["test", "--quiet", "--workspace", "--no-run"]
    } else {
        &["build", "--quiet", "--package", "vouchsafe"]
    };
    Program::cargo().args(build).run()?;
    Ok(target_folder()?.join("debug").join("vouchsafe"))
}

/// Where cargo puts what it builds.
pub(crate) fn target_folder() -> Outcome<PathBuf> {
    let metadata = Program::cargo()
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .capture()?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata.expect_success()?.stdout)
        .map_err(|cause| Failure::Found(format!("cargo's metadata can't be read: {cause}")))?;
    let target = metadata
        .get("target_directory")
        .and_then(|folder| folder.as_str())
        .unwrap_or("target");
    Ok(Path::new(target).to_owned())
}
