//! Which kinds are scanned: those that rules of background policies speak about, and the API server has.
//!
//! Never: kinds that stand for what happens, not for what there is; reports, ours or another's. Behaviour: Kyverno 1.19's
//! reports controller; a rule that speaks about every kind has no background there either.

use std::collections::BTreeSet;

use cluster::{Discovery, ServedKind};
use policy_engine::PolicySet;
use policy_engine::request::GroupVersionKind;
use policy_engine::selection::{KindSelector, Reach};

/// Groups and kinds that are never scanned; an empty kind: the whole group.
const NEVER: [(&str, &str); 7] = [
    ("", "Event"),
    ("events.k8s.io", ""),
    ("coordination.k8s.io", ""),
    ("wgpolicyk8s.io", ""),
    ("openreports.io", ""),
    ("reports.kyverno.io", ""),
    ("authentication.k8s.io", ""),
];

/// The kinds of `discovery` that the background policies of `set` speak about, in the server's order.
pub(crate) fn scanned(set: &PolicySet, discovery: &Discovery) -> Vec<ServedKind> {
    let mut selectors: Vec<&KindSelector> = Vec::new();
    let mut resources: BTreeSet<&str> = BTreeSet::new();
    let policies = set.policies().iter().filter(|policy| policy.in_background);
    for rule in policies.flat_map(|policy| &policy.rules) {
        match rule.selector.reach() {
            Reach::Kinds(kinds) => selectors.extend(kinds),
            Reach::Resources(names) => resources.extend(names),
            Reach::Anything => {}
        }
    }
    let is_wanted = |kind: &ServedKind| {
        let own = GroupVersionKind::new(&kind.api_version(), &kind.kind);
        !is_never_scanned(kind)
            && (resources.contains(&*kind.plural)
                || selectors.iter().any(|selector| selector.matches(&own, "")))
    };
    discovery.preferred(is_wanted).into_iter().cloned().collect()
}

fn is_never_scanned(kind: &ServedKind) -> bool {
    let mut never = NEVER.iter();
    never.any(|(group, name)| *group == kind.group && (name.is_empty() || *name == kind.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_leases_and_reports_are_never_scanned() {
        let is_never =
            |group: &str, kind: &str| is_never_scanned(&ServedKind::known(group, "v1", kind, "x", true));
        assert!(is_never("", "Event") && is_never("events.k8s.io", "Event"));
        assert!(is_never("wgpolicyk8s.io", "PolicyReport") && is_never("coordination.k8s.io", "Lease"));
        assert!(!is_never("", "Pod") && !is_never("apps", "Deployment"));
    }
}
