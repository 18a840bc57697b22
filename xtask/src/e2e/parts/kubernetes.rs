//! Kubernetes' own programs, built once for each release out of the Go module proxy.
//!
//! `k8s.io/kubernetes` replaces its thirty-odd staging modules by folders that its module doesn't hold. Our module is
//! therefore made of its `go.mod`, with each of those folders replaced by the module published for the same release.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{cache, go};
use crate::failure::{Failure, Outcome};
use crate::place;
use crate::program::Program;
use crate::report::say;

/// The release that tests run against unless another is named.
pub(in crate::e2e) const NEWEST: &str = "1.36.3";

/// The programs of one release.
pub(in crate::e2e) struct Kubernetes {
    folder: PathBuf,
}

impl Kubernetes {
    pub(in crate::e2e) fn api_server(&self) -> PathBuf {
        self.folder.join("kube-apiserver")
    }

    pub(in crate::e2e) fn controller_manager(&self) -> PathBuf {
        self.folder.join("kube-controller-manager")
    }

    pub(in crate::e2e) fn kubectl(&self) -> PathBuf {
        self.folder.join("kubectl")
    }
}

/// The programs of `release`, `1.36.3` for one; built where they are not there yet.
pub(in crate::e2e) fn kubernetes(release: &str) -> Outcome<Kubernetes> {
    let folder = cache::folder(&format!("kubernetes-v{release}"))?;
    for program in ["kube-apiserver", "kube-controller-manager", "kubectl"] {
        let built = folder.join(program);
        if built.is_file() {
            continue;
        }
        go::check()?;
        say(format!(
            "  building {program} {release} with Go into {} (once, some minutes)",
            folder.display()
        ));
        build(release, program, &module(release, &folder)?, &built)?;
    }
    Ok(Kubernetes { folder })
}

/// Writes our module beside the programs, where it is not there yet; gives its folder.
fn module(release: &str, folder: &Path) -> Outcome<PathBuf> {
    let module = folder.join("module");
    let written = module.join("go.mod");
    if written.is_file() {
        return Ok(module);
    }
    std::fs::create_dir_all(&module).map_err(|source| Failure::File {
        path: module.clone(),
        source,
    })?;
    let fetched = Program::new("go")
        .args([
            "mod",
            "download",
            "-json",
            &format!("k8s.io/kubernetes@v{release}"),
        ])
        .folder(folder)
        .capture()?
        .expect_success()?;
    let fetched: Value = serde_json::from_str(&fetched.stdout)
        .map_err(|cause| Failure::Found(format!("`go mod download` does not print JSON: {cause}")))?;
    let theirs = fetched.get("GoMod").and_then(Value::as_str).unwrap_or_default();
    let ours = with_published_modules(&place::read(Path::new(theirs))?, release)
        .ok_or_else(|| Failure::Usage(format!("`{release}` is no release like {NEWEST}")))?;
    place::write(&written, &ours)?;
    Ok(module)
}

/// Our `go.mod`, out of `theirs`.
fn with_published_modules(theirs: &str, release: &str) -> Option<String> {
    let published = format!("v0.{}", release.strip_prefix("1.")?);
    let mut ours = String::new();
    for line in theirs.lines() {
        let line = match line.split_once(" => ./staging/src/") {
            Some((replaced, module)) => format!("{replaced} => {module} {published}"),
            None if line.starts_with("module ") => "module vouchsafe.example/kubernetes".to_owned(),
            None => line.to_owned(),
        };
        ours.push_str(&line);
        ours.push('\n');
    }
    ours.push_str(&format!("\nrequire k8s.io/kubernetes v{release}\n"));
    Some(ours)
}

fn build(release: &str, program: &str, module: &Path, to: &Path) -> Outcome {
    let version = "k8s.io/component-base/version";
    let minor = release.split('.').nth(1).unwrap_or_default();
    let flags = format!(
        "-s -w -X {version}.gitVersion=v{release} -X {version}.gitMajor=1 -X {version}.gitMinor={minor} \
         -X {version}.gitTreeState=clean"
    );
    Program::new("go")
        .args(["build", "-mod=mod", "-trimpath", "-ldflags", &flags, "-o"])
        .args([to.as_os_str()])
        .args([format!("k8s.io/kubernetes/cmd/{program}")])
        .env("CGO_ENABLED", "0")
        .folder(module)
        .run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staging_folders_become_published_modules() {
        let theirs = "module k8s.io/kubernetes\n\ngo 1.26.0\n\nreplace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n)\n";
        let ours = with_published_modules(theirs, "1.36.3").unwrap();
        assert!(ours.contains("\tk8s.io/api => k8s.io/api v0.36.3\n"), "{ours}");
        assert!(ours.contains("require k8s.io/kubernetes v1.36.3"), "{ours}");
        assert!(!ours.contains("module k8s.io/kubernetes"), "{ours}");
        assert_eq!(with_published_modules(theirs, "2.0.0"), None);
    }
}
