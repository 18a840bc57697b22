//! Certificates of single registries, in the folders that docker keeps them in (`/etc/docker/certs.d`).
//!
//! In: a folder with one folder for each host, named `HOST` or `HOST:PORT`. Out: further authorities (`*.crt`), and the
//! certificate that is shown (`NAME.cert` with `NAME.key`, the first by name).

use std::collections::BTreeMap;
use std::path::Path;

use fact_loading::HostCertificates;

use crate::input::{InputError, entries, read_file};

/// Reads the folder.
///
/// # Errors
/// [`InputError`] where it or a file of it can't be read, or a certificate has no key.
pub(crate) fn read(folder: &Path) -> Result<BTreeMap<String, HostCertificates>, InputError> {
    let mut hosts = BTreeMap::new();
    for host in entries(folder)? {
        let name = host.file_name().and_then(|name| name.to_str());
        if let (true, Some(name)) = (host.is_dir(), name) {
            hosts.insert(name.to_owned(), of_host(&host)?);
        }
    }
    Ok(hosts)
}

fn of_host(folder: &Path) -> Result<HostCertificates, InputError> {
    let mut found = HostCertificates::default();
    for file in entries(folder)? {
        match file.extension().and_then(|end| end.to_str()) {
            Some("crt") => found.authorities.push(text(&file)?),
            Some("cert") if found.client.is_none() => {
                let key = file.with_extension("key");
                if !key.exists() {
                    let file = file.display();
                    return Err(InputError::Malformed(format!("`{file}` has no key beside it")));
                }
                found.client = Some([text(&file)?, text(&key)?].join(&b'\n'));
            }
            Some(_) | None => {}
        }
    }
    Ok(found)
}

fn text(file: &Path) -> Result<Vec<u8>, InputError> {
    read_file(&file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_s_folders_are_read_by_host() {
        let folder = tempfile::tempdir().unwrap();
        let host = folder.path().join("registry.example:5000");
        std::fs::create_dir(&host).unwrap();
        for (name, text) in [
            ("ca.crt", "authority"),
            ("client.cert", "certificate"),
            ("client.key", "key"),
        ] {
            std::fs::write(host.join(name), text).unwrap();
        }
        let found = read(folder.path()).unwrap();
        let found = found.get("registry.example:5000").unwrap();
        assert_eq!(found.authorities, [b"authority".to_vec()]);
        assert_eq!(found.client.as_deref(), Some(b"certificate\nkey".as_slice()));
        std::fs::remove_file(host.join("client.key")).unwrap();
        assert!(
            read(folder.path())
                .unwrap_err()
                .to_string()
                .contains("has no key beside it")
        );
    }
}
