//! For which resources and operations a webhook is called.
//!
//! In: kinds as policies write them, and what the API server has. Out: [`WebhookRules`], which can be joined and compared.
//! Never: a resource left out that a policy may mean: a subresource where images appear is called about with its Pod, and a
//! wildcard stays one, so that kinds which come later are met too.

use std::collections::{BTreeMap, BTreeSet};

use cluster::{ServedResource, ServedResources};
use policy_engine::request::{GroupVersionKind, Operation};
use policy_engine::selection::KindSelector;
use serde_json::{Value, json};

/// What `*` among operations means.
const ALL_OPERATIONS: [Operation; 4] = [
    Operation::Create,
    Operation::Update,
    Operation::Delete,
    Operation::Connect,
];

/// Which objects by where they stand.
const EVERYWHERE: &str = "*";
const IN_NAMESPACES: &str = "Namespaced";
const IN_THE_CLUSTER: &str = "Cluster";

/// Group, version and scope of resources.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    group: String,
    version: String,
    scope: String,
}

/// Rules of one webhook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WebhookRules(BTreeMap<Place, BTreeMap<String, BTreeSet<Operation>>>);

/// Looks kinds up in what the API server has, each once.
#[derive(Debug)]
pub(crate) struct Lookup<'r> {
    served: &'r ServedResources,
    found: BTreeMap<String, Vec<&'r ServedResource>>,
    /// Kinds that the API server does not have.
    pub(crate) missing: BTreeSet<String>,
}

impl<'r> Lookup<'r> {
    pub(crate) fn new(served: &'r ServedResources) -> Self {
        Self {
            served,
            found: BTreeMap::new(),
            missing: BTreeSet::new(),
        }
    }

    fn of(&mut self, kind: &str) -> &[&'r ServedResource] {
        let served = self.served;
        let found = self.found.entry(kind.to_owned()).or_insert_with(|| {
            let selector = KindSelector::parse(kind);
            let all = served.all().iter();
            all.filter(|one| means(&selector, one)).collect()
        });
        if found.is_empty() {
            self.missing.insert(kind.to_owned());
        }
        found
    }
}

/// How many resources `rules` of a webhook name: each with each group and version.
pub(crate) fn named_resources(rules: &Value) -> usize {
    let of_rule = |rule: &Value| {
        let fields = ["apiGroups", "apiVersions", "resources"].into_iter();
        let counts = fields.map(|field| rule.get(field).and_then(Value::as_array).map_or(0, Vec::len));
        counts.fold(1, usize::saturating_mul)
    };
    let rules = rules.as_array().into_iter().flatten();
    rules.map(of_rule).fold(0, usize::saturating_add)
}

/// Whether `selector` means `resource`.
pub(crate) fn means(selector: &KindSelector, resource: &ServedResource) -> bool {
    let named = GroupVersionKind {
        group: resource.group.as_str().into(),
        version: resource.version.as_str().into(),
        kind: resource.kind.as_str().into(),
    };
    selector.matches(&named, &resource.subresource)
}

/// The subresource that a selector means of whatever has it, `*` for each of them: of `*/scale`, `*/*`. None where webhooks
/// have no word for it, as for `*/s*` or `*/*/scale`: the API server takes such rules, and never calls about them.
fn subresource_of_all(kind: &str) -> Option<&str> {
    let part = kind.strip_prefix("*/")?;
    let is_one = part.starts_with(char::is_lowercase) && !part.contains(['/', '.', '*', '?']);
    (part == "*" || is_one).then_some(part)
}

impl WebhookRules {
    /// Whether there is nothing to call about.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what `kind` means, for policies of one namespace or of all.
    pub(crate) fn add(
        &mut self,
        kind: &str,
        operations: &BTreeSet<Operation>,
        is_namespaced: bool,
        lookup: &mut Lookup<'_>,
    ) {
        let wide = if is_namespaced { IN_NAMESPACES } else { EVERYWHERE };
        match (kind, subresource_of_all(kind)) {
            ("*", _) => self.put("*", "*", wide, "*".to_owned(), operations),
            (_, Some(part)) => self.put("*", "*", wide, format!("*/{part}"), operations),
            (_, None) => {
                let found: Vec<&ServedResource> = lookup.of(kind).to_vec();
                for one in found {
                    let scope = if one.is_namespaced { IN_NAMESPACES } else { wide };
                    let resource = if one.subresource.is_empty() {
                        one.resource.clone()
                    } else {
                        format!("{}/{}", one.resource, one.subresource)
                    };
                    self.put(&one.group, &one.version, scope, resource, operations);
                }
            }
        }
        // A wildcard does not reach subresources; images appear in this one.
        if kind == "*" {
            self.put("*", "*", wide, "pods/ephemeralcontainers".to_owned(), operations);
        }
    }

