//! URLs as values: `url('https://example.com:80/')`.
//!
//! Read as Go's `url.ParseRequestURI` reads them: absolute, or an absolute path. Sources: Kubernetes `apiserver/pkg/cel/library/urls.go`,
//! Go `net/url`.

use std::any::Any;

use super::arguments::{opaque, string};
use crate::context::Context;
use crate::declaration::{Declared, walking};
use crate::error::EvalError;
use crate::value::{Entries, Key, Opaque, Value};

pub(crate) const FUNCTIONS: &[Declared] = &[
    walking("url", "(string) -> kubernetes.URL", |_, a| {
        let text = string(a, 0)?;
        Url::parse(text, true)
            .and_then(|_| Url::parse(text, false))
            .map(Value::opaque)
            .map_err(|why| EvalError::failed(format!("URL parse error during conversion from string: {why}")))
    }),
    walking("isURL", "(string) -> bool", |_, a| {
        Ok(Value::Bool(Url::parse(string(a, 0)?, true).is_ok()))
    }),
    walking("getScheme", "kubernetes.URL.() -> string", |context, a| {
        context.string(opaque::<Url>(a, 0)?.scheme.clone())
    }),
    walking("getHost", "kubernetes.URL.() -> string", |context, a| {
        context.string(opaque::<Url>(a, 0)?.host.clone())
    }),
    walking("getHostname", "kubernetes.URL.() -> string", |context, a| {
        let name = opaque::<Url>(a, 0)?.host_and_port().0;
        context.string(name.trim_start_matches('[').trim_end_matches(']').to_owned())
    }),
    walking("getPort", "kubernetes.URL.() -> string", |context, a| {
        context.string(opaque::<Url>(a, 0)?.host_and_port().1.to_owned())
    }),
    walking("getEscapedPath", "kubernetes.URL.() -> string", |context, a| {
        context.string(escaped_path(&opaque::<Url>(a, 0)?.path))
    }),
    walking(
        "getQuery",
        "kubernetes.URL.() -> map(string, list(string))",
        |context, a| query(context, &opaque::<Url>(a, 0)?.query),
    ),
];

#[derive(Debug, PartialEq)]
struct Url {
    text: String,
    scheme: String,
    host: String,
    path: String,
    query: String,
}

