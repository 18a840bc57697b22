//! The container image without a container engine: a static binary for each platform, written as an OCI layout.
//!
//! In: Rust's musl targets, and a C compiler for each. Out: a folder that `crane push FOLDER REFERENCE` or
//! `skopeo copy oci:FOLDER …` sends to a registry, and that `cargo xtask images` serves. What is in it is what
//! `Containerfile` makes. Equal binaries give equal digests: no time and no name of a machine is written.

mod elf;
mod tar;
mod layout;

use std::path::{Path, PathBuf};

use crate::arguments::Arguments;
use crate::binary;
use crate::failure::{Failure, Outcome};
use crate::program::{Program, step};
use crate::report::say;
use layout::{Layout, Platform};

/// Where Debian, Alpine and what descends from them keep the authorities of the web.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The platforms, by the name of Rust's target.
const PLATFORMS: [(&str, Platform); 2] = [
    (
        "x86_64-unknown-linux-musl",
        Platform {
            architecture: "amd64",
        },
    ),
    (
        "aarch64-unknown-linux-musl",
        Platform {
            architecture: "arm64",
        },
    ),
];

/// `image FOLDER [--target TRIPLE,…] [--bin PATH] [--authorities FILE]`.
pub(crate) fn run(mut arguments: Arguments) -> Outcome {
    let targets = arguments.value("--target")?;
    let targets = targets.unwrap_or_else(|| PLATFORMS[0].0.to_owned());
    let given = arguments.value("--bin")?.map(PathBuf::from);
    let authorities = arguments.value("--authorities")?;
    let folder = PathBuf::from(arguments.next("the folder to write")?);
    arguments.end()?;
    let authorities = read(Path::new(authorities.as_deref().unwrap_or(AUTHORITIES)))?;
    let platforms: Vec<_> = targets.split(',').map(platform).collect::<Outcome<_>>()?;
    if given.is_some() && platforms.len() > 1 {
        return Err(Failure::Usage("`--bin` is the binary of one target".to_owned()));
    }
    let mut layout = Layout::create(&folder)?;
    let authorities = layout.layer(&tar::authorities(&authorities)?)?;
    for (target, platform) in platforms {
        let path = match &given {
            Some(path) => path.clone(),
            None => build(target)?,
        };
        let binary = read(&path)?;
        elf::demand_static(&binary).map_err(|why| Failure::Found(format!("`{}`: {why}", path.display())))?;
        let binary = layout.layer(&tar::binary(&binary)?)?;
        let digest = layout.image(platform, &[authorities.clone(), binary])?;
        say(format!("{} {digest}", platform.architecture));
    }
    layout.finish()
}

fn platform(target: &str) -> Outcome<(&str, Platform)> {
    let found = PLATFORMS.iter().find(|(name, _)| *name == target);
    found.map(|(_, platform)| (target, *platform)).ok_or_else(|| {
        let known: Vec<&str> = PLATFORMS.iter().map(|(name, _)| *name).collect();
        Failure::Usage(format!("target `{target}`: expected one of {}", known.join(", ")))
    })
}

/// The release binary for `target`.
fn build(target: &str) -> Outcome<PathBuf> {
    step(&format!("build for {target}"), || {
        Program::cargo()
            .args([
                "build",
                "--release",
                "--locked",
                "--package",
                "vouchsafe",
                "--target",
                target,
            ])
            .run()
    })?;
    Ok(binary::target_folder()?
        .join(target)
        .join("release")
        .join("vouchsafe"))
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path).map_err(|source| Failure::File {
        path: path.to_owned(),
        source,
    })
}
