//! The layers as archives: two, so that the authorities are stored once for all platforms.
//!
//! Format: ustar, POSIX.1-1988. Everything belongs to root and is of the year 1970: equal content, equal digest.

use crate::failure::{Failure, Outcome};

/// Size of a block, bytes.
const BLOCK: usize = 512;
/// Longest name in a header, bytes.
const LONGEST_NAME: usize = 100;
/// Where a header's checksum stands, counted as blanks while it is summed up.
const CHECKSUM: std::ops::Range<usize> = 148..156;

const FILE: u8 = b'0';
const FOLDER: u8 = b'5';

/// The layer of the certificate authorities, PEM.
pub(super) fn authorities(pem: &[u8]) -> Outcome<Vec<u8>> {
    let mut archive = Vec::new();
    for folder in ["etc/", "etc/ssl/", "etc/ssl/certs/"] {
        append(&mut archive, FOLDER, folder, 0o755, b"")?;
    }
    append(
        &mut archive,
        FILE,
        "etc/ssl/certs/ca-certificates.crt",
        0o644,
        pem,
    )?;
    Ok(ended(archive))
}

/// The layer of the program.
pub(super) fn binary(binary: &[u8]) -> Outcome<Vec<u8>> {
    let mut archive = Vec::new();
    append(&mut archive, FILE, "vouchsafe", 0o755, binary)?;
    Ok(ended(archive))
}

fn append(archive: &mut Vec<u8>, kind: u8, name: &str, mode: u32, content: &[u8]) -> Outcome {
    archive.extend(header(kind, name, mode, content.len())?);
    archive.extend(content);
    archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    Ok(())
}

/// Two empty blocks end an archive.
fn ended(mut archive: Vec<u8>) -> Vec<u8> {
    archive.resize(archive.len() + 2 * BLOCK, 0);
    archive
}

fn header(kind: u8, name: &str, mode: u32, size: usize) -> Outcome<Vec<u8>> {
    if name.len() > LONGEST_NAME || size >= 1 << 33 {
        return Err(Failure::Found(format!("`{name}` does not fit into an archive")));
    }
    let mut header = Vec::with_capacity(BLOCK);
    header.extend(name.bytes());
    header.resize(LONGEST_NAME, 0);
    header.extend(format!("{mode:07o}\0").bytes());
    // Owner and group: root.
    header.extend(b"0000000\x000000000\0");
    // Size, and the time of the last change.
    header.extend(format!("{size:011o}\0{:011o}\0", 0).bytes());
    header.extend([b' '; 8]);
    header.push(kind);
    header.resize(257, 0);
    header.extend(b"ustar\x0000");
    header.resize(BLOCK, 0);
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    let sum = format!("{sum:06o}\0 ");
    header.splice(CHECKSUM, sum.bytes());
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_headers_contents_in_whole_blocks_and_an_end() {
        let archive = binary(&[7; BLOCK + 1]).unwrap();
        assert_eq!(archive.len(), BLOCK + 2 * BLOCK + 2 * BLOCK);
        assert_eq!(&archive[..10], b"vouchsafe\0");
        assert_eq!(&archive[100..108], b"0000755\0");
        assert_eq!(&archive[124..136], b"00000001001\0");
        assert_eq!(&archive[257..265], b"ustar\x0000");
        assert!(archive[archive.len() - 2 * BLOCK..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn the_checksum_counts_its_own_field_as_blanks() {
        let mut header = header(FOLDER, "etc/", 0o755, 0).unwrap();
        let told = String::from_utf8(header[CHECKSUM].to_vec()).unwrap();
        header[CHECKSUM].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        assert_eq!(told, format!("{sum:06o}\0 "));
        assert!(super::header(FILE, &"x".repeat(101), 0, 0).is_err());
    }
}
