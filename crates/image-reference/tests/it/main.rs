//! The crate through its public face: what policies see of an image's name.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

use proptest::prelude::*;
use vouchsafe_image_reference::{DefaultRegistry, ImageReference, ReferenceFault};

const DIGEST: &str = "sha256:dead07b4d8ed7e29e98de0f4504d87e8880d4347859d839686a31da35a3b532f";

fn parse(text: &str) -> ImageReference {
    ImageReference::parse(text, &DefaultRegistry::default()).unwrap()
}

fn fault(text: &str) -> ReferenceFault {
    ImageReference::parse(text, &DefaultRegistry::default())
        .unwrap_err()
        .fault()
}

#[test]
fn names_are_completed_with_registry_and_tag() {
    for (text, registry, path, tag, canonical) in [
        (
            "nginx",
            "docker.io",
            "nginx",
            Some("latest"),
            "docker.io/nginx:latest",
        ),
        (
            "nginx:v10.3",
            "docker.io",
            "nginx",
            Some("v10.3"),
            "docker.io/nginx:v10.3",
        ),
        (
            "test/nginx",
            "docker.io",
            "test/nginx",
            Some("latest"),
            "docker.io/test/nginx:latest",
        ),
        (
            "localhost:4443/a/b",
            "localhost:4443",
            "a/b",
            Some("latest"),
            "localhost:4443/a/b:latest",
        ),
        (
            "localhost/netd:v0.4",
            "localhost",
            "netd",
            Some("v0.4"),
            "localhost/netd:v0.4",
        ),
        ("Acme/api", "Acme", "api", Some("latest"), "Acme/api:latest"),
        (
            "[::1]:5000/api:1",
            "[::1]:5000",
            "api",
            Some("1"),
            "[::1]:5000/api:1",
        ),
        (
            "my.host_x/api",
            "my.host_x",
            "api",
            Some("latest"),
            "my.host_x/api:latest",
        ),
    ] {
        let image = parse(text);
        assert_eq!(
            (image.registry(), image.path(), image.tag()),
            (registry, path, tag),
            "{text}"
        );
        assert_eq!(image.canonical(), canonical, "{text}");
        assert_eq!(image.name(), path.rsplit('/').next().unwrap());
    }
}

#[test]
fn a_digest_drops_the_tag_from_the_canonical_text_and_only_there() {
    let image = parse(&format!("ghcr.io/acme/api:1.4@{DIGEST}"));
    assert_eq!(image.canonical(), format!("ghcr.io/acme/api@{DIGEST}"));
    assert_eq!(image.reference_with_tag(), "ghcr.io/acme/api:1.4");
    assert_eq!(image.pinned(), format!("ghcr.io/acme/api:1.4@{DIGEST}"));
    let untagged = parse(&format!("acme/api@{DIGEST}"));
    assert_eq!(untagged.tag(), None);
    assert_eq!(untagged.reference_with_tag(), "docker.io/acme/api:");
    let pinned = parse("nginx").with_digest(untagged.digest().unwrap().clone());
    assert_eq!(pinned.pinned(), format!("docker.io/nginx:latest@{DIGEST}"));
}

#[test]
fn the_default_registry_may_carry_a_path_and_may_stay_hidden() {
    let with_path = DefaultRegistry::new("123.dkr.ecr.eu-west-3.amazonaws.com/docker", true).unwrap();
    let image = ImageReference::parse("test/nginx", &with_path).unwrap();
    assert_eq!(
        (image.registry(), image.path()),
        ("123.dkr.ecr.eu-west-3.amazonaws.com", "docker/test/nginx")
    );

    let hidden = DefaultRegistry::new("gcr.io", false).unwrap();
    let image = ImageReference::parse("test/nginx", &hidden).unwrap();
    assert_eq!(
        (image.registry(), image.canonical().as_str()),
        ("", "test/nginx:latest")
    );
    let image = ImageReference::parse("my_host/nginx", &hidden).unwrap();
    assert_eq!((image.registry(), image.path()), ("my_host", "nginx"));
    let image = ImageReference::parse("quay.io/nginx", &hidden).unwrap();
    assert_eq!(image.registry(), "quay.io");
}

#[test]
fn faults_are_told_apart() {
    assert_eq!(fault("++"), ReferenceFault::Format);
    assert_eq!(fault(""), ReferenceFault::Format);
    assert_eq!(fault("ghcr.io/acme/API"), ReferenceFault::UpperCase);
    assert_eq!(fault(&"a/".repeat(128)), ReferenceFault::Format);
    assert_eq!(
        fault(&format!("ghcr.io/{}", "a".repeat(256))),
        ReferenceFault::PathTooLong
    );
    assert_eq!(fault(&"a".repeat(1 << 20)), ReferenceFault::TooLong);
    assert!(matches!(
        fault("nginx@md5:d41d8cd98f00b204e9800998ecf8427e"),
        ReferenceFault::Digest(_)
    ));
    let error = ImageReference::parse("++", &DefaultRegistry::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "bad image: docker.io/++, defaultRegistry: docker.io, enableDefaultRegistryMutation: true: \
         invalid reference format"
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), shown: bool) {
        let default = DefaultRegistry::new("docker.io", shown).unwrap();
        if let Ok(image) = ImageReference::parse(&text, &default) {
            prop_assert!(!image.path().is_empty());
            let located = image.location().is_ok();
            prop_assert!(!located || image.path().len() > 1);
        }
    }

    #[test]
    fn what_is_printed_reads_back_the_same(
        text in "([a-zA-Z0-9._-]{1,8}(:[0-9]{1,4})?/)?[a-z0-9._/-]{1,12}(:[A-Za-z0-9._-]{1,6})?(@sha256:[0-9a-f]{64})?",
        shown: bool,
        default in prop::sample::select(vec!["docker.io", "ghcr.io/mirror", "localhost:5000"]),
    ) {
        let default = DefaultRegistry::new(default, shown).unwrap();
        if let Ok(image) = ImageReference::parse(&text, &default) {
            // A hidden default with a path suffix would be put on again at each reading.
            prop_assume!(shown || !default.name().contains('/') || !image.registry().is_empty());
            let again = ImageReference::parse(&image.canonical(), &default).unwrap();
            prop_assert_eq!(again.canonical(), image.canonical());
            let pinned = ImageReference::parse(&image.pinned(), &default).unwrap();
            prop_assert_eq!(pinned, image);
        }
    }
}
