//! Who signs for the Notary Project: a root, and leaves below it.
//!
//! Source: signature-specification.md, "Certificate requirements".

use std::time::{Duration, SystemTime};

use crate::error::RehearsalError;
use crate::keys::{Algorithm, SigningKey};
use crate::revocation::{RevocationPlaces, Revoker};
use crate::x509::{CODE_SIGNING, Certificate, Draft, Issuer};

/// Long enough that no fixture rots.
const TEN_YEARS: Duration = Duration::from_secs(3650 * 24 * 3600);
const ROOT: &str = "CN=rehearsal notary root,O=rehearsal,ST=WA,C=US";

/// A certificate authority of one level.
#[derive(Debug)]
pub struct NotaryAuthority {
    root: Certificate,
    key: SigningKey,
    from: SystemTime,
}

/// A leaf's key and its chain, leaf first.
#[derive(Debug)]
pub struct NotarySigner {
    /// The leaf's private key.
    pub key: SigningKey,
    /// Leaf first, root last.
    pub chain: Vec<Certificate>,
}

/// What a leaf is like.
#[derive(Clone, Debug)]
pub struct SignerOptions {
    /// How long it is valid, from the root's beginning.
    pub lifetime: Duration,
    /// Where its revocation is told.
    pub revocation: RevocationPlaces,
}

impl Default for SignerOptions {
    fn default() -> Self {
        Self {
            lifetime: TEN_YEARS,
            revocation: RevocationPlaces::default(),
        }
    }
}

impl NotaryAuthority {
    /// A root (P-384), valid for ten years from `from`. Give a time well before that of any signature.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn new(from: SystemTime) -> Result<Self, RehearsalError> {
        let key = SigningKey::generate(Algorithm::P384)?;
        let issuer = Issuer {
            name: ROOT,
            key: &key,
        };
        let root = Draft::new(ROOT, key.public_der(), from, TEN_YEARS)?
            .authority(0)?
            .sign(&issuer)?;
        Ok(Self { root, key, from })
    }

    /// Who tells whether a leaf was taken back.
    #[must_use]
    pub fn revoker(&self) -> Revoker<'_> {
        Revoker {
            issuer: Issuer {
                name: ROOT,
                key: &self.key,
            },
            certificate: &self.root,
        }
    }

    /// The trust anchor.
    #[must_use]
    pub fn root(&self) -> &Certificate {
        &self.root
    }

    /// A leaf for code signing with a key of this kind, called `name`, valid as long as the root.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn signer(&self, name: &str, algorithm: Algorithm) -> Result<NotarySigner, RehearsalError> {
        self.signer_with(name, algorithm, &SignerOptions::default())
    }

    /// As [`Self::signer`], valid for `lifetime` from the root's beginning.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn signer_for(
        &self,
        name: &str,
        algorithm: Algorithm,
        lifetime: Duration,
    ) -> Result<NotarySigner, RehearsalError> {
        let options = SignerOptions {
            lifetime,
            ..SignerOptions::default()
        };
        self.signer_with(name, algorithm, &options)
    }

    /// As [`Self::signer`], as `options` say.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn signer_with(
        &self,
        name: &str,
        algorithm: Algorithm,
        options: &SignerOptions,
    ) -> Result<NotarySigner, RehearsalError> {
        let key = SigningKey::generate(algorithm)?;
        let subject = format!("CN={name},O=rehearsal,ST=WA,C=US");
        let leaf = Draft::new(&subject, key.public_der(), self.from, options.lifetime)?
            .end_entity()?
            .leaf()?
            .used_for(&[CODE_SIGNING], false)?
            .telling(&options.revocation)?
            .sign(&Issuer {
                name: ROOT,
                key: &self.key,
            })?;
        Ok(NotarySigner {
            key,
            chain: vec![leaf, self.root.clone()],
        })
    }

    /// A certificate that signed itself, as `notation cert generate-test` makes one: leaf and trust anchor in one.
    ///
    /// # Errors
    /// [`RehearsalError::Crypto`] and [`RehearsalError::Der`].
    pub fn self_signed(
        name: &str,
        algorithm: Algorithm,
        from: SystemTime,
    ) -> Result<NotarySigner, RehearsalError> {
        let key = SigningKey::generate(algorithm)?;
        let subject = format!("CN={name},O=rehearsal,ST=WA,C=US");
        let certificate = Draft::new(&subject, key.public_der(), from, TEN_YEARS)?
            .end_entity()?
            .leaf()?
            .used_for(&[CODE_SIGNING], false)?
            .sign(&Issuer {
                name: &subject,
                key: &key,
            })?;
        Ok(NotarySigner {
            key,
            chain: vec![certificate],
        })
    }
}
