//! Files, folders and standard input as bytes, each with a limit.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::input_error::InputError;

/// Largest file read, in bytes.
const MOST_FILE_BYTES: u64 = 1024 * 1024 * 1024;
/// Files one folder may hold at most.
const MOST_FILES: usize = 100_000;
/// How deep folders are followed.
const DEEPEST_FOLDER: usize = 64;
/// What stands for standard input.
pub(crate) const STANDARD_INPUT: &str = "-";

/// The bytes of a file, or of standard input for `-`.
///
/// # Errors
/// [`InputError`] where it can't be read, is too large, or is an address.
pub(crate) fn read_file(path: &str) -> Result<Vec<u8>, InputError> {
    if ["http://", "https://"]
        .iter()
        .any(|scheme| path.starts_with(scheme))
    {
        return Err(InputError::Address(path.to_owned()));
    }
    let unreadable = |cause| InputError::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let mut bytes = Vec::new();
    if path == STANDARD_INPUT {
        std::io::stdin()
            .lock()
            .take(MOST_FILE_BYTES)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
    } else {
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(MOST_FILE_BYTES)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
    }
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) >= MOST_FILE_BYTES {
        let what = format!("larger than {MOST_FILE_BYTES} bytes");
        return Err(InputError::TooMuch {
            path: path.to_owned(),
            what,
        });
    }
    Ok(bytes)
}

/// The text of a file.
///
/// # Errors
/// As [`read_file`], and where it is not UTF-8.
pub(crate) fn read_text(path: &str) -> Result<String, InputError> {
    String::from_utf8(read_file(path)?).map_err(|_| InputError::Malformed(format!("`{path}` is no text")))
}

/// The files that `path` means: itself, or the YAML and JSON files of a folder, hidden ones left out, in order of names.
pub(crate) fn files_of(path: &str, recursive: bool) -> Result<Vec<String>, InputError> {
    if path == STANDARD_INPUT || !Path::new(path).is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    walk(
        Path::new(path),
        if recursive { DEEPEST_FOLDER } else { 0 },
        &mut found,
    )?;
    Ok(found
        .into_iter()
        .map(|file| file.to_string_lossy().into_owned())
        .collect())
}

/// What is in a folder, by name.
///
/// # Errors
/// [`InputError`] where it can't be listed to its end.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, InputError> {
    let unreadable = |cause| InputError::Unreadable {
        path: folder.to_string_lossy().into_owned(),
        cause,
    };
    let mut found = std::fs::read_dir(folder)
        .map_err(unreadable)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    found.sort();
    Ok(found)
}

fn walk(folder: &Path, deeper: usize, found: &mut Vec<PathBuf>) -> Result<(), InputError> {
    for path in entries(folder)? {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            if let Some(deeper) = deeper.checked_sub(1) {
                walk(&path, deeper, found)?;
            }
        } else if [".yaml", ".yml", ".json"]
            .iter()
            .any(|ending| name.ends_with(ending))
        {
            found.push(path);
        }
        if found.len() > MOST_FILES {
            return Err(InputError::TooMuch {
                path: folder.to_string_lossy().into_owned(),
                what: format!("more than {MOST_FILES} files"),
            });
        }
    }
    Ok(())
}
