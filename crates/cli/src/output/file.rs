//! Files written whole or not at all: beside their place first, then moved there.

use std::path::{Path, PathBuf};

use crate::input::InputError;

/// Writes `text` to `path`. Whoever looks meanwhile, and whoever stops the program, finds the old file or the new one.
///
/// # Errors
/// [`InputError`] with the path and what the system says.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<(), InputError> {
    let refused = |cause| InputError::Unreadable {
        path: path.to_string_lossy().into_owned(),
        cause,
    };
    let beside = beside(path);
    let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|cause| {
        drop(std::fs::remove_file(&beside));
        refused(cause)
    })
}

/// A name in the same folder that nobody else uses.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.part", std::process::id()))
}

/// A name of a resource as part of a file's name: it can lead into no other folder.
pub(crate) fn safe_name(name: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || ".-_".contains(letter);
    name.chars()
        .map(|letter| if is_plain(letter) { letter } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_resource_leads_into_no_other_folder() {
        assert_eq!(safe_name("../../etc/passwd"), ".._.._etc_passwd");
        assert_eq!(safe_name("web-1.example"), "web-1.example");
    }

    #[test]
    fn a_file_is_written_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("out.yaml");
        write_whole(&file, "old").unwrap();
        write_whole(&file, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
