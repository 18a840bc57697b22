//! Tasks of the project: `cargo xtask help`.

mod report;
mod failure;
mod arguments;
mod place;
mod program;
mod binary;
mod image;
mod images;
mod manifests;
mod tidy;
mod test;
mod corpus;
mod e2e;
mod fuzz;

use std::process::ExitCode;

use arguments::Arguments;
use failure::{Failure, Outcome};
use report::{complain, say};

const HELP: &str = "\
cargo xtask test    format, tidiness, lints, tests and documentation: no download beyond crates
cargo xtask tidy [--fix]
                    the rules of the house; --fix writes the map in ARCHITECTURE.md
cargo xtask corpus [SECTION…] [--bin PATH] [--jobs N] [--record]
                    the binary against recorded behaviour in $VOUCHSAFE_SHARED (default ../shared);
                    --record raises the floors and writes the known gaps
cargo xtask e2e images|matrix|keyless|cluster|soak|all [--bin PATH] [--only WORD] [--kubernetes RELEASE] [--minutes N]
                    the binary against real cosign, a real registry, a real Sigstore and a real API server, installed
                    once into the user's cache; --only and --kubernetes choose tests and release of `cluster`,
                    --minutes the length of `soak`
cargo xtask e2e scale [--bin PATH] [--pods N] [--images N]
                    three replicas and a crowd of Pods, by hand: 100,000 of 10,000 images unless told otherwise
cargo xtask e2e chainsaw --suite FOLDER [--suite FOLDER…] [--only REGEX] [--patience DURATION]
                    Kyverno's own conformance tests, area by area: FOLDER is one of test/conformance/chainsaw in a
                    checkout of Kyverno
cargo xtask manifests [--check] [--render FILE]
                    the definitions of the chart's kinds; --render writes the chart as plain manifests, by helm
cargo xtask fuzz [TARGET…] [--seconds N]
                    each fuzz target for some seconds, where nightly and cargo-fuzz are installed
cargo xtask ci      test, corpus and e2e, as .ci/run does
cargo xtask image FOLDER [--target TRIPLE,…] [--bin PATH] [--authorities FILE]
                    the container image as an OCI layout, without a container engine: static binaries by Rust's musl
                    targets (x86_64 unless named) and a C compiler for them
cargo xtask images LAYOUT --name REPO --addr HOST:PORT [--no-referrers-api]
                    serve an OCI layout folder as a registry until Ctrl-C";

fn main() -> ExitCode {
    let mut arguments = Arguments::new(std::env::args().skip(1));
    let task = arguments.word().unwrap_or_else(|| "help".to_owned());
    match run(&task, arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(format!("xtask {task}: {failure}"));
            ExitCode::from(if matches!(failure, Failure::Usage(_)) {
                2
            } else {
                1
            })
        }
    }
}

fn run(task: &str, arguments: Arguments) -> Outcome {
    match task {
        "test" => arguments.end().and_then(|()| test::run()),
        "tidy" => tidy::run(arguments),
        "image" => image::run(arguments),
        "images" => images::run(arguments),
        "manifests" => manifests::run(arguments),
        "corpus" => corpus::run(arguments),
        "e2e" => e2e::run(arguments),
        "fuzz" => fuzz::run(arguments),
        "ci" => {
            arguments.end()?;
            test::run()?;
            corpus::run(Arguments::new([]))?;
            e2e::run(Arguments::new(["all".to_owned()]))
        }
        "help" | "--help" | "-h" => {
            say(HELP);
            Ok(())
        }
        other => Err(Failure::Usage(format!("there is no task `{other}`\n{HELP}"))),
    }
}
