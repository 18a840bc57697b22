//! Addresses of networks.

use crate::call::{Call, Function, Outcome};
use crate::error::{ArgumentType as T, ValueFault};
use crate::term::Term;
use std::net::IpAddr;

pub(super) static FUNCTIONS: &[Function] = &[Function {
    name: "is_external_url",
    arguments: &[&[T::String]],
    variadic: false,
    returns: T::Bool,
    note: "whether no address of the URL's host is a loopback or a private one",
    run: is_external_url,
}];

/// A host name is a fact: its addresses may not be known yet.
fn is_external_url<'a>(call: &Call<'_, 'a>) -> Outcome<'a> {
    let url = call.text(0)?;
    let host = host_of(url).map_err(|cause| ValueFault::Url {
        url: url.into(),
        cause,
    })?;
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(Term::Bool(!is_internal(address)));
    }
    if host.is_empty() {
        return Err(ValueFault::NoSuchHost("".into()).into());
    }
    let addresses = call.environment.hosts.addresses(&host)?;
    Ok(Term::Bool(!addresses.into_iter().any(is_internal)))
}

/// Loopback, or private as RFC 1918 and RFC 4193 have it.
fn is_internal(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

/// The host of a URL without port and brackets, empty if it has none; after Go's `url.Parse`.
fn host_of(url: &str) -> Result<String, &'static str> {
    if url.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
        return Err("net/url: invalid control character in URL");
    }
    let url = url.split('#').next().unwrap_or_default();
    let (scheme, rest) = split_scheme(url)?;
    let rest = rest.split('?').next().unwrap_or_default();
    if !rest.starts_with('/') {
        let first_segment = rest.split('/').next().unwrap_or_default();
        let is_ambiguous = scheme.is_empty() && first_segment.contains(':');
        return if is_ambiguous {
            Err("first path segment in URL cannot contain colon")
        } else {
            Ok(String::new())
        };
    }
    let authority = match rest.strip_prefix("//") {
        Some(authority) if !scheme.is_empty() || !authority.starts_with('/') => authority,
        _ => return Ok(String::new()),
    };
    let authority = authority.split('/').next().unwrap_or_default();
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let is_user = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if !user.chars().all(is_user) {
        return Err("net/url: invalid userinfo");
    }
    let (name, port) = match host.strip_prefix('[') {
        Some(bracketed) => bracketed.rsplit_once(']').ok_or("missing ']' in host")?,
        None => host
            .rfind(':')
            .and_then(|at| host.split_at_checked(at))
            .unwrap_or((host, "")),
    };
    let is_port = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()));
    if !is_port {
        return Err("invalid port after host");
    }
    if name.contains([' ', '\\', '^', '`', '{', '|', '}', '[', ']']) {
        return Err("invalid character in host name");
    }
    if name.contains('%') {
        return Err("invalid URL escape in host name");
    }
    Ok(name.to_owned())
}

/// Scheme and rest; a text before a colon that is no scheme belongs to the rest.
fn split_scheme(url: &str) -> Result<(&str, &str), &'static str> {
    let Some((scheme, rest)) = url.split_once(':') else {
        return Ok(("", url));
    };
    if scheme.is_empty() {
        return Err("missing protocol scheme");
    }
    let begins_well = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_scheme = scheme
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    Ok(if begins_well && is_scheme {
        (scheme, rest)
    } else {
        ("", url)
    })
}
