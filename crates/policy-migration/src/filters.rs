//! One filter of `match` or `exclude` as a condition on the object: names, namespaces, labels, annotations.
//!
//! Behaviour: Kyverno 1.19 pkg/engine/utils/match.go; spec engine-and-cli §1.5.

use scalars::wildcard::has_wildcard;
use serde_json::Value;

use crate::cel_text::{has_member, member, quoted, quoted_list, wildcard};
use crate::document_value::{list, says, text, texts};
use crate::formula::Formula;
use crate::resource_rules::Kind;
use crate::translation::{Said, Unsaid};

/// A filter, read.
#[derive(Debug)]
pub(crate) struct Filter<'f> {
    resources: &'f Value,
    path: String,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) operations: Vec<&'f str>,
}

impl<'f> Filter<'f> {
    /// Reads `filter`, which stands at `path`.
    ///
    /// # Errors
    /// What it says of users and of labels of namespaces, which has no expression.
    pub(crate) fn read(filter: &'f Value, path: &str) -> Said<Self> {
        for field in ["subjects", "roles", "clusterRoles"] {
            if says(filter, field) {
                let reason = "who makes the request is judged by rules that expressions don't have";
                return Err(Unsaid::new(format!("{path}.{field}"), reason));
            }
        }
        let resources = filter.get("resources").unwrap_or(&Value::Null);
        let path = format!("{path}.resources");
        if says(resources, "namespaceSelector") {
            let reason = "labels of a namespace are matched otherwise for objects that stand in none";
            return Err(Unsaid::new(format!("{path}.namespaceSelector"), reason));
        }
        let kinds = texts(resources, "kinds")
            .into_iter()
            .enumerate()
            .map(|(index, kind)| Kind::parse(kind, &format!("{path}.kinds[{index}]")))
            .collect::<Said<Vec<_>>>()?;
        Ok(Self {
            resources,
            path,
            kinds,
            operations: texts(resources, "operations"),
        })
    }

    /// Everything but kinds and operations, said of `object`.
    pub(crate) fn condition(&self, object: &str) -> Said<Formula> {
        let metadata = format!("{object}.metadata");
        let mut all = Vec::new();
        let single = Some(text(self.resources, "name")).filter(|name| !name.is_empty());
        let names: Vec<&str> = single.into_iter().chain(texts(self.resources, "names")).collect();
        if !names.is_empty() {
            all.push(Self::named(&metadata, &names));
        }
        let namespaces = texts(self.resources, "namespaces");
        if !namespaces.is_empty() {
            all.push(self.in_namespaces(object, &namespaces));
        }
        if let Some(annotations) = self.resources.get("annotations").and_then(Value::as_object) {
            for (key, value) in annotations {
                let pair = (key.as_str(), value.as_str().unwrap_or_default());
                all.push(Self::has_pair(
                    &format!("{metadata}.annotations"),
                    &metadata,
                    "annotations",
                    pair,
                ));
            }
        }
        if let Some(selector) = self
            .resources
            .get("selector")
            .filter(|selector| !selector.is_null())
        {
            all.push(self.labels(&metadata, selector)?);
        }
        Ok(Formula::all(all))
    }

    /// By name; where the API server makes the name, by what it begins with.
    fn named(metadata: &str, names: &[&str]) -> Formula {
        let one_of = |place: &str| Formula::any(names.iter().map(|name| wildcard(place, name)));
        let name = has_member(metadata, "name");
        let by_name = name.clone().and(one_of(&format!("{metadata}.name")));
        let generated = has_member(metadata, "generateName").and(one_of(&format!("{metadata}.generateName")));
        by_name.or(name.not().and(generated))
    }

    /// By namespace; a Namespace is in itself.
    fn in_namespaces(&self, object: &str, namespaces: &[&str]) -> Formula {
        let one_of = |place: &str| match namespaces {
            [_, _, ..] if !namespaces.iter().any(|pattern| has_wildcard(pattern)) => {
                Formula::test(format!("{place} in {}", quoted_list(namespaces.iter().copied())))
            }
            _ => Formula::any(namespaces.iter().map(|pattern| wildcard(place, pattern))),
        };
        let metadata = format!("{object}.metadata");
        let stands_in = has_member(&metadata, "namespace").and(one_of(&format!("{metadata}.namespace")));
        let may_be_namespace =
            self.kinds.is_empty() || self.kinds.iter().any(|kind| kind.may_be("Namespace"));
        if !may_be_namespace {
            return stands_in;
        }
        let is_one = Formula::test(format!("{object}.kind == 'Namespace'"));
        let itself = one_of(&format!("{metadata}.name"));
        is_one.clone().and(itself).or(is_one.not().and(stands_in))
    }

    /// Some pair of the map `holder.field`, whose keys and values are drawn.
    fn has_pair(map: &str, holder: &str, field: &str, (key, value): (&str, &str)) -> Formula {
        let there = has_member(holder, field);
        if !has_wildcard(key) {
            let found = has_member(map, key).and(wildcard(&member(map, key), value));
            return there.and(found);
        }
        let pair = wildcard("k", key).and(wildcard(&format!("{map}[k]"), value));
        there.and(Formula::test(format!("{map}.exists(k, {})", pair.write())))
    }

    fn labels(&self, metadata: &str, selector: &Value) -> Said<Formula> {
        let labels = format!("{metadata}.labels");
        let there = has_member(metadata, "labels");
        let mut all = Vec::new();
        let pairs = selector.get("matchLabels").and_then(Value::as_object);
        for (key, value) in pairs.into_iter().flatten() {
            let pair = (key.as_str(), value.as_str().unwrap_or_default());
            all.push(Self::has_pair(&labels, metadata, "labels", pair));
        }
        for (index, one) in list(selector, "matchExpressions").iter().enumerate() {
            let (key, values) = (text(one, "key"), texts(one, "values"));
            let has = there.clone().and(has_member(&labels, key));
            let is_in = Formula::test(format!("{} in {}", member(&labels, key), quoted_list(values)));
            all.push(match text(one, "operator") {
                "In" => has.and(is_in),
                "NotIn" => has.clone().not().or(is_in.not()),
                "Exists" => has,
                "DoesNotExist" => has.not(),
                other => {
                    let path = format!("{}.selector.matchExpressions[{index}].operator", self.path);
                    return Err(Unsaid::new(path, format!("unknown operator {}", quoted(other))));
                }
            });
        }
        Ok(Formula::all(all))
    }
}
