//! The floors inside a crate: a module may name only modules that its crate's root declares before it.
//!
//! Judged by text: `crate::name`, in a module's own first file also `super::name`, and names that the root
//! re-exports. Tests may look anywhere.

use std::collections::HashMap;

use super::tree::{File, Tree, modules};

/// Faults of all crates and of xtask.
pub(super) fn faults(tree: &Tree) -> Vec<String> {
    let roots = tree.files.iter().filter(|file| {
        let root = file.path.ends_with("/src/lib.rs") || file.path.ends_with("/src/main.rs");
        root && !file.path.starts_with("fuzz/")
    });
    roots.flat_map(|root| crate_faults(tree, root)).collect()
}

fn crate_faults(tree: &Tree, root: &File) -> Vec<String> {
    let order = modules(root);
    let place = |name: &str| order.iter().position(|known| known == name);
    let exported = exports(root);
    let source = root.path.trim_end_matches("lib.rs").trim_end_matches("main.rs");
    let mut faults = Vec::new();
    for file in tree.files.iter().filter(|file| file.is_rust() && !file.is_test()) {
        let Some(inside) = file.path.strip_prefix(source) else {
            continue;
        };
        let module = inside.split('/').next().unwrap_or_default();
        let first_file = !inside.contains('/') || inside == format!("{module}/mod.rs");
        let module = module.strip_suffix(".rs").unwrap_or(module);
        let Some(own) = place(module) else { continue };
        for (number, name) in named(file, first_file) {
            let meant = exported.get(&name).map_or(name.as_str(), String::as_str);
            if place(meant).is_some_and(|other| other > own) {
                let root = &root.path;
                faults.push(format!(
                    "{}:{number}: `{module}` names `{meant}`, which {root} declares after it: lower floors know nothing of higher ones",
                    file.path
                ));
            }
        }
    }
    faults
}

/// Names that directly follow `crate::`, with their lines; groups in braces are opened.
fn named(file: &File, first_file: bool) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let prefixes: &[&str] = if first_file {
        &["crate::", "super::"]
    } else {
        &["crate::"]
    };
    let lines: Vec<_> = file.code().collect();
    for (index, (number, line)) in lines.iter().enumerate() {
        for prefix in prefixes {
            for (place, _) in line.match_indices(prefix) {
                let before = line.get(..place).and_then(|before| before.chars().next_back());
                if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == ':') {
                    continue;
                }
                let rest = line.get(place + prefix.len()..).unwrap_or_default();
                if let Some(group) = rest.strip_prefix('{') {
                    let tail = lines.iter().skip(index + 1).map(|(_, line)| *line);
                    let text = std::iter::once(group).chain(tail).collect::<Vec<_>>().join("\n");
                    found.extend(group_names(&text).into_iter().map(|name| (*number, name)));
                } else {
                    found.push((*number, identifier(rest)));
                }
            }
        }
    }
    found
}

fn identifier(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect()
}

/// First names of the members of a brace group whose opening brace has been read.
fn group_names(text: &str) -> Vec<String> {
    let (mut depth, mut names, mut member) = (0_usize, Vec::new(), String::new());
    for letter in text.chars() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(identifier(&std::mem::take(&mut member))),
            other => member.push(other),
        }
    }
    names.push(identifier(&member));
    names.retain(|name| !name.is_empty());
    names
}

/// What the root re-exports: name to module.
fn exports(root: &File) -> HashMap<String, String> {
    let text: Vec<_> = root.code().map(|(_, line)| line.trim()).collect();
    let mut exported = HashMap::new();
    for statement in text.join(" ").split(';') {
        let Some((_, path)) = statement.rsplit_once("pub use ") else {
            continue;
        };
        let path = path.strip_prefix("crate::").unwrap_or(path);
        let Some((module, rest)) = path.split_once("::") else {
            continue;
        };
        for item in rest.trim_matches(['{', '}', ' ']).split(',') {
            let name = item
                .rsplit(" as ")
                .next()
                .unwrap_or(item)
                .rsplit("::")
                .next()
                .unwrap_or(item);
            exported.insert(identifier(name), module.trim().to_owned());
        }
    }
    exported
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(root: &str, module: &str) -> Tree {
        let file = |path: &str, text: &str| File {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let files = vec![
            file("crates/a/src/lib.rs", root),
            file("crates/a/src/ground.rs", module),
        ];
        Tree {
            root: ".".into(),
            files,
        }
    }

    const ROOT: &str = "mod ground;\npub mod roof;\npub use roof::{Tile, Gutter as Pipe};\n";

    #[test]
    fn a_module_that_names_a_later_one_is_a_fault_however_it_is_written() {
        for line in [
            "use crate::roof::Tile;",
            "use crate::{x, roof::Tile};",
            "use crate::{\n    x,\n    roof,\n};",
            "use super::roof;",
            "fn f() -> crate::Tile {}",
            "fn f() -> crate::Pipe {}",
        ] {
            assert_eq!(faults(&tree(ROOT, line)).len(), 1, "{line}");
        }
    }

    #[test]
    fn tests_and_comments_and_earlier_modules_are_no_fault() {
        for line in [
            "//! See [`crate::roof`].",
            "#[cfg(test)]\nmod tests { use crate::roof; }",
            "use other_crate::roof;",
        ] {
            assert!(faults(&tree(ROOT, line)).is_empty(), "{line}");
        }
        let turned = "pub mod roof;\nmod ground;\n";
        assert!(faults(&tree(turned, "use crate::roof;")).is_empty());
    }
}
