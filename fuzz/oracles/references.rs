//! Image references.

use image_reference::{DefaultRegistry, ImageReference};

/// What is printed reads back the same: a reference has one meaning, in policies, messages and patches.
pub(crate) fn what_is_printed_reads_back_the_same(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let registry = DefaultRegistry::default();
    let Ok(image) = ImageReference::parse(text, &registry) else {
        return;
    };
    let read = |printed: &str| {
        ImageReference::parse(printed, &registry).unwrap_or_else(|error| panic!("{printed:?}: {error}"))
    };
    assert_eq!(read(&image.pinned()), image, "{text:?}");
    assert_eq!(
        read(&image.canonical()).canonical(),
        image.canonical(),
        "{text:?}"
    );
    if let Ok(location) = image.location() {
        assert!(
            !location.host().contains('/') && !location.repository().starts_with('/'),
            "{text:?}: {location:?}"
        );
        assert!(
            !location
                .repository()
                .split('/')
                .any(|part| part.is_empty() || part == ".."),
            "{text:?}: {location:?}"
        );
    }
}
