//! `demo` shows what it promises.

use crate::terminal::vouchsafe;

#[test]
fn every_scenario_is_shown_and_no_verdict_surprises() {
    let said = vouchsafe(&["demo"]);
    assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
    for (image, scenario, verdict) in [
        ("docker.io/shop/api:1.0", "restrict-image-registries", "refused"),
        (
            "registry.example.com/shop:signed ",
            "check-image-signatures",
            "admitted",
        ),
        (
            "registry.example.com/shop:unsigned ",
            "check-image-signatures",
            "refused",
        ),
        (
            "registry.example.com/shop:signed-by-a-stranger ",
            "check-image-signatures",
            "refused",
        ),
        (
            "registry.example.com/shop:scanned-today ",
            "check-vulnerabilities",
            "admitted",
        ),
        (
            "registry.example.com/shop:scanned-long-ago ",
            "check-vulnerabilities",
            "refused",
        ),
    ] {
        let is_row =
            |line: &&str| line.starts_with(image) && line.contains(scenario) && line.contains(verdict);
        assert!(
            said.out.lines().any(|line| is_row(&line)),
            "{image}{verdict}:\n{}",
            said.out
        );
    }
}
