//! Paths of the Kubernetes API, made of parts that expressions name.
//!
//! A part is a policy author's text: one that is no plain segment (`..`, `a/b`, `%2f`) would lead elsewhere, and is refused.

/// The path of a collection, or of one object in it.
///
/// # Errors
/// Which part is no segment of a path.
pub(super) fn of(
    api_version: &str,
    resource: &str,
    namespace: &str,
    name: Option<&str>,
) -> Result<String, String> {
    let mut path = String::new();
    let version = match api_version.split_once('/') {
        Some((group, version)) => {
            path.push_str("/apis");
            push(&mut path, "group", group)?;
            version
        }
        None => {
            path.push_str("/api");
            api_version
        }
    };
    push(&mut path, "version", version)?;
    if !namespace.is_empty() {
        path.push_str("/namespaces");
        push(&mut path, "namespace", namespace)?;
    }
    push(&mut path, "resource", resource)?;
    if let Some(name) = name {
        push(&mut path, "name", name)?;
    }
    Ok(path)
}

/// The query that selects labels, empty for none.
///
/// # Errors
/// Which label is none.
pub(super) fn label_query(labels: &[(String, String)]) -> Result<String, String> {
    let is_plain = |text: &str, more: &str| {
        text.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter) || more.contains(letter))
    };
    let mut pairs = Vec::with_capacity(labels.len());
    for (key, value) in labels {
        if key.is_empty() || !is_plain(key, "/") || !is_plain(value, "") {
            return Err(format!("`{key}={value}` is no label"));
        }
        pairs.push(format!("{key}={value}"));
    }
    if pairs.is_empty() {
        return Ok(String::new());
    }
    Ok(format!("?labelSelector={}", pairs.join(",")))
}

fn push(path: &mut String, what: &str, segment: &str) -> Result<(), String> {
    let is_plain = segment
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || "-_.:".contains(letter));
    if segment.is_empty() || !is_plain || segment.chars().all(|letter| letter == '.') {
        return Err(format!("`{segment}` is no {what} of an object"));
    }
    path.push('/');
    path.push_str(segment);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_that_of_the_api() {
        assert_eq!(
            of("v1", "pods", "shop", Some("p")).unwrap(),
            "/api/v1/namespaces/shop/pods/p"
        );
        assert_eq!(
            of("apps/v1", "deployments", "", None).unwrap(),
            "/apis/apps/v1/deployments"
        );
    }

    /// The attack: the author of a namespaced policy names an object so that its path leads into another namespace.
    #[test]
    fn a_name_never_leads_out_of_its_collection() {
        for name in [
            "..",
            ".",
            "",
            "../../kube-system/secrets/x",
            "x/y",
            "%2e%2e",
            "a?b",
            "a#b",
            "a b",
            "ä",
        ] {
            assert!(of("v1", "secrets", "shop", Some(name)).is_err(), "{name}");
            assert!(of("v1", name, "shop", None).is_err(), "{name}");
        }
        assert!(of("v1/../x", "pods", "a", None).is_err());
    }

    #[test]
    fn a_label_never_adds_to_the_query() {
        let label = |value: &str| label_query(&[("app".to_owned(), value.to_owned())]);
        assert_eq!(label("web").unwrap(), "?labelSelector=app=web");
        assert!(label("web&limit=1").is_err());
        assert!(label("web,x=y").is_err());
    }
}
