//! JSON patches, JSON differences and strategic merge patches with Kyverno's anchors.
