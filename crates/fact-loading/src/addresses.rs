//! Which addresses a call may reach: never link-local ones and metadata services, loopback only where allowed.
//!
//! Names are judged by what they resolve to, at the time of the connection, so that a name can't change its mind between
//! the check and the call (DNS rebinding).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Metadata services outside link-local ranges: Alibaba Cloud's, and AWS's over IPv6.
const METADATA_V4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);

/// Whether loopback addresses may be called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Loopback {
    /// They are refused: the webhook.
    #[default]
    Refused,
    /// They are allowed: the command line, tests.
    Allowed,
}

impl Loopback {
    /// Whether `address` may be called.
    pub(crate) fn allows(self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(v4) if v4.is_link_local() || v4 == METADATA_V4 || v4.is_broadcast() => false,
            IpAddr::V6(v6) if v6.is_unicast_link_local() || v6 == METADATA_V6 => false,
            near if near.is_loopback() || near.is_unspecified() => self == Self::Allowed,
            IpAddr::V4(_) | IpAddr::V6(_) => true,
        }
    }

    /// Judges a URL whose host is an address; names are judged when they are resolved.
    pub(crate) fn check_url(self, url: &url::Url) -> Result<(), String> {
        let address = match url.host() {
            Some(url::Host::Ipv4(v4)) => IpAddr::V4(v4),
            Some(url::Host::Ipv6(v6)) => IpAddr::V6(v6),
            Some(url::Host::Domain(_)) => return Ok(()),
            None => return Err(format!("`{url}` names no host")),
        };
        if self.allows(address) {
            Ok(())
        } else {
            Err(format!("calls to {address} are not allowed"))
        }
    }
}

/// Resolves names and drops the addresses that may not be called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GuardedResolver(pub(crate) Loopback);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let kept: Vec<SocketAddr> = found.filter(|found| allowed.allows(found.ip())).collect();
            if kept.is_empty() {
                return Err(format!("no address of `{}` may be called", name.as_str()).into());
            }
            let addresses: Addrs = Box::new(kept.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CVE-2026-4789 and its bypass: metadata services, also written as IPv4-mapped IPv6.
    #[test]
    fn a_metadata_service_is_never_called_in_any_notation() {
        for address in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "fe80::1",
            "fd00:ec2::254",
            "100.100.100.200",
        ] {
            assert!(!Loopback::Allowed.allows(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn loopback_is_called_only_where_allowed() {
        for address in ["127.0.0.1", "::1", "0.0.0.0", "::ffff:127.0.0.1"] {
            assert!(!Loopback::Refused.allows(address.parse().unwrap()), "{address}");
            assert!(Loopback::Allowed.allows(address.parse().unwrap()), "{address}");
        }
        assert!(Loopback::Refused.allows("10.0.0.1".parse().unwrap()));
    }
}
