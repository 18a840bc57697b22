//! The map in ARCHITECTURE.md: every crate and every module that its root declares, each with the first line of
//! its own header. `cargo xtask tidy --fix` writes it; here it is held against the tree, so it can't rot.

use super::tree::{File, Tree, modules};
use crate::failure::{Failure, Outcome};
use crate::place;

const FILE: &str = "ARCHITECTURE.md";
const BEGIN: &str = "<!-- map: written by `cargo xtask tidy --fix` -->\n";
const END: &str = "<!-- end of map -->\n";

/// Faults of the map.
pub(super) fn faults(tree: &Tree) -> Outcome<Vec<String>> {
    let (map, mut faults) = map(tree);
    let Some(file) = tree.file(FILE) else {
        faults.push(format!("{FILE} is missing"));
        return Ok(faults);
    };
    match between(&file.text) {
        None => faults.push(format!(
            "{FILE} has no map: it stands between `{}` and `{}`",
            BEGIN.trim(),
            END.trim()
        )),
        Some(written) if written == map => {}
        Some(written) => {
            let stale = written
                .lines()
                .find(|line| !map.contains(line))
                .unwrap_or("a line is missing");
            faults.push(format!(
                "{FILE}: the map is not the tree's (`{stale}`): run `cargo xtask tidy --fix`"
            ));
        }
    }
    Ok(faults)
}

/// Writes the map into ARCHITECTURE.md.
pub(super) fn write(tree: &Tree) -> Outcome {
    let missing = || {
        Failure::Found(format!(
            "{FILE} has no place for the map: write `{}` and `{}`",
            BEGIN.trim(),
            END.trim()
        ))
    };
    let text = &tree.file(FILE).ok_or_else(missing)?.text;
    let written = between(text).ok_or_else(missing)?;
    let old = format!("{BEGIN}{written}{END}");
    place::write(
        &tree.root.join(FILE),
        &text.replace(&old, &format!("{BEGIN}{}{END}", map(tree).0)),
    )
}

fn between(text: &str) -> Option<&str> {
    Some(text.split_once(BEGIN)?.1.split_once(END)?.0)
}

/// The map, and modules whose file is missing or has no header.
fn map(tree: &Tree) -> (String, Vec<String>) {
    let (mut map, mut faults) = (String::new(), Vec::new());
    for name in tree.crates() {
        let source = format!("crates/{name}/src");
        let Some(root) = tree
            .file(&format!("{source}/lib.rs"))
            .or(tree.file(&format!("{source}/main.rs")))
        else {
            faults.push(format!("crates/{name} has neither src/lib.rs nor src/main.rs"));
            continue;
        };
        map.push_str(&format!("\n**crates/{name}** – {}\n", header(root, &mut faults)));
        for module in modules(root) {
            let file = tree
                .file(&format!("{source}/{module}.rs"))
                .or(tree.file(&format!("{source}/{module}/mod.rs")));
            let Some(file) = file else {
                faults.push(format!("{}: there is no file for `mod {module}`", root.path));
                continue;
            };
            map.push_str(&format!("- `{module}` – {}\n", header(file, &mut faults)));
        }
    }
    map.push('\n');
    (map, faults)
}

/// The first sentence of a file's `//!` header.
fn header(file: &File, faults: &mut Vec<String>) -> String {
    let lines = file
        .text
        .lines()
        .map(|line| line.strip_prefix("//!").map(str::trim));
    let paragraph: Vec<_> = lines
        .map_while(|line| line.filter(|text| !text.is_empty()))
        .collect();
    let text = paragraph.join(" ");
    if text.is_empty() {
        faults.push(format!("{}: the header (`//!`) is missing", file.path));
    }
    text.split_once(". ")
        .map_or(text.clone(), |(sentence, _)| format!("{sentence}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(architecture: &str) -> Tree {
        let file = |path: &str, text: &str| File {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let files = vec![
            file("crates/a/Cargo.toml", ""),
            file("crates/a/src/lib.rs", "//! All of a.\nmod one;\n"),
            file("crates/a/src/one.rs", "//! One thing,\n//! told. More.\n"),
            file(FILE, architecture),
        ];
        Tree {
            root: ".".into(),
            files,
        }
    }

    #[test]
    fn a_map_that_is_not_the_trees_is_a_fault() {
        let map = "\n**crates/a** – All of a.\n- `one` – One thing, told.\n\n";
        assert!(faults(&tree(&format!("{BEGIN}{map}{END}"))).unwrap().is_empty());
        let stale = map.replace("`one`", "`two`");
        assert_eq!(faults(&tree(&format!("{BEGIN}{stale}{END}"))).unwrap().len(), 1);
        assert_eq!(faults(&tree("no map")).unwrap().len(), 1);
    }
}
