//! Programs that others made, had once and kept in the user's cache folder by name and version.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};
use crate::program::Program;
use crate::report::say;

/// The cosign that images are signed and verified with.
const COSIGN: &str = "v3.1.3";
/// The oldest Go that builds it, as (major, minor).
const OLDEST_GO: (u32, u32) = (1, 26);

/// cosign; built with Go where it is not there yet, which takes about ten minutes.
pub(super) fn cosign() -> Outcome<PathBuf> {
    let folder = cache()?.join(format!("cosign-{COSIGN}"));
    let program = folder.join("cosign");
    if program.is_file() {
        return Ok(program);
    }
    check_go()?;
    say(format!(
        "  building cosign {COSIGN} with Go into {} (once, about ten minutes)",
        folder.display()
    ));
    let module = format!("github.com/sigstore/cosign/v3/cmd/cosign@{COSIGN}");
    Program::new("go")
        .args(["install", &module])
        .env("GOBIN", &folder)
        .run()?;
    Ok(program)
}

/// Debian's docker-registry; unpacked beside the system, so that nobody needs to be root.
pub(super) fn docker_registry() -> Outcome<PathBuf> {
    let installed = Path::new("/usr/bin/docker-registry");
    if installed.is_file() {
        return Ok(installed.to_owned());
    }
    let folder = cache()?.join("docker-registry");
    let program = folder.join("usr/bin/docker-registry");
    if program.is_file() {
        return Ok(program);
    }
    say(format!(
        "  fetching Debian's docker-registry into {} (once)",
        folder.display()
    ));
    fs::create_dir_all(&folder).map_err(|source| Failure::File {
        path: folder.clone(),
        source,
    })?;
    let missing = |failure| {
        Failure::Missing(format!(
            "Debian's docker-registry (apt-get install docker-registry): {failure}"
        ))
    };
    let fetched = Program::new("apt-get")
        .args(["download", "docker-registry"])
        .folder(&folder)
        .capture();
    fetched
        .and_then(|output| output.expect_success())
        .map_err(missing)?;
    let package = fs::read_dir(&folder)
        .map_err(|source| Failure::File {
            path: folder.clone(),
            source,
        })?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .ok_or_else(|| Failure::Missing("the package of docker-registry".to_owned()))?;
    Program::new("dpkg-deb")
        .args(["-x".as_ref(), package.as_os_str(), folder.as_os_str()])
        .run()?;
    Ok(program)
}

fn check_go() -> Outcome {
    let wanted = format!("Go {}.{} or newer (https://go.dev/dl/)", OLDEST_GO.0, OLDEST_GO.1);
    let Ok(output) = Program::new("go").args(["env", "GOVERSION"]).capture() else {
        return Err(Failure::Missing(format!("{wanted}; there is no `go` here")));
    };
    let found = output.stdout.trim().to_owned();
    if version(&found).is_some_and(|version| version >= OLDEST_GO) {
        return Ok(());
    }
    Err(Failure::Missing(format!("{wanted}; here is `{found}`")))
}

fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix("go")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn cache() -> Outcome<PathBuf> {
    let named = std::env::var_os("XDG_CACHE_HOME")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let folder = named.or_else(home).map(|cache| cache.join("vouchsafe-e2e"));
    folder.ok_or_else(|| Failure::Missing("a cache folder: set XDG_CACHE_HOME or HOME".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_go_is_not_enough() {
        assert!(version("go1.26.8").is_some_and(|found| found >= OLDEST_GO));
        assert!(version("go1.9.3").is_some_and(|found| found < OLDEST_GO));
        assert_eq!(version("devel +abc"), None);
    }
}
