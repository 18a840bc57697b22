//! Kubernetes' named formats: `format.dns1123Label().validate(name)` gives nothing when the name is valid, its faults otherwise.
//!
//! Sources: Kubernetes `apiserver/pkg/cel/library/format.go`, `apimachinery/pkg/util/validation`, go-openapi `strfmt`.

use std::any::Any;

use base64::Engine as _;

use super::arguments::{opaque, string};
use super::urls::request_uri_fault;
use crate::context::Context;
use crate::declaration::{Declared, function, walking};
use crate::error::EvalError;
use crate::value::time::parse_timestamp;
use crate::value::{Opaque, Value};

/// Rows that name a format
macro_rules! named {
    ($($format:expr => $name:literal),* $(,)?) => {
        &[
            $(function($name, "() -> kubernetes.NamedFormat", |_, _| Ok(Value::opaque($format))),)*
            function("format.named", "(string) -> optional(kubernetes.NamedFormat)", |context, a| {
                let wanted = string(a, 0)?;
                $(if Some(wanted) == $name.strip_prefix("format.") {
                    return context.optional(Value::opaque($format));
                })*
                Ok(Value::Optional(None))
            }),
            walking("validate", "kubernetes.NamedFormat.(string) -> optional(list(string))", validate),
        ]
    };
}

pub(crate) const FUNCTIONS: &[Declared] = named! {
    Format::Dns1123Label { prefix: false } => "format.dns1123Label",
    Format::Dns1123Subdomain { prefix: false } => "format.dns1123Subdomain",
    Format::Dns1035Label { prefix: false } => "format.dns1035Label",
    Format::QualifiedName => "format.qualifiedName",
    Format::Dns1123Label { prefix: true } => "format.dns1123LabelPrefix",
    Format::Dns1123Subdomain { prefix: true } => "format.dns1123SubdomainPrefix",
    Format::Dns1035Label { prefix: true } => "format.dns1035LabelPrefix",
    Format::LabelValue => "format.labelValue",
    Format::Uri => "format.uri",
    Format::Uuid => "format.uuid",
    Format::Byte => "format.byte",
    Format::Date => "format.date",
    Format::DateTime => "format.datetime",
};

/// A format; `prefix` ones allow a trailing dash, to which a suffix will be added
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Dns1123Label { prefix: bool },
    Dns1123Subdomain { prefix: bool },
    Dns1035Label { prefix: bool },
    QualifiedName,
    LabelValue,
    Uri,
    Uuid,
    Byte,
    Date,
    DateTime,
}

