//! Whether a program starts in an empty image: one that asks for a loader does not.
//!
//! Format: ELF of 64 bits, little-endian; System V ABI, chapter 5.

/// A program header that names the loader.
const PT_INTERP: u32 = 3;

/// Says why `binary` would not start where there is nothing else.
pub(super) fn demand_static(binary: &[u8]) -> Result<(), String> {
    match asks_for_loader(binary) {
        Some(false) => Ok(()),
        Some(true) => Err(
            "asks for a loader, which an empty image does not have: build it for a musl target".to_owned(),
        ),
        None => Err("is no ELF program of 64 bits, little-endian".to_owned()),
    }
}

fn asks_for_loader(binary: &[u8]) -> Option<bool> {
    if binary.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let table = usize::try_from(u64::from_le_bytes(field(binary, 0x20)?)).ok()?;
    let size = usize::from(u16::from_le_bytes(field(binary, 0x36)?));
    let count = usize::from(u16::from_le_bytes(field(binary, 0x38)?));
    for index in 0..count {
        let place = table.checked_add(index.checked_mul(size)?)?;
        if u32::from_le_bytes(field(binary, place)?) == PT_INTERP {
            return Some(true);
        }
    }
    Some(false)
}

fn field<const N: usize>(binary: &[u8], place: usize) -> Option<[u8; N]> {
    binary.get(place..place.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A head and one program header of `kind`.
    fn program(kind: u32) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01".to_vec();
        bytes.resize(64, 0);
        bytes[0x20] = 64;
        bytes[0x36] = 56;
        bytes[0x38] = 1;
        bytes.extend(kind.to_le_bytes());
        bytes.resize(120, 0);
        bytes
    }

    #[test]
    fn a_program_that_asks_for_a_loader_is_refused() {
        assert_eq!(demand_static(&program(1)), Ok(()));
        assert!(demand_static(&program(PT_INTERP)).unwrap_err().contains("musl"));
    }

    #[test]
    fn what_is_no_program_is_refused() {
        let whole = program(1);
        for part in [&b""[..], b"#!/bin/sh\n", &whole[..40], &whole[..64]] {
            assert!(demand_static(part).is_err());
        }
    }
}
