//! Programs that are built with Go, out of the module proxy.

use std::path::PathBuf;

use super::cache;
use crate::failure::{Failure, Outcome};
use crate::program::Program;
use crate::report::say;

/// The oldest Go that builds all of them, as (major, minor).
const OLDEST_GO: (u32, u32) = (1, 26);

/// The program `name` of `module` in its `version`; `takes` says how long building it takes.
pub(super) fn install(name: &str, module: &str, version: &str, takes: &str) -> Outcome<PathBuf> {
    let folder = cache::folder(&format!("{name}-{version}"))?;
    let program = folder.join(name);
    if program.is_file() {
        return Ok(program);
    }
    check()?;
    say(format!(
        "  building {name} {version} with Go into {} (once, {takes})",
        folder.display()
    ));
    Program::new("go")
        .args(["install", &format!("{module}@{version}")])
        .env("GOBIN", &folder)
        .run()?;
    Ok(program)
}

/// Says what is missing where Go is, or is too old.
pub(super) fn check() -> Outcome {
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