impl Opaque for Format {
    fn type_name(&self) -> &str {
        "kubernetes.NamedFormat"
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.downcast::<Self>() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn validate<'v>(context: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<Value<'v>, EvalError> {
    let faults = opaque::<Format>(arguments, 0)?.faults(string(arguments, 1)?);
    if faults.is_empty() {
        return Ok(Value::Optional(None));
    }
    let faults = faults
        .into_iter()
        .map(|fault| context.string(fault))
        .collect::<Result<Vec<_>, _>>()?;
    let list = context.list(faults)?;
    context.optional(list)
}

impl Format {
    fn faults(self, text: &str) -> Vec<String> {
        let only = |valid: bool, fault: &str| if valid { Vec::new() } else { vec![fault.to_owned()] };
        match self {
            Self::Dns1123Label { prefix } => dns_label(&masked(text, prefix)),
            Self::Dns1123Subdomain { prefix } => subdomain(&masked(text, prefix)),
            Self::Dns1035Label { prefix } => dns_1035_label(&masked(text, prefix)),
            Self::QualifiedName => qualified_name(text),
            Self::LabelValue => label_value(text),
            Self::Uri => request_uri_fault(text).into_iter().collect(),
            Self::Uuid => only(is_uuid(text), "does not match the UUID format"),
            Self::Byte => {
                let valid = base64::engine::general_purpose::STANDARD.decode(text).is_ok();
                only(valid && !text.is_empty(), "invalid base64")
            }
            Self::Date => {
                let valid = text.len() == 10 && parse_timestamp(&format!("{text}T00:00:00Z")).is_some();
                only(valid, "invalid date")
            }
            Self::DateTime => only(parse_timestamp(text).is_some(), "invalid datetime"),
        }
    }
}

/// The name with a trailing dash taken for a letter, where it is a prefix
fn masked(name: &str, prefix: bool) -> String {
    match name.strip_suffix('-').filter(|rest| prefix && !rest.is_empty()) {
        Some(rest) => {
            let mut kept: String = rest.to_owned();
            kept.pop();
            kept.push('a');
            kept
        }
        None => name.to_owned(),
    }
}

fn too_long(text: &str, most: usize) -> Option<String> {
    (text.len() > most).then(|| format!("must be no more than {most} characters"))
}

fn lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Inner bytes pass `inner`, the first `first` and the last `last`
fn shaped(text: &str, first: fn(u8) -> bool, inner: fn(u8) -> bool, last: fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|byte| first(*byte))
        && bytes.last().is_some_and(|byte| last(*byte))
        && bytes.iter().all(|byte| inner(*byte))
}

fn is_label(text: &str) -> bool {
    shaped(text, lower, |byte| lower(byte) || byte == b'-', lower)
}

fn dns_label(text: &str) -> Vec<String> {
    let mut faults: Vec<String> = too_long(text, 63).into_iter().collect();
    if !is_label(text) {
        faults.push(if text.split('.').all(is_label) {
            String::from("must not contain dots")
        } else {
            String::from(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an \
                 alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            )
        });
    }
    faults
}

fn subdomain(text: &str) -> Vec<String> {
    let mut faults: Vec<String> = too_long(text, 253).into_iter().collect();
    if !text.split('.').all(is_label) {
        faults.push(String::from(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with \
             an alphanumeric character (e.g. 'example.com', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ));
    }
    faults
}

fn dns_1035_label(text: &str) -> Vec<String> {
    let mut faults: Vec<String> = too_long(text, 63).into_iter().collect();
    if !shaped(
        text,
        |byte| byte.is_ascii_lowercase(),
        |byte| lower(byte) || byte == b'-',
        lower,
    ) {
        faults.push(String::from(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end \
             with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
        ));
    }
    faults
}

fn is_value(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    shaped(
        text,
        |byte| byte.is_ascii_alphanumeric(),
        inner,
        |byte| byte.is_ascii_alphanumeric(),
    )
}

fn label_value(text: &str) -> Vec<String> {
    let mut faults: Vec<String> = too_long(text, 63).into_iter().collect();
    if !text.is_empty() && !is_value(text) {
        faults.push(String::from(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with \
             an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is \
             '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        ));
    }
    faults
}

const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character \
                         (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                         '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

fn qualified_name(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let name = match text.split('/').collect::<Vec<_>>()[..] {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                faults.push(String::from("prefix part must be non-empty"));
            } else {
                faults.extend(
                    subdomain(prefix)
                        .into_iter()
                        .map(|fault| format!("prefix part {fault}")),
                );
            }
            name
        }
        _ => {
            return vec![format!(
                "a qualified name {QUALIFIED} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        faults.push(String::from("name part must be non-empty"));
    } else {
        faults.extend(too_long(name, 63).map(|fault| format!("name part {fault}")));
    }
    if !is_value(name) {
        faults.push(format!("name part {QUALIFIED}"));
    }
    faults
}

fn is_uuid(text: &str) -> bool {
    let hex: String = text.split('-').collect();
    let dashes = [8, 13, 18, 23];
    let placed = text
        .bytes()
        .enumerate()
        .all(|(index, byte)| byte != b'-' || dashes.contains(&index));
    let shape = text.len() == 36 || text.len() == 32;
    shape && placed && hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
}
