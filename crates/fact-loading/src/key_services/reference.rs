//! The URIs of keys in key management services, as cosign and Kyverno take them.
//!
//! Every part is held to the characters that the service allows in it, so that no part can climb out of its place in the
//! URL that is made of it.

/// A key in a key management service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyReference<'r> {
    /// `hashivault://KEY`, `openbao://KEY`
    Vault {
        /// The key's name in the transit engine.
        key: &'r str,
    },
    /// `awskms://[ENDPOINT]/[ID|ALIAS|ARN]`
    Amazon(AmazonKey<'r>),
    /// `gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K[/cryptoKeyVersions/V]`
    Google(GoogleKey<'r>),
    /// `azurekms://VAULT/KEY[/VERSION]`
    Azure(AzureKey<'r>),
}

/// A key of AWS KMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AmazonKey<'r> {
    /// A host in the stead of AWS's.
    pub(super) endpoint: Option<&'r str>,
    /// Identifier, alias or ARN.
    pub(super) id: &'r str,
    /// As the ARN says it.
    pub(super) region: Option<&'r str>,
}

/// A key of Google Cloud KMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GoogleKey<'r> {
    /// `projects/…/cryptoKeys/…`
    pub(super) key: &'r str,
    /// Absent: the greatest that is enabled.
    pub(super) version: Option<&'r str>,
}

/// A key of an Azure Key Vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AzureKey<'r> {
    /// The vault's host.
    pub(super) vault: &'r str,
    /// The key's name.
    pub(super) key: &'r str,
    /// Absent: the latest.
    pub(super) version: Option<&'r str>,
}

impl<'r> KeyReference<'r> {
    /// How references to key management services begin.
    pub(super) const SCHEMES: [&'static str; 5] = [
        "hashivault://",
        "openbao://",
        "awskms://",
        "gcpkms://",
        "azurekms://",
    ];

    /// Reads a URI; the error is cosign's sentence for it.
    pub(super) fn parse(text: &'r str) -> Result<Self, String> {
        let format = |format: &str| format!("kms specification should be in the format {format}");
        if let Some(key) = text
            .strip_prefix("hashivault://")
            .or(text.strip_prefix("openbao://"))
        {
            return vault(key).ok_or_else(|| format("hashivault://<key>"));
        }
        if let Some(rest) = text.strip_prefix("awskms://") {
            return amazon(rest)
                .ok_or_else(|| format("awskms://[ENDPOINT]/[ID/ALIAS/ARN] (endpoint optional)"));
        }
        if let Some(rest) = text.strip_prefix("gcpkms://") {
            return google(rest).ok_or_else(|| {
                format("gcpkms://projects/[PROJECT_ID]/locations/[LOCATION]/keyRings/[KEY_RING]/cryptoKeys/[KEY]/cryptoKeyVersions/[VERSION]")
            });
        }
        if let Some(rest) = text.strip_prefix("azurekms://") {
            return azure(rest)
                .ok_or_else(|| format("azurekms://[VAULT_NAME][VAULT_URL]/[KEY_NAME]/[VERSION (optional)]"));
        }
        Err("no key management service is called so".to_owned())
    }
}

fn vault(key: &str) -> Option<KeyReference<'_>> {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let is_name = key.starts_with(is_word)
        && key.ends_with(is_word)
        && key
            .chars()
            .all(|letter| is_word(letter) || matches!(letter, '-' | '.'));
    is_name.then_some(KeyReference::Vault { key })
}

fn amazon(rest: &str) -> Option<KeyReference<'_>> {
    let (endpoint, id) = rest.split_once('/')?;
    let endpoint = (!endpoint.is_empty()).then_some(endpoint);
    let region = if let Some(arn) = id.strip_prefix("arn:") {
        let parts: Vec<&str> = arn.splitn(5, ':').collect();
        let &["aws" | "aws-us-gov" | "aws-cn", "kms", region, account, key] = parts.as_slice() else {
            return None;
        };
        let is_region = !region.is_empty()
            && region
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let is_key = key.strip_prefix("key/").is_some_and(is_key_id) || is_alias(key);
        if !(is_region && is_account && is_key) {
            return None;
        }
        Some(region)
    } else if is_alias(id) || is_key_id(id) {
        None
    } else {
        return None;
    };
    Some(KeyReference::Amazon(AmazonKey { endpoint, id, region }))
}

fn is_alias(text: &str) -> bool {
    text.strip_prefix("alias/")
        .is_some_and(|name| !name.is_empty() && name.len() <= 250)
}

