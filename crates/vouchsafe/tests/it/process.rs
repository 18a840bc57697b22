//! The binary as a process: what a shell sees of it.

use std::process::Command;

fn vouchsafe(arguments: &[&str]) -> (Option<i32>, String, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_vouchsafe"))
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (run.status.code(), text(run.stdout), text(run.stderr))
}

#[test]
fn the_version_is_printed_and_is_that_of_the_package() {
    let (code, out, _) = vouchsafe(&["version"]);
    assert_eq!(
        (code, out.trim()),
        (Some(0), concat!("vouchsafe ", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn a_wrong_call_is_exit_2_and_never_looks_like_a_verdict() {
    for wrong in [&["no-such-command"][..], &["apply"], &["apply", "--no-such-flag"]] {
        let (code, out, err) = vouchsafe(wrong);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{wrong:?}");
        assert!(!err.trim().is_empty(), "{wrong:?} says nothing");
    }
}
