//! Small files, read with a limit.

use std::path::Path;

use tokio::io::AsyncReadExt as _;

/// The whole file, if it is smaller than `most_bytes`; the error names the file and nothing of what it holds.
pub(crate) async fn read(path: impl AsRef<Path>, most_bytes: usize) -> Result<Vec<u8>, String> {
    let shown = path.as_ref().display().to_string();
    let failed = |cause: std::io::Error| format!("file `{shown}`: {cause}");
    let file = tokio::fs::File::open(path.as_ref()).await.map_err(failed)?;
    let mut bytes = Vec::new();
    let limit = u64::try_from(most_bytes).unwrap_or(u64::MAX);
    file.take(limit).read_to_end(&mut bytes).await.map_err(failed)?;
    if bytes.len() >= most_bytes {
        return Err(format!("file `{shown}` is larger than {most_bytes} bytes"));
    }
    Ok(bytes)
}

/// The whole file as text, without white space around it.
pub(crate) async fn read_text(path: impl AsRef<Path>, most_bytes: usize) -> Result<String, String> {
    let shown = path.as_ref().display().to_string();
    let text = String::from_utf8(read(path, most_bytes).await?);
    let text = text.map_err(|_| format!("file `{shown}` is no text"))?;
    Ok(text.trim().to_owned())
}
