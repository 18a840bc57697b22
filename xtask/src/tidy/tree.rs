//! The files of the workspace, read once.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Outcome};

/// Folders that are not ours to judge.
const SKIPPED: [&str; 4] = ["target", ".git", "corpus", "artifacts"];
/// Longer files are data, not text.
const MAX_TEXT_BYTES: u64 = 4 * 1024 * 1024;

/// One text file.
pub(crate) struct File {
    /// Relative to the workspace, `/` between parts.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn is_rust(&self) -> bool {
        has_extension(&self.path, "rs")
    }

    /// `true` for files that hold tests alone.
    pub(crate) fn is_test(&self) -> bool {
        self.path
            .split('/')
            .any(|part| matches!(part, "tests" | "tests.rs" | "benches" | "fuzz"))
    }

    /// Lines of product code: up to the first test module, without comments; with their numbers.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self
            .text
            .lines()
            .enumerate()
            .map(|(number, line)| (number + 1, line));
        let product = lines.take_while(|(_, line)| line.trim() != "#[cfg(test)]");
        product.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// All text files.
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    pub(crate) files: Vec<File>,
}

impl Tree {
    pub(crate) fn read(root: &Path) -> Outcome<Self> {
        let mut tree = Self {
            root: root.to_owned(),
            files: Vec::new(),
        };
        tree.walk(root, "")?;
        tree.files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(tree)
    }

    fn walk(&mut self, folder: &Path, prefix: &str) -> Outcome {
        let unreadable = |source| Failure::File {
            path: folder.to_owned(),
            source,
        };
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
            let kind = entry.file_type().map_err(unreadable)?;
            if SKIPPED.contains(&name.as_str()) || kind.is_symlink() {
                continue;
            }
            if kind.is_dir() {
                self.walk(&path, &format!("{prefix}{name}/"))?;
            } else if entry.metadata().map_err(unreadable)?.len() <= MAX_TEXT_BYTES {
                // What is not UTF-8 is no text.
                if let Ok(text) = fs::read_to_string(&path) {
                    self.files.push(File {
                        path: format!("{prefix}{name}"),
                        text,
                    });
                }
            }
        }
        Ok(())
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Folder names below `crates/`, sorted.
    pub(crate) fn crates(&self) -> Vec<&str> {
        let manifests = self
            .files
            .iter()
            .filter_map(|file| file.path.strip_prefix("crates/"));
        manifests
            .filter_map(|path| path.strip_suffix("/Cargo.toml"))
            .filter(|name| !name.contains('/'))
            .collect()
    }
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|found| found == extension)
}

/// The modules that a crate's root declares outside of tests, in order.
pub(crate) fn modules(root: &File) -> Vec<String> {
    let declared = root.code().filter_map(|(_, line)| {
        let line = line
            .trim()
            .trim_start_matches("pub(crate) ")
            .trim_start_matches("pub ");
        line.strip_prefix("mod ")?.strip_suffix(';').map(str::to_owned)
    });
    declared.collect()
}
