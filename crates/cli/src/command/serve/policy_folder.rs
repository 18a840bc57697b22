//! Policies in files, followed by how the files look: path, size, times and inode.
//!
//! Mounted ConfigMaps are links that are swapped; what they point at is looked at.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use admission_server::{PolicySource, Refused};
use manifest::Document;
use policy_engine::LoadedPolicies;
use serde_json::Value;

use crate::input::{files_of, load_policies};

/// Files and folders given on the command line.
#[derive(Debug)]
pub(super) struct PolicyFolder {
    pub(super) paths: Vec<String>,
}

/// Adds to `stamp` what tells one state of a file from the next.
fn look(path: &str, stamp: &mut DefaultHasher) {
    path.hash(stamp);
    let Ok(metadata) = std::fs::metadata(path) else {
        return;
    };
    (metadata.len(), metadata.modified().ok()).hash(stamp);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (metadata.ino(), metadata.ctime(), metadata.ctime_nsec()).hash(stamp);
    }
}

impl PolicySource for PolicyFolder {
    fn stamp(&self) -> u64 {
        let mut stamp = DefaultHasher::new();
        for path in &self.paths {
            // A folder that can't be listed looks unlike any that can.
            let files = files_of(path, true).map_err(|cause| cause.to_string());
            for file in files.iter().flatten() {
                look(file, &mut stamp);
            }
            files.hash(&mut stamp);
        }
        stamp.finish()
    }

    fn load(&self) -> Result<LoadedPolicies, Refused> {
        let input = load_policies(&self.paths).map_err(|cause| Refused::because(cause.to_string()))?;
        let faults: Vec<String> = input.loaded.sources.iter().filter_map(needs_roles).collect();
        if faults.is_empty() {
            Ok(input.loaded)
        } else {
            Err(Refused { faults })
        }
    }
}

/// Reviews name no roles and there is no cluster to ask: a rule that matches by them would never run, and nobody would
/// know. Those that exclude by them run for everybody, which is safe.
fn needs_roles(document: &Document) -> Option<String> {
    let rules = document.value.pointer("/spec/rules").and_then(Value::as_array)?;
    let rule = rules
        .iter()
        .find(|rule| rule.get("match").is_some_and(matches_by_roles))?;
    let name = rule.get("name").and_then(Value::as_str).unwrap_or_default();
    Some(format!(
        "{}: rule `{name}` matches by roles, which this server can't know without a cluster",
        document.source
    ))
}

fn matches_by_roles(block: &Value) -> bool {
    let filters = ["any", "all"]
        .into_iter()
        .filter_map(|list| block.get(list)?.as_array())
        .flatten();
    let named = |filter: &Value, field| {
        filter
            .get(field)
            .and_then(Value::as_array)
            .is_some_and(|list| !list.is_empty())
    };
    filters
        .chain([block])
        .any(|filter| named(filter, "roles") || named(filter, "clusterRoles"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_rule_that_would_never_run_is_told() {
        assert!(matches_by_roles(
            &json!({"any": [{"resources": {}}, {"clusterRoles": ["admin"]}]})
        ));
        assert!(matches_by_roles(&json!({"all": [{"roles": ["a:b"]}]})));
        assert!(matches_by_roles(&json!({"roles": ["a:b"], "resources": {}})));
        assert!(!matches_by_roles(
            &json!({"any": [{"resources": {}, "subjects": [{"kind": "User"}]}], "roles": []})
        ));
    }

    #[test]
    fn a_file_that_changes_comes_or_goes_changes_the_stamp() {
        let folder = tempfile::tempdir().unwrap();
        let source = PolicyFolder {
            paths: vec![folder.path().to_string_lossy().into_owned()],
        };
        let empty = source.stamp();
        assert_eq!(empty, source.stamp());
        std::fs::write(folder.path().join("a.yaml"), "a: 1").unwrap();
        let one = source.stamp();
        std::fs::write(folder.path().join("a.yaml"), "a: 11").unwrap();
        let changed = source.stamp();
        std::fs::remove_file(folder.path().join("a.yaml")).unwrap();
        assert!(empty != one && one != changed && changed != empty);
        assert_eq!(source.stamp(), empty);
    }
}