impl Opaque for Url {
    fn type_name(&self) -> &str {
        "kubernetes.URL"
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.downcast::<Self>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_json(&self) -> Option<serde_json::Value> {
        Some(self.text.clone().into())
    }
}

/// Why a text is no URL, for the format library
pub(super) fn request_uri_fault(text: &str) -> Option<String> {
    Url::parse(text, true).err()
}

impl Url {
    fn parse(text: &str, for_request: bool) -> Result<Self, String> {
        let fault = |why: &str| format!("parse {text:?}: {why}");
        let whole = text;
        let text = if for_request {
            text
        } else {
            text.split_once('#').map_or(text, |(before, _)| before)
        };
        if text.chars().any(|character| character.is_ascii_control()) {
            return Err(fault("net/url: invalid control character in URL"));
        }
        if text.is_empty() && for_request {
            return Err(fault("empty url"));
        }
        let (scheme, rest) = split_scheme(text).ok_or_else(|| fault("missing protocol scheme"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut url = Self {
            text: whole.to_owned(),
            scheme: scheme.to_ascii_lowercase(),
            host: String::new(),
            path: String::new(),
            query: query.to_owned(),
        };
        if !rest.starts_with('/') && rest != "*" {
            if !url.scheme.is_empty() {
                return Ok(url);
            }
            if for_request {
                return Err(fault("invalid URI for request"));
            }
            if rest
                .split('/')
                .next()
                .is_some_and(|segment| segment.contains(':'))
            {
                return Err(fault("first path segment in URL cannot contain colon"));
            }
        }
        let mut path = rest;
        let authority = !url.scheme.is_empty() || (!for_request && !rest.starts_with("///"));
        if let Some(after) = rest.strip_prefix("//").filter(|_| authority) {
            let end = after.find('/').unwrap_or(after.len());
            let (host, rest) = after.split_at_checked(end).unwrap_or((after, ""));
            url.host = checked_host(host).map_err(|why| fault(&why))?;
            path = rest;
        }
        if let Some(bad) = bad_escape(path) {
            return Err(fault(&format!("invalid URL escape {bad:?}")));
        }
        path.clone_into(&mut url.path);
        Ok(url)
    }

    fn host_and_port(&self) -> (&str, &str) {
        match self.host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !port.contains(']') => {
                (host, port)
            }
            Some(_) | None => (&self.host, ""),
        }
    }
}

/// Scheme and rest; nothing when the text starts with a colon
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    for (index, character) in text.char_indices() {
        match character {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if index > 0 => {}
            ':' if index == 0 => return None,
            ':' => return text.split_once(':'),
            _ => break,
        }
    }
    Some(("", text))
}

fn checked_host(authority: &str) -> Result<String, String> {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let port = match host.strip_prefix('[') {
        Some(inside) => inside
            .rsplit_once(']')
            .map(|(_, port)| port)
            .ok_or("missing ']' in host")?,
        None => host.find(':').and_then(|colon| host.get(colon..)).unwrap_or(""),
    };
    let digits = port.strip_prefix(':').unwrap_or(port);
    if !port.is_empty() && (!port.starts_with(':') || !digits.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(format!("invalid port {port:?} after host"));
    }
    if let Some(bad) = bad_escape(host) {
        return Err(format!("invalid URL escape {bad:?}"));
    }
    let allowed = |character: char| {
        !character.is_ascii()
            || character.is_ascii_alphanumeric()
            || "-_.~!$&'()*+,;=:[]<>\"%".contains(character)
    };
    match host.chars().find(|character| !allowed(*character)) {
        Some(bad) => Err(format!("invalid character {:?} in host name", bad.to_string())),
        None => Ok(host.to_owned()),
    }
}

/// A percent sign that two hexadecimal digits do not follow
fn bad_escape(text: &str) -> Option<String> {
    let (_, mut rest) = text.split_once('%')?;
    loop {
        let digits = rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count();
        if digits < 2 {
            return Some(format!("%{}", rest.chars().take(2).collect::<String>()));
        }
        rest = rest.split_once('%')?.1;
    }
}

/// The path with what may not stand there escaped; what is escaped stays as it is
fn escaped_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:@/[]%".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// What a pair of a query takes beyond its cost
const PAIR_SURCHARGE: u64 = 25;

fn query<'v>(context: &mut Context<'_, 'v>, text: &str) -> Result<Value<'v>, EvalError> {
    let mut gathered: Vec<(String, Vec<Value<'v>>)> = Vec::new();
    for pair in text
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.contains(';'))
    {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (unescaped(name), unescaped(value)) else {
            continue;
        };
        context.spend(gathered.len() as u64)?;
        context.surcharge(PAIR_SURCHARGE)?;
        let value = context.string(value)?;
        match gathered.iter_mut().find(|(have, _)| *have == name) {
            Some((_, values)) => values.push(value),
            None => gathered.push((name, vec![value])),
        }
    }
    let mut entries = Entries::with_capacity(gathered.len());
    for (name, values) in gathered {
        entries.insert(Key::String(name.into()), context.list(values)?);
    }
    context.map(entries)
}

/// A query part with its escapes resolved
fn unescaped(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        octets.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                let digits = std::str::from_utf8(&digits)
                    .ok()
                    .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
                u8::from_str_radix(digits, 16).ok()?
            }
            other => other,
        });
    }
    Some(String::from_utf8_lossy(&octets).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_go_reads_request_uris() {
        let host = |text: &str| Url::parse(text, true).map(|url| url.host);
        assert_eq!(host("https://u@example.com:80/a?b").unwrap(), "example.com:80");
        assert_eq!(host("/a/b").unwrap(), "");
        for bad in [
            "",
            "example.com",
            "../a",
            "http://a b/",
            "https://a:x/",
            "https://[::1/",
            ":x",
            "/%zz",
            "a\n",
        ] {
            assert!(host(bad).is_err(), "{bad:?}");
        }
    }
}
