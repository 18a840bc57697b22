//! `cargo xtask test`: everything that must hold before a change lands, without a download beyond crates.

use crate::failure::Outcome;
use crate::program::{Program, step};
use crate::tidy;

/// Formatting, lints, tidiness, tests, documentation; stops at the first that fails.
pub(crate) fn run() -> Outcome {
    step("format: cargo fmt --all --check", || {
        Program::cargo().args(["fmt", "--all", "--check"]).run()
    })?;
    step("tidy: cargo xtask tidy", tidy::check)?;
    step("lints: cargo clippy", || {
        let lints = [
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ];
        Program::cargo().args(lints).run()
    })?;
    step("tests: cargo test --workspace", || {
        Program::cargo().args(["test", "--quiet", "--workspace"]).run()
    })?;
    step("documentation: cargo doc", || {
        let doc = ["doc", "--quiet", "--workspace", "--no-deps"];
        Program::cargo()
            // Pictures in module headers are indented blocks, and no Rust.
            .env("RUSTDOCFLAGS", "-D warnings -A rustdoc::invalid_rust_codeblocks")
            .args(doc)
            .run()
    })
}
