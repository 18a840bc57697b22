use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, KeyPair as _};
use rehearsal::{Algorithm, SigningKey};

use super::*;

const MESSAGE: &[u8] = b"message";

fn verifying(key: &SigningKey) -> VerifyingKey {
    VerifyingKey::from_pem(&key.public_pem()).unwrap()
}

#[test]
fn each_kind_of_key_verifies_its_own_signatures_and_no_others() {
    let keys = Algorithm::ALL.map(|algorithm| SigningKey::generate(algorithm).unwrap());
    for (one, signer) in keys.iter().enumerate() {
        let signature = signer.sign(MESSAGE).unwrap();
        for (other, key) in keys.iter().enumerate() {
            let key = verifying(key);
            let digest = if signer.algorithm() == Algorithm::Ed25519 {
                DigestAlgorithm::Sha256
            } else {
                key.usual_digest()
            };
            assert_eq!(key.verify(digest, MESSAGE, &signature).is_ok(), one == other);
            assert!(key.verify(digest, b"another message", &signature).is_err());
            assert!(key.verify(digest, MESSAGE, b"").is_err());
        }
    }
}

/// A signature counts with the digest algorithm demanded and with no other, as policies choose it (`signatureAlgorithm`).
#[test]
fn a_signature_counts_with_the_demanded_digest_algorithm_alone() {
    let all = [
        DigestAlgorithm::Sha224,
        DigestAlgorithm::Sha256,
        DigestAlgorithm::Sha384,
        DigestAlgorithm::Sha512,
    ];
    for algorithm in [
        Algorithm::P256,
        Algorithm::P384,
        Algorithm::P521,
        Algorithm::Rsa2048,
    ] {
        let key = SigningKey::generate(algorithm).unwrap();
        let signature = key.sign(MESSAGE).unwrap();
        let key = verifying(&key);
        let accepted: Vec<_> = all
            .into_iter()
            .filter(|digest| key.verify(*digest, MESSAGE, &signature).is_ok())
            .collect();
        assert_eq!(accepted, [key.usual_digest()]);
    }
}

/// Made with `openssl dgst -sha224 -sign`: a key and its signature over [`MESSAGE`], on P-256 and on P-384.
const SHA224: [[&str; 2]; 2] = [
    [
        "3059301306072a8648ce3d020106082a8648ce3d03010703420004d44ceb5850ec2ef34a76acb6d1758b9cd0134489c512e9e0050d00bf397252636da1aa8349077e12b074f7529a6c709d3110f710992978741eeb53ddbeb0f376",
        "30440220175f42011a8dd1ec0731e216311d46f6005af5a0394e19aa4d94959bba0f6789022057e11a2e9705a912773010f8c74b33301f387cd059638c942d3d71584d2ff371",
    ],
    [
        "3076301006072a8648ce3d020106052b8104002203620004234c8c25eef22dd4c63748e4d717232f986dfe4f726cce7ecd09eb82b07888b42059b450931b412f6803653fbe7d8f44fd1f17adea97b936ddc0223471738e485fd7bd33d5e5610cb6619e1b17a9d07b44e435738941968e001083c8221fc4a6",
        "3066023100cf4156f9eb6f83cab450cbfe77046e541b3ce82a948405aae7ae268a2629f0c901a30e9368acda0f2a0838799f85f5f0023100d0d0375cb69ad7f3ea17bae960fc073f3cfb1ccb841670d4ae9887f413e82a41218f2b5b0ac2a3e576f043d8223b8175",
    ],
];

#[test]
fn sha224_is_verified_on_p256_and_p384() {
    for [spki, signature] in SHA224 {
        let key = VerifyingKey::from_spki(&hex::decode(spki).unwrap()).unwrap();
        let signature = hex::decode(signature).unwrap();
        assert!(key.verify(DigestAlgorithm::Sha224, MESSAGE, &signature).is_ok());
        assert!(
            key.verify(DigestAlgorithm::Sha224, b"another message", &signature)
                .is_err()
        );
        assert!(key.verify(DigestAlgorithm::Sha256, MESSAGE, &signature).is_err());
    }
}

