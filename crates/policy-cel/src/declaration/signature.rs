//! Signatures and types from text.
//!
//! The text is ours, in tables of the libraries; what does not parse becomes the error type and fails the test of its table.

use std::sync::Arc;

use crate::types::{Opaque, Type};

/// A signature that was read
pub(crate) struct Signature {
    pub(crate) member: bool,
    pub(crate) parameters: Vec<Type>,
    pub(crate) result: Type,
    pub(crate) type_parameters: u32,
}

/// Reads `receiver.(a, b) -> result` or `(a, b) -> result`
pub(crate) fn parse_signature(text: &str) -> Option<Signature> {
    let mut reader = Reader {
        rest: text,
        names: Vec::new(),
    };
    let member = !text.starts_with('(');
    let mut parameters = Vec::new();
    if member {
        parameters.push(reader.of()?);
        reader.eat(".")?;
    }
    reader.eat("(")?;
    while reader.eat(")").is_none() {
        parameters.push(reader.of()?);
        reader.eat(",");
    }
    reader.eat("->")?;
    let result = reader.of()?;
    let type_parameters = u32::try_from(reader.names.len()).ok()?;
    reader.rest.trim().is_empty().then_some(Signature {
        member,
        parameters,
        result,
        type_parameters,
    })
}

/// Reads one type
pub(crate) fn parse_type(text: &str) -> Option<Type> {
    let mut reader = Reader {
        rest: text,
        names: Vec::new(),
    };
    let of = reader.of()?;
    reader.rest.trim().is_empty().then_some(of)
}

/// Reads a type as error texts spell it: `map(string, list(int))`
impl std::str::FromStr for Type {
    type Err = UnknownTypeError;

    fn from_str(text: &str) -> Result<Self, UnknownTypeError> {
        parse_type(text).ok_or_else(|| UnknownTypeError(text.to_owned()))
    }
}

/// Text that spells no type
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownTypeError(String);

impl std::fmt::Display for UnknownTypeError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "`{}` is not a type", self.0)
    }
}

impl std::error::Error for UnknownTypeError {}

struct Reader<'t> {
    rest: &'t str,
    /// Type parameters met so far; their place is their number
    names: Vec<&'t str>,
}

impl<'t> Reader<'t> {
    fn eat(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.trim_start();
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    fn word(&mut self) -> Option<&'t str> {
        self.rest = self.rest.trim_start();
        let part_of =
            |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '@');
        let end = self
            .rest
            .find(|character| !part_of(character))
            .unwrap_or(self.rest.len());
        let (word, _) = self.rest.split_at_checked(end)?;
        // The dot before an argument list belongs to the signature.
        let word = word.strip_suffix('.').unwrap_or(word);
        self.rest = self.rest.get(word.len()..)?;
        (!word.is_empty()).then_some(word)
    }

    fn of(&mut self) -> Option<Type> {
        let word = self.word()?;
        Some(match word {
            "dyn" => Type::Dyn,
            "any" => Type::Any,
            "null" => Type::Null,
            "bool" => Type::Bool,
            "int" => Type::Int,
            "uint" => Type::Uint,
            "double" => Type::Double,
            "string" => Type::String,
            "bytes" => Type::Bytes,
            "timestamp" => Type::Timestamp,
            "duration" => Type::Duration,
            "list" => Type::List(Arc::new(self.arguments()?.pop()?)),
            "wrapper" => Type::Wrapper(Arc::new(self.arguments()?.pop()?)),
            "map" => {
                let mut arguments = self.arguments()?;
                let value = arguments.pop()?;
                Type::map(arguments.pop()?, value)
            }
            "type" => match self.rest.trim_start().starts_with('(') {
                true => Type::Type(self.arguments()?.pop().map(Arc::new)),
                false => Type::Type(None),
            },
            "optional" => Type::optional(self.arguments()?.pop()?),
            "object" => {
                self.eat("(")?;
                let name = self.word()?;
                self.eat(")")?;
                Type::object(name)
            }
            _ if word.len() == 1 => {
                let known = self.names.iter().position(|name| *name == word);
                let index = known.unwrap_or(self.names.len());
                if known.is_none() {
                    self.names.push(word);
                }
                Type::Parameter(u32::try_from(index).ok()?)
            }
            _ => {
                let parameters = if self.rest.starts_with('(') {
                    self.arguments()?
                } else {
                    Vec::new()
                };
                Type::Opaque(Arc::new(Opaque {
                    name: word.into(),
                    parameters,
                }))
            }
        })
    }

    fn arguments(&mut self) -> Option<Vec<Type>> {
        self.eat("(")?;
        let mut arguments = Vec::new();
        while self.eat(")").is_none() {
            arguments.push(self.of()?);
            self.eat(",");
        }
        Some(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_reads_as_it_is_printed_in_errors() {
        let signature = parse_signature("list(T).(int, map(K, T)) -> optional(net.IP)").unwrap();
        assert!(signature.member);
        assert_eq!(signature.parameters[0], Type::list(Type::Parameter(0)));
        assert_eq!(
            signature.parameters[2],
            Type::map(Type::Parameter(1), Type::Parameter(0))
        );
        assert_eq!(signature.result, Type::optional(Type::opaque("net.IP")));
        assert_eq!(signature.type_parameters, 2);
        let plain = parse_signature("() -> string").unwrap();
        assert!(!plain.member && plain.parameters.is_empty());
        assert!(parse_signature("string -> int").is_none());
    }
}
