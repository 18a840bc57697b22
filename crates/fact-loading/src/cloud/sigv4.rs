//! AWS Signature Version 4, for the POST requests without a query that JSON services take.
//!
//! Source: docs.aws.amazon.com, "Create a signed AWS API request"; held to AWS's own test vectors below.

use aws_lc_rs::{digest, hmac};
use jiff::Timestamp;

use super::amazon_identity::AwsCredentials;

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signable<'s> {
    /// Host, with the port if it is not the scheme's.
    pub(crate) host: &'s str,
    pub(crate) region: &'s str,
    pub(crate) service: &'s str,
    /// Headers beside `host` and those this adds, by names in lower case.
    pub(crate) headers: &'s [(String, String)],
    pub(crate) body: &'s str,
}

/// The headers that `request` carries, signed as of `at`: its own, the time, the session's token, the authorisation.
pub(crate) fn sign(
    request: Signable<'_>,
    credentials: &AwsCredentials,
    at: Timestamp,
) -> Vec<(String, String)> {
    let time = at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = at.strftime("%Y%m%d").to_string();
    let mut headers = request.headers.to_vec();
    headers.push(("x-amz-date".to_owned(), time.clone()));
    if let Some(token) = &credentials.session {
        headers.push(("x-amz-security-token".to_owned(), token.expose().to_owned()));
    }
    let mut signed = headers.clone();
    signed.push(("host".to_owned(), request.host.to_owned()));
    signed.sort();
    let names: Vec<&str> = signed.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: String = signed
        .iter()
        .map(|(name, value)| format!("{name}:{}\n", value.trim()))
        .collect();
    let canonical = format!("POST\n/\n\n{lines}\n{names}\n{}", sha256(request.body));
    let scope = format!("{day}/{}/{}/aws4_request", request.region, request.service);
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(&canonical));
    let first = format!("AWS4{}", credentials.secret.expose());
    let key = [day.as_str(), request.region, request.service, "aws4_request"]
        .iter()
        .fold(first.into_bytes(), |key, part| mac(&key, part));
    let signature = hex::encode(mac(&key, &text));
    let id = &credentials.access_key_id;
    headers.push((
        "authorization".to_owned(),
        format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"),
    ));
    headers
}

fn sha256(text: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
        .as_ref()
        .to_vec()
}

#[cfg(test)]
mod tests {
    use oci_registry::Secret;

    use super::*;

    fn authorization(headers: &[(String, String)], body: &str, session: Option<&str>) -> String {
        let credentials = AwsCredentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session: session.map(Secret::new),
        };
        let request = Signable {
            host: "example.amazonaws.com",
            region: "us-east-1",
            service: "service",
            headers,
            body,
        };
        let signed = sign(request, &credentials, "2015-08-30T12:36:00Z".parse().unwrap());
        signed.last().unwrap().1.clone()
    }

    /// `post-vanilla` and `post-x-www-form-urlencoded` of aws-sig-v4-test-suite.
    #[test]
    fn a_request_is_signed_as_the_vectors_of_aws_say() {
        assert_eq!(
            authorization(&[], "", None),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
        let form = [(
            "content-type".to_owned(),
            "application/x-www-form-urlencoded".to_owned(),
        )];
        assert_eq!(
            authorization(&form, "Param1=value1", None),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }

    #[test]
    fn a_session_s_token_is_signed_too() {
        let text = authorization(&[], "", Some("token"));
        assert!(
            text.contains("SignedHeaders=host;x-amz-date;x-amz-security-token,"),
            "{text}"
        );
    }
}
