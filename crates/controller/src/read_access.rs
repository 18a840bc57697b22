//! Whether we may read what a policy matches: without that, scans pass it over and reports say nothing of it.
//!
//! In: `resourceRules` of a policy. Out: what is missing, in Kyverno's words. Asked of the API server as
//! `SelfSubjectAccessReview`s, which everybody may create; answers are remembered for a minute.

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::Client;
use serde_json::{Value, json};
use tokio::time::Instant;

/// How long an answer is believed.
pub(crate) const FRESH_FOR: Duration = Duration::from_secs(60);
/// Answers that are remembered.
const MOST_REMEMBERED: usize = 1_000;
/// Resources of one policy that are asked about, the first ones: three questions each, while other statuses wait.
pub(crate) const MOST_ASKED: usize = 10;
const VERBS: [&str; 3] = ["get", "list", "watch"];

/// Group, version and resource.
type Place = (String, String, String);

/// Asks and remembers.
#[derive(Debug)]
pub(crate) struct ReadAccess {
    client: Client,
    known: BTreeMap<Place, (Instant, Vec<String>)>,
}

impl ReadAccess {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            known: BTreeMap::new(),
        }
    }

    /// What we may not read of that which `rules` name, one line for each verb and resource.
    pub(crate) async fn missing(&mut self, rules: &Value) -> Vec<String> {
        let mut missing = Vec::new();
        for place in places(rules, MOST_ASKED) {
            missing.extend(self.missing_of(place).await);
        }
        missing
    }

    async fn missing_of(&mut self, place: Place) -> Vec<String> {
        let now = Instant::now();
        if let Some((asked_at, missing)) = self.known.get(&place)
            && now.saturating_duration_since(*asked_at) < FRESH_FOR
        {
            return missing.clone();
        }
        let mut missing = Vec::new();
        for verb in VERBS {
            if let Some(reason) = self.refusal(verb, &place).await {
                let (group, version, resource) = &place;
                missing.push(format!("{verb} {group}/{version}, Resource={resource}: {reason}"));
            }
        }
        if self.known.len() >= MOST_REMEMBERED {
            let is_fresh = |at: &Instant| now.saturating_duration_since(*at) < FRESH_FOR;
            self.known.retain(|_, (asked_at, _)| is_fresh(asked_at));
        }
        if self.known.len() < MOST_REMEMBERED {
            self.known.insert(place, (now, missing.clone()));
        }
        missing
    }

    /// Why `verb` is refused, `""` where nobody says; none where it is allowed.
    async fn refusal(&self, verb: &str, (group, version, resource): &Place) -> Option<String> {
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"group": group, "version": version, "resource": resource, "verb": verb}}});
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        match self.client.create(path, &review).await {
            Ok(answer) => {
                let says = |field: &str| answer.pointer(&format!("/status/{field}"));
                let reason = says("reason").and_then(Value::as_str).unwrap_or_default();
                let is_allowed = says("allowed").and_then(Value::as_bool) == Some(true);
                (!is_allowed).then(|| reason.to_owned())
            }
            Err(cause) => Some(cause.to_string()),
        }
    }
}

/// Whether `rules` name more resources than are asked about.
pub(crate) fn name_more_than_asked(rules: &Value) -> bool {
    places(rules, MOST_ASKED + 1).len() > MOST_ASKED
}

/// What `resourceRules` name, in their order, at most so many: a few long lists name more than memory holds.
fn places(rules: &Value, most: usize) -> Vec<Place> {
    let mut places = Vec::new();
    for rule in rules.as_array().into_iter().flatten() {
        let listed = |field: &str| {
            let listed = rule.get(field).and_then(Value::as_array);
            let names = listed.into_iter().flatten().filter_map(Value::as_str);
            names.map(ToOwned::to_owned).collect::<Vec<String>>()
        };
        for group in listed("apiGroups") {
            for version in listed("apiVersions") {
                for resource in listed("resources") {
                    if places.len() >= most {
                        return places;
                    }
                    places.push((group.clone(), version.clone(), resource));
                }
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_of_every_group_and_version_is_asked_about() {
        let rules =
            json!([{"apiGroups": ["", "apps"], "apiVersions": ["v1"], "resources": ["pods", "deployments"]}]);
        let places = places(&rules, 5);
        assert_eq!(places.len(), 4);
        assert_eq!(places[0], (String::new(), "v1".to_owned(), "pods".to_owned()));
        assert_eq!(places[3].0, "apps");
    }

    /// A tenant's policy names a billion resources.
    #[test]
    fn what_is_named_is_read_only_as_far_as_it_is_asked_about() {
        let names: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
        let rules = json!([{"apiGroups": names, "apiVersions": names, "resources": names}]);
        assert_eq!(places(&rules, MOST_ASKED).len(), MOST_ASKED);
        assert!(name_more_than_asked(&rules));
        let few = names.get(..MOST_ASKED).unwrap();
        let rules = json!([{"apiGroups": [""], "apiVersions": ["v1"], "resources": few}]);
        assert!(!name_more_than_asked(&rules));
    }
}
