//! Addresses and networks: `ip`, `cidr` and what can be asked of them.
//!
//! Zones and IPv4 addresses written as IPv6 are refused, as in Kubernetes. Sources: Kubernetes `apiserver/pkg/cel/library/{ip,cidr}.go`,
//! Go `net/netip`.

use std::any::Any;
use std::net::{IpAddr, Ipv6Addr};

use super::arguments::{opaque, string};
use crate::context::Context;
use crate::declaration::{Declared, function};
use crate::error::EvalError;
use crate::value::{Opaque, Value};

type Result<'v> = std::result::Result<Value<'v>, EvalError>;

pub(crate) const FUNCTIONS: &[Declared] = &[
    function("ip", "(string) -> net.IP", |_, a| {
        Ok(Value::opaque(Ip(parse_ip(string(a, 0)?)?)))
    }),
    function("isIP", "(string) -> bool", |_, a| {
        Ok(Value::Bool(parse_ip(string(a, 0)?).is_ok()))
    }),
    function("ip.isCanonical", "(string) -> bool", |_, a| {
        let text = string(a, 0)?;
        Ok(Value::Bool(parse_ip(text)?.to_string() == text))
    }),
    function("string", "(net.IP) -> string", |context, a| {
        context.string(opaque::<Ip>(a, 0)?.0.to_string())
    }),
    function("family", "net.IP.() -> int", |_, a| {
        Ok(Value::Int(if opaque::<Ip>(a, 0)?.0.is_ipv4() { 4 } else { 6 }))
    }),
    function("isUnspecified", "net.IP.() -> bool", |_, a| {
        test(a, IpAddr::is_unspecified)
    }),
    function("isLoopback", "net.IP.() -> bool", |_, a| {
        test(a, IpAddr::is_loopback)
    }),
    function("isLinkLocalMulticast", "net.IP.() -> bool", |_, a| {
        test(a, is_link_local_multicast)
    }),
    function("isLinkLocalUnicast", "net.IP.() -> bool", |_, a| {
        test(a, is_link_local_unicast)
    }),
    function("isGlobalUnicast", "net.IP.() -> bool", |_, a| {
        test(a, is_global_unicast)
    }),
    function("cidr", "(string) -> net.CIDR", |_, a| {
        Ok(Value::opaque(parse_cidr(string(a, 0)?)?))
    }),
    function("isCIDR", "(string) -> bool", |_, a| {
        Ok(Value::Bool(parse_cidr(string(a, 0)?).is_ok()))
    }),
    function("string", "(net.CIDR) -> string", |context, a| {
        let cidr = opaque::<Cidr>(a, 0)?;
        context.string(format!("{}/{}", cidr.address, cidr.bits))
    }),
    function("containsIP", "net.CIDR.(string) -> bool", |_, a| {
        Ok(Value::Bool(
            opaque::<Cidr>(a, 0)?.contains(parse_ip(string(a, 1)?)?),
        ))
    }),
    function("containsIP", "net.CIDR.(net.IP) -> bool", |_, a| {
        Ok(Value::Bool(opaque::<Cidr>(a, 0)?.contains(opaque::<Ip>(a, 1)?.0)))
    }),
    function("containsCIDR", "net.CIDR.(string) -> bool", |_, a| {
        Ok(Value::Bool(
            opaque::<Cidr>(a, 0)?.covers(&parse_cidr(string(a, 1)?)?),
        ))
    }),
    function("containsCIDR", "net.CIDR.(net.CIDR) -> bool", |_, a| {
        Ok(Value::Bool(opaque::<Cidr>(a, 0)?.covers(opaque::<Cidr>(a, 1)?)))
    }),
    function("ip", "net.CIDR.() -> net.IP", |_, a| {
        Ok(Value::opaque(Ip(opaque::<Cidr>(a, 0)?.address)))
    }),
    function("prefixLength", "net.CIDR.() -> int", |_, a| {
        Ok(Value::Int(i64::from(opaque::<Cidr>(a, 0)?.bits)))
    }),
    function(
        "masked",
        "net.CIDR.() -> net.CIDR",
        |_: &mut Context<'_, '_>, a| {
            let cidr = opaque::<Cidr>(a, 0)?;
            Ok(Value::opaque(Cidr {
                address: masked(cidr.address, cidr.bits),
                bits: cidr.bits,
            }))
        },
    ),
];

