//! `cargo xtask manifests`: the custom resource definitions of the chart, and the chart rendered to plain manifests.
//!
//! The definitions in `charts/vouchsafe/crds` are written from the table in [`kinds`]; `--check` says which differ.
//! `--render FILE` renders the chart with its defaults by helm, definitions included.

mod yaml;
mod schema;
mod kinds;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::place;
use crate::program::Program;
use crate::report::say;
use kinds::{KINDS, Kind, Version};

/// Reads the arguments and writes, compares or renders.
pub(crate) fn run(mut arguments: Arguments) -> Outcome {
    let check_only = arguments.flag("--check");
    let rendered = arguments.value("--render")?;
    arguments.end()?;
    if check_only {
        return check();
    }
    if let Some(file) = rendered {
        return render(Path::new(&file));
    }
    for kind in KINDS {
        place::write(&path_of(kind), &text_of(kind))?;
    }
    say(format!("  {} definitions written", KINDS.len()));
    Ok(())
}

/// Says which definitions are not as the table has them.
pub(crate) fn check() -> Outcome {
    let stale: Vec<String> = KINDS
        .iter()
        .filter(|kind| place::read(&path_of(kind)).ok() != Some(text_of(kind)))
        .map(|kind| {
            format!(
                "{} is not what the table makes: cargo xtask manifests",
                path_of(kind).display()
            )
        })
        .collect();
    if stale.is_empty() {
        return Ok(());
    }
    Err(Failure::Several(stale))
}

fn render(file: &Path) -> Outcome {
    let chart = chart();
    let words = [
        "template",
        "vouchsafe",
        "--namespace",
        "vouchsafe",
        "--include-crds",
    ];
    let rendered = Program::new("helm")
        .args(words)
        .args([chart.as_os_str()])
        .capture()?
        .expect_success()?;
    place::write(file, &rendered.stdout)
}

/// The chart's folder.
pub(crate) fn chart() -> PathBuf {
    place::root().join("charts/vouchsafe")
}

fn path_of(kind: &Kind) -> PathBuf {
    chart().join(format!("crds/{}_{}.yaml", kind.group, kind.plural))
}

fn text_of(kind: &Kind) -> String {
    format!(
        "# Written by `cargo xtask manifests`; change xtask/src/manifests instead.\n{}",
        yaml::written(&definition(kind))
    )
}

fn definition(kind: &Kind) -> Value {
    let mut names = json!({
        "kind": kind.kind,
        "listKind": format!("{}List", kind.kind),
        "plural": kind.plural,
        "singular": kind.kind.to_ascii_lowercase(),
    });
    if let Some(names) = names.as_object_mut() {
        if let Some(short) = kind.short {
            names.insert("shortNames".to_owned(), json!([short]));
        }
        if kind.schema.is_policy() {
            names.insert("categories".to_owned(), json!(["kyverno"]));
        }
    }
    let versions: Vec<Value> = kind.versions.iter().map(|version| of(kind, version)).collect();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{}.{}", kind.plural, kind.group),
            "labels": {"app.kubernetes.io/part-of": "vouchsafe"},
        },
        "spec": {
            "group": kind.group,
            "names": names,
            "scope": if kind.is_namespaced { "Namespaced" } else { "Cluster" },
            "versions": versions,
        },
    })
}

fn of(kind: &Kind, version: &Version) -> Value {
    let columns: Vec<Value> = kind
        .columns
        .iter()
        .map(|column| {
            let mut written = json!({"name": column.name, "type": column.of, "jsonPath": column.path});
            if column.is_wide
                && let Some(fields) = written.as_object_mut()
            {
                fields.insert("priority".to_owned(), 1.into());
            }
            written
        })
        .collect();
    let mut written = json!({
        "name": version.name,
        "served": true,
        "storage": version.is_stored,
        "schema": {"openAPIV3Schema": kind.schema.of(kind.kind)},
    });
    if let Some(fields) = written.as_object_mut() {
        if version.is_deprecated {
            fields.insert("deprecated".to_owned(), true.into());
        }
        if kind.schema.has_status() {
            fields.insert("subresources".to_owned(), json!({"status": {}}));
        }
        if !columns.is_empty() {
            fields.insert("additionalPrinterColumns".to_owned(), columns.into());
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_stores_one_version() {
        for kind in KINDS {
            let stored = kind.versions.iter().filter(|version| version.is_stored).count();
            assert_eq!(stored, 1, "{}", kind.kind);
        }
    }

    #[test]
    fn the_charts_definitions_are_what_the_table_makes() {
        check().unwrap();
    }
}
