//! Rules about single files: length, names, words that must not stand in them.

use super::tree::{File, Tree};

/// Lines of a Rust file, tests included.
const MAX_LINES: usize = 600;
/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] = [
    "utils", "util", "helpers", "common", "misc", "impl", "impls", "stuff",
];
/// Beginnings of paths that exist on one machine only. In two halves, or this file would be its own fault.
const MACHINE_PATHS: [(&str, &str); 4] = [("/wo", "rk/"), ("/ro", "ot/"), ("/tmp/", "vs"), ("/ho", "me/")];
/// The one crate that may make a proof, and where it is defined.
const MINTING: [&str; 2] = ["crates/image-verification/", "crates/image-trust/"];

/// All faults of all files.
pub(super) fn faults(tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    for file in &tree.files {
        faults.extend(empty_name(file));
        faults.extend(machine_paths(file));
        if file.is_rust() {
            faults.extend(too_long(file));
            faults.extend(minting(file));
        }
    }
    faults
}

fn too_long(file: &File) -> Option<String> {
    let lines = file.text.lines().count();
    (lines > MAX_LINES).then(|| {
        format!(
            "{}: {lines} lines, more than {MAX_LINES}: split it by subject",
            file.path
        )
    })
}

fn empty_name(file: &File) -> Option<String> {
    let mut parts = file
        .path
        .split('/')
        .map(|part| part.strip_suffix(".rs").unwrap_or(part));
    let empty = parts.find(|part| EMPTY_NAMES.contains(part))?;
    Some(format!(
        "{}: `{empty}` says nothing about what is inside",
        file.path
    ))
}

fn machine_paths(file: &File) -> Vec<String> {
    let words = MACHINE_PATHS.map(|(start, end)| format!("{start}{end}"));
    let numbered = file.text.lines().enumerate();
    let found = numbered.filter_map(|(number, line)| {
        let word = words.iter().find(|word| starts_a_path(line, word))?;
        Some(format!(
            "{}:{}: `{word}` is a path of one machine",
            file.path,
            number + 1
        ))
    });
    found.collect()
}

/// `true` where `word` stands in `line` at the start of a path, not in the middle of a longer one.
fn starts_a_path(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(place, _)| {
        let before = line.get(..place).and_then(|before| before.chars().next_back());
        before.is_none_or(|letter| !letter.is_alphanumeric() && !"/._-}~*$".contains(letter))
    })
}

fn minting(file: &File) -> Vec<String> {
    if file.is_test()
        || file.path.starts_with("xtask/")
        || MINTING.iter().any(|own| file.path.starts_with(own))
    {
        return Vec::new();
    }
    let named = file.code().filter(|(_, line)| line.contains("Proof::minted"));
    named
        .map(|(number, _)| format!("{}:{number}: only image-verification may mint a proof", file.path))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_path_of_one_machine_is_found_and_a_longer_path_is_not() {
        let machine = format!("{}{}", "/wo", "rk/");
        assert_eq!(machine_paths(&file("a.md", &format!("see {machine}x"))).len(), 1);
        assert!(machine_paths(&file("a.md", &format!("see spec{machine}x"))).is_empty());
    }

    #[test]
    fn a_proof_minted_outside_is_a_fault_unless_a_test_mints_it() {
        let product = "fn f() {\n    Proof::minted()\n}\n";
        let test = format!("#[cfg(test)]\nmod tests {{\n{product}}}\n");
        assert_eq!(minting(&file("crates/cli/src/a.rs", product)).len(), 1);
        assert!(minting(&file("crates/cli/src/a.rs", &test)).is_empty());
        assert!(minting(&file("crates/image-verification/src/a.rs", product)).is_empty());
    }

    #[test]
    fn names_that_say_nothing_are_faults() {
        assert!(empty_name(&file("crates/cli/src/utils.rs", "")).is_some());
        assert!(empty_name(&file("crates/common/src/lib.rs", "")).is_some());
        assert!(empty_name(&file("crates/cli/src/implication.rs", "")).is_none());
    }
}
