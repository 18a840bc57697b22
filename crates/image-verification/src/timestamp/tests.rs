use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use super::*;
use crate::trust_material::timestamp_authority;

/// Made with `openssl ts`: an RSA signer, a time with a fraction, an accuracy, an ordering, a nonce and a name.
const RSA_CHAIN: &str = include_str!("../../tests/fixtures/rsa-timestamp/chain.pem");
const RSA_RESPONSE: &[u8] = include_bytes!("../../tests/fixtures/rsa-timestamp/response.tsr");
const STAMPED: &[u8] = b"a signature";

static AUTHORITY: LazyLock<rehearsal::authority::TimestampAuthority> = LazyLock::new(|| {
    let from = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    rehearsal::authority::TimestampAuthority::new(from).unwrap()
});

fn late() -> Timestamp {
    Timestamp::from_second(2_000_000_000).unwrap()
}

fn judged(token: &[u8], stamped: &[u8], chain: &str) -> Result<Timestamp, String> {
    let authority = timestamp_authority(chain).unwrap();
    verify(token, stamped, &[authority], late()).map_err(|rejection| rejection.text)
}

#[test]
fn an_rsa_signer_and_a_fraction_of_a_second_are_read() {
    let time = judged(RSA_RESPONSE, STAMPED, RSA_CHAIN).unwrap();
    assert_eq!(time.to_string(), "2026-11-24T06:54:49Z");
    assert!(judged(RSA_RESPONSE, b"another signature", RSA_CHAIN).is_err());
    assert!(judged(RSA_RESPONSE, STAMPED, &AUTHORITY.chain_pem()).is_err());
}

/// A policy may hold the root alone, as Kyverno allows: the token carries its signer, whom the root must vouch for.
#[test]
fn a_root_alone_vouches_for_the_signer_that_a_token_carries() {
    let root = RSA_CHAIN
        .split_inclusive("-----END CERTIFICATE-----\n")
        .nth(1)
        .unwrap();
    assert!(judged(RSA_RESPONSE, STAMPED, root).is_ok());
    assert!(judged(RSA_RESPONSE, STAMPED, &AUTHORITY.root().pem()).is_err());
}

#[test]
fn a_time_after_the_present_is_refused() {
    let authority = timestamp_authority(RSA_CHAIN).unwrap();
    let before = Timestamp::from_second(1_795_503_288).unwrap();
    assert!(verify(RSA_RESPONSE, STAMPED, &[authority], before).is_err());
}

/// Whoever changes a byte of a token may break it, or touch what nobody signs; never move its time.
#[test]
fn no_changed_byte_moves_the_time() {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_750_000_000);
    let own = AUTHORITY.stamp(STAMPED, at).unwrap();
    let mut refused = 0;
    for (token, chain) in [
        (own.as_slice(), AUTHORITY.chain_pem()),
        (RSA_RESPONSE, RSA_CHAIN.to_owned()),
    ] {
        let authority = [timestamp_authority(&chain).unwrap()];
        let time = verify(token, STAMPED, &authority, late()).unwrap();
        for at in 0..token.len() {
            let mut changed = token.to_vec();
            changed[at] ^= 1;
            match verify(&changed, STAMPED, &authority, late()) {
                Ok(found) => assert_eq!(found, time, "byte {at}"),
                Err(_) => refused += 1,
            }
        }
        for length in 0..token.len() {
            assert!(verify(&token[..length], STAMPED, &authority, late()).is_err());
        }
    }
    assert!(refused > 1_000, "only {refused} changes were refused");
}
