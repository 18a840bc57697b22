//! JSON patches.

use json_patches::diff::diff;
use json_patches::patch::{Leniency, Patch};
use json_patches::strategic;
use serde_json::Value;

/// What is read as a patch prints as itself; a difference leads from the one value to the other, or nowhere where
/// that is a scalar; and a strategic merge ends, changes nothing where it fails, and says the same twice.
pub(crate) fn patches_lead_where_they_say(bytes: &[u8]) {
    let Some((one, other)) = super::texts(bytes) else {
        return;
    };
    let (Ok(one), Ok(other)) = (
        serde_json::from_str::<Value>(one),
        serde_json::from_str::<Value>(other),
    ) else {
        return;
    };
    if let Ok(patch) = Patch::from_value(&one) {
        assert_eq!(Patch::from_value(&patch.to_value()).as_ref(), Ok(&patch));
        let patched = patch.apply(&other, Leniency::Kyverno);
        assert_eq!(patched, patch.apply(&other, Leniency::Kyverno));
    }
    if let Ok(difference) = diff(&one, &other) {
        let led = difference.apply(&one, Leniency::Kubernetes);
        // Kubernetes' library replaces no document by a scalar.
        if other.is_object() || other.is_array() || one == other {
            assert_eq!(led.as_ref(), Ok(&other), "{one} to {other}");
        } else {
            assert!(led.is_err(), "{one} to {other}");
        }
    }
    let merged = strategic::apply(&one, &other, &|_, _| Ok(()));
    assert_eq!(merged, strategic::apply(&one, &other, &|_, _| Ok(())));
}