    fn put(
        &mut self,
        group: &str,
        version: &str,
        scope: &str,
        resource: String,
        operations: &BTreeSet<Operation>,
    ) {
        let place = Place {
            group: group.to_owned(),
            version: version.to_owned(),
            scope: scope.to_owned(),
        };
        let resources = self.0.entry(place).or_default();
        resources.entry(resource).or_default().extend(operations);
    }

    /// Adds all that `others` call about.
    pub(crate) fn join(&mut self, others: &Self) {
        for (place, resources) in &others.0 {
            let own = self.0.entry(place.clone()).or_default();
            for (resource, operations) in resources {
                own.entry(resource.clone()).or_default().extend(operations);
            }
        }
    }

    /// As `rules` of a webhook.
    pub(crate) fn to_json(&self) -> Value {
        let mut rules = Vec::new();
        for (place, resources) in &self.0 {
            let mut by_operations: BTreeMap<&BTreeSet<Operation>, BTreeSet<&str>> = BTreeMap::new();
            for (resource, operations) in resources {
                by_operations.entry(operations).or_default().insert(resource);
            }
            let mut of_place: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
            for (operations, resources) in by_operations {
                let mut operations: Vec<&str> = operations.iter().map(|one| one.as_str()).collect();
                operations.sort_unstable();
                let told = together(&resources).into_iter();
                of_place.extend(told.map(|resources| (resources, operations.clone())));
            }
            of_place.sort();
            rules.extend(of_place.into_iter().map(|(resources, operations)| {
                json!({"apiGroups": [place.group], "apiVersions": [place.version],
                    "resources": resources, "operations": operations, "scope": place.scope})
            }));
        }
        Value::Array(rules)
    }

    /// Reads `rules` of a webhook. What means nothing is left out, a rule without operations or a resource without name:
    /// for one of them the API server would refuse all webhooks.
    pub(crate) fn from_json(rules: &Value) -> Self {
        let mut found = Self::default();
        for rule in rules.as_array().into_iter().flatten() {
            let strings = |field: &str| -> Vec<&str> {
                let listed = rule.get(field).and_then(Value::as_array);
                listed.into_iter().flatten().filter_map(Value::as_str).collect()
            };
            let scope = match rule.get("scope").and_then(Value::as_str) {
                Some(IN_NAMESPACES) => IN_NAMESPACES,
                Some(IN_THE_CLUSTER) => IN_THE_CLUSTER,
                Some(_) | None => EVERYWHERE,
            };
            let mut operations = BTreeSet::new();
            for name in strings("operations") {
                match name {
                    "*" => operations.extend(ALL_OPERATIONS),
                    _ => operations.extend(Operation::parse(name)),
                }
            }
            if operations.is_empty() {
                continue;
            }
            // A group without name is Kubernetes' own.
            let named = |field: &str| strings(field).into_iter().filter(|name| !name.is_empty());
            for group in strings("apiGroups") {
                for version in named("apiVersions") {
                    for resource in named("resources") {
                        found.put(group, version, scope, resource.to_owned(), &operations);
                    }
                }
            }
        }
        found
    }
}

