//! The `WWW-Authenticate` header of a 401.
//!
//! In: header values, foreign. Out: the strongest [`Challenge`] we can meet.
//! Source: RFC 9110 §11.6.1; distribution specification, token authentication.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// Most challenges and parameters looked at
const MAX_PARTS: usize = 64;

/// How a registry wants to be authenticated to
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// A token from a token server
    Bearer {
        /// The token server's URL, as written: not yet judged
        realm: String,
        /// The name the token server knows the registry by
        service: Option<String>,
    },
    /// User name and password
    Basic,
}

impl Challenge {
    /// The challenge to meet: Bearer before Basic; none if there is neither.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut basic = None;
        for value in headers.get_all(WWW_AUTHENTICATE) {
            for (scheme, parameters) in value.to_str().map(parse).unwrap_or_default() {
                let parameter = |wanted: &str| {
                    let found = parameters
                        .iter()
                        .find(|(name, _)| name.eq_ignore_ascii_case(wanted));
                    found.map(|(_, value)| value.clone())
                };
                if scheme.eq_ignore_ascii_case("bearer")
                    && let Some(realm) = parameter("realm")
                {
                    return Some(Self::Bearer {
                        realm,
                        service: parameter("service"),
                    });
                }
                if scheme.eq_ignore_ascii_case("basic") {
                    basic = Some(Self::Basic);
                }
            }
        }
        basic
    }
}

type Parameters = Vec<(String, String)>;

/// `Scheme name=value, name="value", Scheme2 …`; what does not fit is passed over.
fn parse(text: &str) -> Vec<(String, Parameters)> {
    let mut challenges: Vec<(String, Parameters)> = Vec::new();
    let mut rest = text;
    for _ in 0..MAX_PARTS {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (token, after) = split_token(rest);
        if token.is_empty() {
            break;
        }
        match (after.trim_start().strip_prefix('='), challenges.last_mut()) {
            (Some(value), Some((_, parameters))) => {
                let (value, after) = split_value(value.trim_start());
                parameters.push((token.to_owned(), value));
                rest = after;
            }
            (_, _) => {
                challenges.push((token.to_owned(), Vec::new()));
                rest = after;
            }
        }
    }
    challenges
}

fn split_token(text: &str) -> (&str, &str) {
    let is_token = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~/:".contains(letter);
    let end = text.find(|letter| !is_token(letter)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn split_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (token, after) = split_token(text);
        return (token.to_owned(), after);
    };
    let mut value = String::new();
    let mut letters = quoted.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' => value.extend(letters.next()),
            other => value.push(other),
        }
    }
    (value, letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn challenge(values: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        Challenge::from_headers(&headers)
    }

    #[test]
    fn bearer_is_preferred_wherever_it_stands() {
        let bearer = Challenge::Bearer {
            realm: "https://auth.docker.io/token?a=b,c".into(),
            service: Some("registry \"x\"".into()),
        };
        let text =
            r#"Bearer realm="https://auth.docker.io/token?a=b,c",service="registry \"x\"",scope="a b""#;
        assert_eq!(challenge(&[text]), Some(bearer.clone()));
        assert_eq!(challenge(&["Basic realm=\"x\"", text]), Some(bearer.clone()));
        assert_eq!(
            challenge(&[&format!("Basic realm=\"x\", {text}")]),
            Some(bearer.clone())
        );
        assert_eq!(
            challenge(&[&format!("Negotiate, Digest nonce=1 , {text}")]),
            Some(bearer)
        );
        assert_eq!(challenge(&["bAsIc"]), Some(Challenge::Basic));
        assert_eq!(challenge(&["Bearer service=x", "Negotiate"]), None);
        assert_eq!(challenge(&[]), None);
    }

    proptest! {
        #[test]
        fn no_header_panics(text in "[ -~]{0,200}") {
            prop_assert!(parse(&text).len() <= MAX_PARTS);
        }
    }
}