#[derive(Debug, PartialEq)]
struct Ip(IpAddr);

#[derive(Debug, PartialEq)]
struct Cidr {
    address: IpAddr,
    bits: u8,
}

impl Opaque for Ip {
    fn type_name(&self) -> &str {
        "net.IP"
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.downcast::<Self>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_json(&self) -> Option<serde_json::Value> {
        Some(self.0.to_string().into())
    }
}

impl Opaque for Cidr {
    fn type_name(&self) -> &str {
        "net.CIDR"
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.downcast::<Self>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_json(&self) -> Option<serde_json::Value> {
        Some(format!("{}/{}", self.address, self.bits).into())
    }
}

impl Cidr {
    fn contains(&self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4()
            && masked(address, self.bits) == masked(self.address, self.bits)
    }

    fn covers(&self, other: &Self) -> bool {
        self.bits <= other.bits && self.contains(other.address)
    }
}

fn parse_ip(text: &str) -> std::result::Result<IpAddr, EvalError> {
    if text.contains('%') {
        return Err(EvalError::failed(format!(
            "IP address {text:?} with zone value is not allowed"
        )));
    }
    let address: IpAddr = text.parse().map_err(|_| {
        let why = "unable to parse IP";
        EvalError::failed(format!(
            "IP Address {text:?} parse error during conversion from string: ParseAddr({text:?}): {why}"
        ))
    })?;
    if is_mapped(address) {
        return Err(EvalError::failed(format!(
            "IPv4-mapped IPv6 address {text:?} is not allowed"
        )));
    }
    Ok(address)
}

fn parse_cidr(text: &str) -> std::result::Result<Cidr, EvalError> {
    let refused = |why: String| {
        EvalError::failed(format!(
            "network address parse error during conversion from string: {why}"
        ))
    };
    let prefix = |why: &str| {
        refused(format!(
            "network address parse error during conversion from string: netip.ParsePrefix({text:?}): {why}"
        ))
    };
    let (address, bits) = text.rsplit_once('/').ok_or_else(|| prefix("no '/'"))?;
    if address.contains('%') {
        return Err(prefix("IPv6 zones cannot be present in a prefix"));
    }
    let address: IpAddr = address
        .parse()
        .map_err(|_| prefix(&format!("ParseAddr({address:?}): unable to parse IP")))?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let digits = !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits && (bits.len() == 1 || !bits.starts_with('0'));
    let bits: u8 = if plain { bits.parse().ok() } else { None }
        .ok_or_else(|| prefix(&format!("bad bits after slash: {bits:?}")))?;
    if bits > most {
        return Err(prefix("prefix length out of range"));
    }
    if is_mapped(address) {
        return Err(refused(format!(
            "IPv4-mapped IPv6 address {text:?} is not allowed"
        )));
    }
    Ok(Cidr { address, bits })
}

fn is_mapped(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.to_ipv4_mapped().is_some())
}

/// The address with all but the first `bits` bits cleared
fn masked(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX
                .checked_shl(32_u32.saturating_sub(u32::from(bits)))
                .unwrap_or(0);
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX
                .checked_shl(128_u32.saturating_sub(u32::from(bits)))
                .unwrap_or(0);
            IpAddr::V6((address.to_bits() & mask).into())
        }
    }
}

fn test<'v>(arguments: &[Value<'v>], holds: fn(&IpAddr) -> bool) -> Result<'v> {
    Ok(Value::Bool(holds(&opaque::<Ip>(arguments, 0)?.0)))
}

fn is_link_local_multicast(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => matches!(address.octets(), [224, 0, 0, _]),
        IpAddr::V6(address) => first(address) & 0xff0f == 0xff02,
    }
}

fn is_link_local_unicast(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => first(address) & 0xffc0 == 0xfe80,
    }
}

/// Go's notion: private addresses are global too
fn is_global_unicast(address: &IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !broadcast
        && !address.is_unspecified()
        && !address.is_loopback()
        && !address.is_multicast()
        && !is_link_local_unicast(address)
}

fn first(address: &Ipv6Addr) -> u16 {
    let [first, ..] = address.segments();
    first
}
