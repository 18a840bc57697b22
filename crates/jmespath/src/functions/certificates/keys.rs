//! Keys, signatures and large numbers in Go's JSON.

use der::asn1::{AnyRef, UintRef};
use der::{Decode, Encode as _};
use x509_cert::spki::AlgorithmIdentifierOwned;

/// Bytes of a modulus that are printed; 16,384 bits, as much as Go verifies.
const MAX_MODULUS_BYTES: usize = 2048;

/// Modulus in decimal, and exponent, of a PKCS#1 key.
pub(super) fn rsa_key(bytes: &[u8]) -> der::Result<(String, u64)> {
    AnyRef::from_der(bytes)?.sequence(|reader| {
        let (modulus, exponent) = (UintRef::decode(reader)?, UintRef::decode(reader)?);
        if modulus.as_bytes().len() > MAX_MODULUS_BYTES || exponent.as_bytes().len() > 8 {
            return Err(der::ErrorKind::Overlength.into());
        }
        let exponent = exponent
            .as_bytes()
            .iter()
            .fold(0u64, |sum, byte| sum.wrapping_shl(8) | u64::from(*byte));
        Ok((decimal(modulus.as_bytes()), exponent))
    })
}

/// A big-endian number as the float64 nearest to it, which is what becomes of a large number in Go's JSON.
pub(super) fn as_float(bytes: &[u8]) -> f64 {
    let bytes = bytes.get(..MAX_MODULUS_BYTES).unwrap_or(bytes);
    decimal(bytes).parse().unwrap_or(f64::INFINITY)
}

/// A big-endian number in decimal. Quadratic, so of bounded length.
fn decimal(bytes: &[u8]) -> String {
    const LIMB: u64 = 1_000_000_000;
    // the number in base 10^9, smallest limb first
    let mut limbs: Vec<u64> = vec![0];
    for byte in bytes {
        let mut carry = u64::from(*byte);
        for limb in &mut limbs {
            let value = limb.wrapping_shl(8).wrapping_add(carry);
            *limb = value % LIMB;
            carry = value / LIMB;
        }
        if carry > 0 {
            limbs.push(carry);
        }
    }
    let mut digits = limbs.iter().rev();
    let first = digits.next().map(u64::to_string).unwrap_or_default();
    digits.fold(first, |text, limb| format!("{text}{limb:09}"))
}

/// Go's number for a signature algorithm; zero for what it does not know.
pub(super) fn signature_algorithm(algorithm: &AlgorithmIdentifierOwned) -> u8 {
    match algorithm.oid.to_string().as_str() {
        "1.2.840.113549.1.1.4" => 2,
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => 3,
        "1.2.840.113549.1.1.11" => 4,
        "1.2.840.113549.1.1.12" => 5,
        "1.2.840.113549.1.1.13" => 6,
        "1.2.840.10040.4.3" => 7,
        "2.16.840.1.101.3.4.3.2" => 8,
        "1.2.840.10045.4.1" => 9,
        "1.2.840.10045.4.3.2" => 10,
        "1.2.840.10045.4.3.3" => 11,
        "1.2.840.10045.4.3.4" => 12,
        "1.2.840.113549.1.1.10" => pss_algorithm(algorithm),
        "1.3.101.112" => 16,
        _ => 0,
    }
}

/// RSA-PSS is known with one SHA-2 hash throughout and a salt of the hash's length.
fn pss_algorithm(algorithm: &AlgorithmIdentifierOwned) -> u8 {
    let parameters = algorithm
        .parameters
        .as_ref()
        .and_then(|any| any.to_der().ok())
        .unwrap_or_default();
    // the last byte of the hash's identifier, the salt's length, Go's number
    for (hash, salt, number) in [(1u8, 32u8, 13u8), (2, 48, 14), (3, 64, 15)] {
        let hash_oid = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, hash];
        let salt_length = [0xa2, 0x03, 0x02, 0x01, salt];
        let hashes = parameters
            .windows(hash_oid.len())
            .filter(|window| *window == hash_oid)
            .count();
        if hashes == 2
            && parameters
                .windows(salt_length.len())
                .any(|window| window == salt_length)
        {
            return number;
        }
    }
    0
}
