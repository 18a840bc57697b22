//! Gathers what registries hold about an image: signatures, attestations, bundles.