/// A UUID, or `mrk-` and its digits for keys of several regions.
fn is_key_id(text: &str) -> bool {
    let digits = text.strip_prefix("mrk-").unwrap_or(text);
    let count = digits.bytes().filter(u8::is_ascii_hexdigit).count();
    count == 32
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn google(rest: &str) -> Option<KeyReference<'_>> {
    let parts: Vec<&str> = rest.split('/').collect();
    let (key, version) = match parts.as_slice() {
        ["projects", _, "locations", _, "keyRings", _, "cryptoKeys", _] => (rest, None),
        [
            "projects",
            _,
            "locations",
            _,
            "keyRings",
            _,
            "cryptoKeys",
            _,
            "cryptoKeyVersions" | "versions",
            version,
        ] => {
            let (key, _) = rest.rsplit_once('/')?;
            let (key, _) = key.rsplit_once('/')?;
            (key, Some(*version))
        }
        _ => return None,
    };
    let is_name = |part: &&str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        !part.is_empty() && part.bytes().all(allowed) && part.bytes().any(|byte| byte != b'.')
    };
    parts
        .iter()
        .all(is_name)
        .then_some(KeyReference::Google(GoogleKey { key, version }))
}

fn azure(rest: &str) -> Option<KeyReference<'_>> {
    let (vault, rest) = rest.split_once('/')?;
    let (key, version) = match rest.split_once('/') {
        Some((key, version)) => (key, Some(version).filter(|version| !version.is_empty())),
        None => (rest, None),
    };
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_version = version.is_none_or(|version| {
        version
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    });
    let is_good = !vault.is_empty() && is_name(key) && is_version;
    is_good.then_some(KeyReference::Azure(AzureKey { vault, key, version }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_cosign_takes_are_taken() {
        let arn = "arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let alias = "arn:aws-cn:kms:cn-north-1:111122223333:alias/ExampleAlias";
        let amazon = |text: &str| match KeyReference::parse(text) {
            Ok(KeyReference::Amazon(key)) => (
                key.endpoint.map(str::to_owned),
                key.id.to_owned(),
                key.region.map(str::to_owned),
            ),
            other => panic!("{text}: {other:?}"),
        };
        let own = |text: &str| Some(text.to_owned());
        let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
        assert_eq!(amazon(&format!("awskms:///{id}")), (None, id.to_owned(), None));
        assert_eq!(
            amazon(&format!("awskms://localhost:4566/{id}")),
            (own("localhost:4566"), id.to_owned(), None)
        );
        assert_eq!(
            amazon(&format!("awskms:///{arn}")),
            (None, arn.to_owned(), own("us-east-2"))
        );
        assert_eq!(
            amazon(&format!("awskms://h/{alias}")),
            (own("h"), alias.to_owned(), own("cn-north-1"))
        );
        assert_eq!(
            amazon("awskms:///alias/a/b"),
            (None, "alias/a/b".to_owned(), None)
        );
        assert_eq!(
            amazon("awskms:///mrk-1234abcd12ab34cd56ef1234567890ab").1,
            "mrk-1234abcd12ab34cd56ef1234567890ab"
        );
        let key = "projects/p/locations/l/keyRings/r/cryptoKeys/k";
        for (text, version) in [
            (String::new(), None),
            ("/cryptoKeyVersions/7".to_owned(), Some("7")),
            ("/versions/7".to_owned(), Some("7")),
        ] {
            assert_eq!(
                KeyReference::parse(&format!("gcpkms://{key}{text}")),
                Ok(KeyReference::Google(GoogleKey { key, version }))
            );
        }
        for (text, version) in [("", None), ("/", None), ("/0123abc", Some("0123abc"))] {
            let (vault, key) = ("acme.vault.azure.net", "cosign");
            assert_eq!(
                KeyReference::parse(&format!("azurekms://{vault}/{key}{text}")),
                Ok(KeyReference::Azure(AzureKey { vault, key, version }))
            );
        }
        for text in ["hashivault://k", "openbao://k", "hashivault://my-key_1.x"] {
            assert!(KeyReference::parse(text).is_ok(), "{text}");
        }
    }

    /// A part that is a path of its own would choose another key, or another service, than the one a reader sees.
    #[test]
    fn a_key_s_name_cannot_climb_out_of_its_place() {
        for text in [
            "hashivault://../sys/seal",
            "hashivault://a/b",
            "hashivault://-a",
            "hashivault://",
            "awskms:///",
            "awskms:///1234",
            "awskms:///alias/",
            "awskms:///arn:aws:kms:us-east-2.evil.example#:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "awskms:///arn:aws:s3:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/..",
            "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k?x=",
            "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k/other/1",
            "azurekms://v/a.b",
            "azurekms://v/k/../x",
            "azurekms:///k",
            "azurekms://v",
        ] {
            let error = KeyReference::parse(text).expect_err(text);
            assert!(
                error.starts_with("kms specification should be in the format "),
                "{error}"
            );
        }
    }
}