#[test]
fn sha224_is_verified_on_p521() {
    let algorithm = &signature::ECDSA_P521_SHA224_ASN1_SIGNING;
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(
        algorithm,
        EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap().as_ref(),
    )
    .unwrap();
    let mut spki = hex::decode("30819b301006072a8648ce3d020106052b8104002303818600").unwrap();
    spki.extend_from_slice(pair.public_key().as_ref());
    let key = VerifyingKey::from_spki(&spki).unwrap();
    let signature = pair.sign(&random, MESSAGE).unwrap();
    assert!(
        key.verify(DigestAlgorithm::Sha224, MESSAGE, signature.as_ref())
            .is_ok()
    );
    assert!(
        key.verify(DigestAlgorithm::Sha256, MESSAGE, signature.as_ref())
            .is_err()
    );
}

#[test]
fn an_rsa_key_is_read_in_both_of_its_forms() {
    let signer = SigningKey::generate(Algorithm::Rsa2048).unwrap();
    let key = verifying(&signer);
    let bare = VerifyingKey::from_rsa_public_key(key.raw()).unwrap();
    assert_eq!(bare, key);
    assert!(VerifyingKey::from_rsa_public_key(b"no key").is_err());
}

#[test]
fn what_is_no_key_is_an_error() {
    for text in [
        "",
        "nothing",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    ] {
        assert!(VerifyingKey::from_pem(text).is_err(), "{text}");
    }
    // secp256k1 is none of the curves that signers use.
    let spki = hex::decode("3056301006072a8648ce3d020106052b8104000a034200").unwrap();
    assert!(VerifyingKey::from_spki(&[spki, vec![4; 65]].concat()).is_err());
}

#[test]
fn refusals_read_as_those_of_kyvernos_library() {
    let (p256, rsa) = (
        SigningKey::generate(Algorithm::P256).unwrap(),
        SigningKey::generate(Algorithm::Rsa2048).unwrap(),
    );
    let text = |key: &SigningKey, signature: &[u8]| {
        verifying(key)
            .verify(DigestAlgorithm::Sha256, MESSAGE, signature)
            .unwrap_err()
            .to_string()
    };
    let by_p256 = p256.sign(b"another message").unwrap();
    assert_eq!(
        text(&p256, &by_p256),
        "invalid signature when validating ASN.1 encoded signature"
    );
    assert_eq!(
        text(&p256, &rsa.sign(MESSAGE).unwrap()),
        "ecdsa: Invalid IEEE_P1363 encoded bytes"
    );
    assert_eq!(text(&rsa, &by_p256), "crypto/rsa: verification error");
}

/// The key of a policy is damaged on its way into it: the DER is whole, the point is on no curve, and no signature would
/// ever verify.
#[test]
fn a_key_that_can_verify_nothing_is_told_without_a_signature() {
    for algorithm in [
        Algorithm::P256,
        Algorithm::P384,
        Algorithm::P521,
        Algorithm::Rsa2048,
        Algorithm::Ed25519,
    ] {
        let pem = SigningKey::generate(algorithm).unwrap().public_pem();
        assert_eq!(public_key_fault(&pem), None, "{algorithm:?}");
    }
    let pem = SigningKey::generate(Algorithm::P256).unwrap().public_pem();
    let mut spki = pem::blocks(&pem, pem::PUBLIC_KEY, 1).unwrap().remove(0);
    *spki.last_mut().unwrap() ^= 1;
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &spki);
    let damaged = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
    let fault = "the key is no valid SubjectPublicKeyInfo".to_owned();
    assert_eq!(public_key_fault(&damaged), Some(fault.clone()));
    assert_eq!(
        public_key_fault(&format!("{pem}{damaged}")),
        Some(format!("key 2: {fault}"))
    );
    assert!(public_key_fault("").is_some());
}
