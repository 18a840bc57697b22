//! Sigstore's trusted root, kept fresh by The Update Framework (TUF) from a root that is pinned.
//!
//! In: a mirror's address, the pinned root, whatever the mirror or its man in the middle answers, the time. Out: the
//! bytes of `trusted_root.json` that the mirror's keys vouch for now. Never: a connection (a [`Fetch`] makes them), the
//! clock, an answer older than one already seen, an answer that has expired, more bytes than [`MOST_TARGET_BYTES`].
//!
//!     Mirror ─▶ refresh: root* ─▶ timestamp ─▶ snapshot ─▶ targets ─▶ trusted_root.json ─▶ memory, folder
//!                 └────────── of_memory: the same, from what was kept
//!
//! The workflow is `sigstore-tuf`'s, which passes the framework's conformance suite; here it stands behind [`Mirror`], so
//! that another could take its place. Source: theupdateframework.io specification 1.0.33, section 5.

mod store;
mod mirror;

pub use mirror::{
    Fetch, FetchFuture, FreshRoot, MOST_TARGET_BYTES, Mirror, PUBLIC_GOOD_MIRROR, RefreshError,
};
