//! Programs of Debian packages; unpacked beside the system, so that nobody needs to be root.

use std::path::{Path, PathBuf};

use super::cache;
use crate::failure::{Failure, Outcome};
use crate::program::Program;
use crate::report::say;

/// The program that the package `package` installs at `installed`, an absolute path.
pub(super) fn program(package: &str, installed: &str) -> Outcome<PathBuf> {
    if Path::new(installed).is_file() {
        return Ok(installed.into());
    }
    let folder = cache::folder(package)?;
    let program = folder.join(installed.trim_start_matches('/'));
    if program.is_file() {
        return Ok(program);
    }
    say(format!(
        "  fetching Debian's {package} into {} (once)",
        folder.display()
    ));
    let missing = |failure| {
        Failure::Missing(format!(
            "Debian's {package} (apt-get install {package}): {failure}"
        ))
    };
    let fetched = Program::new("apt-get")
        .args(["download", package])
        .folder(&folder)
        .capture();
    fetched
        .and_then(|output| output.expect_success())
        .map_err(missing)?;
    Program::new("dpkg-deb")
        .args([
            "-x".as_ref(),
            fetched_package(&folder)?.as_os_str(),
            folder.as_os_str(),
        ])
        .run()?;
    Ok(program)
}

fn fetched_package(folder: &Path) -> Outcome<PathBuf> {
    std::fs::read_dir(folder)
        .map_err(|source| Failure::File {
            path: folder.to_owned(),
            source,
        })?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .ok_or_else(|| Failure::Missing(format!("a package in {}", folder.display())))
}
