//! Which addresses a registry may send us to.
//!
//! In: URLs and resolved addresses. Out: whether they are loopback, forbidden, or of one site.
//! Never: a connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Metadata services that are not link-local: Alibaba Cloud, and AWS over IPv6
const METADATA_V4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);

/// How near an address is to ourselves
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nearness {
    /// This machine
    Loopback,
    /// Link-local, or a cloud's metadata service: never a registry
    Forbidden,
    /// Anything else
    Elsewhere,
}

/// How near `address` is.
pub(crate) fn nearness_of_address(address: IpAddr) -> Nearness {
    match address.to_canonical() {
        IpAddr::V4(v4) if v4.is_loopback() || v4.is_unspecified() => Nearness::Loopback,
        IpAddr::V4(v4) if v4.is_link_local() || v4 == METADATA_V4 => Nearness::Forbidden,
        IpAddr::V6(v6) if v6.is_loopback() || v6.is_unspecified() => Nearness::Loopback,
        IpAddr::V6(v6) if v6.is_unicast_link_local() || v6 == METADATA_V6 => Nearness::Forbidden,
        IpAddr::V4(_) | IpAddr::V6(_) => Nearness::Elsewhere,
    }
}

/// How near the host of `url` is, as far as its text tells.
pub(crate) fn nearness_of(url: &Url) -> Nearness {
    match url.host() {
        Some(Host::Ipv4(address)) => nearness_of_address(address.into()),
        Some(Host::Ipv6(address)) => nearness_of_address(address.into()),
        Some(Host::Domain(name)) if is_localhost(name) => Nearness::Loopback,
        Some(Host::Domain(_)) => Nearness::Elsewhere,
        None => Nearness::Forbidden,
    }
}

/// Whether `name` means this machine by its text.
pub(crate) fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || name
            .rsplit_once('.')
            .is_some_and(|(_, top)| top.eq_ignore_ascii_case("localhost"))
}

/// Whether both URLs name the same scheme, host and port: the only place a header may follow a redirect to.
pub(crate) fn is_same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}

/// Whether both URLs are of one owner: the same host, or names below the same registrable domain.
///
/// The registrable domain is taken to be the last two labels, or three where the second-last is a short label
/// below a country (`example.co.uk`). Addresses are only ever the same host.
pub(crate) fn is_same_site(one: &Url, other: &Url) -> bool {
    match (one.host(), other.host()) {
        (Some(Host::Domain(one)), Some(Host::Domain(other))) => {
            one == other || site(one).is_some_and(|owner| site(other) == Some(owner))
        }
        (one, other) => one.is_some() && one == other,
    }
}

fn site(name: &str) -> Option<Vec<&str>> {
    let labels: Vec<&str> = name.rsplit('.').collect();
    let is_country_below_short =
        matches!(labels.as_slice(), [top, second, ..] if top.len() == 2 && second.len() <= 3);
    let wanted = if is_country_below_short { 3 } else { 2 };
    labels.get(..wanted).map(<[&str]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn an_address_is_known_in_every_notation() {
        for (text, nearness) in [
            ("http://127.0.0.1/", Nearness::Loopback),
            ("http://127.1/", Nearness::Loopback),
            ("http://2130706433/", Nearness::Loopback),
            ("http://0.0.0.0/", Nearness::Loopback),
            ("http://[::1]/", Nearness::Loopback),
            ("http://[::ffff:127.0.0.1]/", Nearness::Loopback),
            ("http://LOCALHOST./", Nearness::Loopback),
            ("http://a.localhost/", Nearness::Loopback),
            ("http://169.254.169.254/", Nearness::Forbidden),
            ("http://[::ffff:169.254.169.254]/", Nearness::Forbidden),
            ("http://[fe80::1]/", Nearness::Forbidden),
            ("http://[fd00:ec2::254]/", Nearness::Forbidden),
            ("http://10.0.0.1/", Nearness::Elsewhere),
            ("https://ghcr.io/", Nearness::Elsewhere),
        ] {
            assert_eq!(nearness_of(&url(text)), nearness, "{text}");
        }
    }

    #[test]
    fn a_token_realm_of_another_owner_is_not_the_same_site() {
        let same = |one, other| is_same_site(&url(one), &url(other));
        assert!(same("https://index.docker.io/", "https://auth.docker.io/token"));
        assert!(same(
            "https://registry.gitlab.com/",
            "https://gitlab.com/jwt/auth"
        ));
        assert!(same("https://r.example.co.uk/", "https://auth.example.co.uk/"));
        assert!(same("http://127.0.0.1:5000/", "http://127.0.0.1:5001/"));
        assert!(!same("https://r.example.co.uk/", "https://evil.co.uk/"));
        assert!(!same("https://ghcr.io/", "https://evil.io/"));
        assert!(!same("https://ghcr.io/", "https://ghcr.io.evil.com/"));
        assert!(!same("http://10.0.0.1/", "http://10.0.0.2/"));
    }
}