/// Lists that `resources` may stand in: the API server refuses a whole configuration in which a wildcard stands beside
/// something that it means already, so that those of two policies would undo each other's webhooks.
fn together<'r>(resources: &BTreeSet<&'r str>) -> Vec<Vec<&'r str>> {
    let is_wide = |resource: &str| resource.contains('/') && resource.contains('*');
    let (wide, exact): (Vec<&str>, Vec<&str>) = resources.iter().copied().partition(|one| is_wide(one));
    let means_all = exact.contains(&"*");
    let beside = exact
        .into_iter()
        .filter(|one| !means_all || *one == "*" || one.contains('/'));
    let beside: Vec<&str> = beside.collect();
    let mut lists: Vec<Vec<&str>> = wide.into_iter().map(|one| vec![one]).collect();
    if !beside.is_empty() {
        lists.push(beside);
    }
    lists
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served() -> ServedResources {
        let one = |group: &str, resource: &str, subresource: &str, kind: &str| ServedResource {
            group: group.to_owned(),
            version: "v1".to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            kind: kind.to_owned(),
            is_namespaced: true,
            is_preferred: true,
        };
        [
            one("", "pods", "", "Pod"),
            one("", "pods", "ephemeralcontainers", "Pod"),
            one("", "pods", "exec", "Pod"),
            one("", "pods", "status", "Pod"),
            one("apps", "deployments", "", "Deployment"),
            one("apps", "deployments", "scale", "Deployment"),
        ]
        .into_iter()
        .collect()
    }

    fn rules(kinds: &[&str]) -> (WebhookRules, BTreeSet<String>) {
        let served = served();
        let mut lookup = Lookup::new(&served);
        let mut rules = WebhookRules::default();
        for kind in kinds {
            rules.add(kind, &BTreeSet::from([Operation::Create]), false, &mut lookup);
        }
        (rules, lookup.missing)
    }

    fn resources(kind: &str) -> Value {
        rules(&[kind]).0.to_json()[0]["resources"].clone()
    }

    /// CVE-class hole of admission controllers: `kubectl debug` adds containers through a subresource.
    #[test]
    fn a_pod_is_called_about_with_its_ephemeral_containers() {
        assert_eq!(resources("Pod"), json!(["pods", "pods/ephemeralcontainers"]));
        assert_eq!(resources("v1/Pod"), json!(["pods", "pods/ephemeralcontainers"]));
        assert_eq!(resources("Pod/exec"), json!(["pods/exec"]));
        assert_eq!(
            resources("Pod/*"),
            json!(["pods", "pods/ephemeralcontainers", "pods/exec", "pods/status"])
        );
        assert_eq!(resources("apps/v1/Deployment"), json!(["deployments"]));
    }

    #[test]
    fn a_wildcard_stays_one_and_ephemeral_containers_are_not_lost_with_it() {
        let (all, _) = rules(&["*"]);
        let json = all.to_json();
        assert_eq!(json[0]["resources"], json!(["*", "pods/ephemeralcontainers"]));
        assert_eq!(json[0]["scope"], "*");
        let (pods, _) = rules(&["Pod"]);
        assert_eq!(pods.to_json()[0]["scope"], "Namespaced");
    }

    /// `*` of one policy and `*/*` of another in one list are invalid, and nothing at all would be registered any more.
    #[test]
    fn wildcards_of_one_policy_do_not_undo_the_webhooks_of_others() {
        let (all, _) = rules(&["*", "*/*", "*/scale"]);
        let json = all.to_json();
        let lists: Vec<&Value> = json
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| &rule["resources"])
            .collect();
        assert_eq!(
            lists,
            [
                &json!(["*", "pods/ephemeralcontainers"]),
                &json!(["*/*"]),
                &json!(["*/scale"])
            ]
        );
        assert_eq!(WebhookRules::from_json(&json), all);
    }

    /// A rule that the API server takes and never calls about is a policy that is silently not enforced.
    #[test]
    fn subresources_that_webhooks_have_no_word_for_are_named_one_by_one() {
        assert_eq!(resources("*/*"), json!(["*/*"]));
        assert_eq!(resources("*/scale"), json!(["*/scale"]));
        let all = rules(&["*/*/*"]).0.to_json();
        let named = |at: usize| all[at]["resources"].clone();
        assert_eq!(
            named(0),
            json!(["pods", "pods/ephemeralcontainers", "pods/exec", "pods/status"])
        );
        assert_eq!(named(1), json!(["deployments", "deployments/scale"]));
        assert_eq!(resources("*/*/scale"), json!(["deployments/scale"]));
        let some = rules(&["*/s*"]).0.to_json();
        assert_eq!(some[0]["resources"], json!(["pods/status"]));
        assert_eq!(some[1]["resources"], json!(["deployments/scale"]));
        assert_eq!(resources("*/Deployment.scale"), json!(["deployments/scale"]));
    }

    /// One policy of a tenant, and the API server would refuse the webhooks of all.
    #[test]
    fn a_rule_that_the_api_server_refuses_does_not_undo_the_webhooks_of_others() {
        let good = json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]});
        let with = |field: &str, value: Value| {
            let mut rule = good.clone();
            rule[field] = value;
            WebhookRules::from_json(&json!([rule]))
        };
        for (field, value) in [
            ("operations", json!([])),
            ("operations", Value::Null),
            ("operations", json!(["", "GET"])),
            ("apiVersions", json!([""])),
            ("apiVersions", json!([])),
            ("resources", json!([""])),
            ("resources", Value::Null),
            ("apiGroups", json!([])),
        ] {
            let rules = with(field, value.clone());
            assert!(rules.is_empty(), "{field}: {value}");
        }
        let plain = with("scope", json!("*"));
        assert_eq!(with("scope", json!("Galaxy")), plain);
        assert_eq!(with("resources", json!(["", "pods"])), plain);
        assert_eq!(with("apiVersions", json!(["v1", ""])), plain);
    }

    #[test]
    fn a_kind_that_is_not_served_is_told() {
        let (rules, missing) = rules(&["Widget", "Pod"]);
        assert_eq!(missing, BTreeSet::from(["Widget".to_owned()]));
        assert!(!rules.is_empty());
    }

    #[test]
    fn what_is_written_is_read_again_and_a_join_loses_nothing() {
        let (mut some, _) = rules(&["Pod"]);
        let (others, _) = rules(&["Deployment", "Pod/exec"]);
        assert_eq!(WebhookRules::from_json(&some.to_json()), some);
        some.join(&others);
        let (all, _) = rules(&["Pod", "Deployment", "Pod/exec"]);
        assert_eq!(some, all);
        assert_eq!(WebhookRules::from_json(&all.to_json()), all);
    }
}
