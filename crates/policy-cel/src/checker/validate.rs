//! Checks beyond types, made when there is no fault of type: literals that cannot work, aggregates of several types.
//!
//! Source: cel-go `cel/validator.go`. As there, what stands inside a call of `format` may mix types.

use super::{Checker, Options};
use crate::ast::{Element, Entry, Kind, Literal, NodeId, for_each_child};
use crate::types::Type;
use crate::value::time::{parse_duration, parse_timestamp};

/// The function whose arguments may mix types
const EXEMPT: &str = "format";

impl Checker<'_> {
    pub(super) fn validate(&mut self, options: Options) {
        if options != Options::default() {
            self.validate_node(self.ast.root, options);
        }
    }

    fn validate_node(&mut self, id: NodeId, options: Options) {
        let mut below = options;
        let kind = self.ast.kind(id);
        match kind {
            Kind::Call {
                function,
                target,
                arguments,
            } => {
                if options.valid_literals {
                    self.literal_argument(function, arguments);
                }
                if &**function == EXEMPT {
                    below.homogeneous_literals = false;
                    if options.valid_literals {
                        self.format_call(id, *target, arguments);
                    }
                }
            }
            Kind::List(elements) if options.homogeneous_literals => self.homogeneous_list(elements),
            Kind::Map(entries) if options.homogeneous_literals => self.homogeneous_map(entries),
            Kind::List(_)
            | Kind::Map(_)
            | Kind::Literal(_)
            | Kind::Ident(_)
            | Kind::Select { .. }
            | Kind::Struct { .. }
            | Kind::Comprehension(_)
            | Kind::Bind { .. }
            | Kind::OptionalMap { .. } => {}
        }
        for_each_child(kind, |child| self.validate_node(child, below));
    }

    /// cel-go looks at the first argument, whichever it is
    fn literal_argument(&mut self, function: &str, arguments: &[NodeId]) {
        let Some(&first) = arguments.first() else { return };
        let Kind::Literal(Literal::String(text)) = self.ast.kind(first) else {
            return;
        };
        let valid = match function {
            "duration" => parse_duration(text).is_some(),
            "timestamp" => parse_timestamp(text).is_some(),
            "matches" => self.patterns.add(text).is_ok(),
            _ => true,
        };
        if !valid {
            self.fault(first, format!("invalid {function} argument"));
        }
    }

    pub(super) fn literal_type(&self, id: NodeId, optional: bool) -> Type {
        let of = self
            .types
            .get(id.index())
            .map_or(Type::Error, |of| self.bindings.closed(of));
        match of.optional_value() {
            Some(inside) if optional => inside.clone(),
            Some(_) | None => of,
        }
    }

    fn homogeneous_list(&mut self, elements: &[Element]) {
        let mut first: Option<Type> = None;
        for element in elements {
            let of = self.literal_type(element.value, element.optional);
            match &first {
                None => first = Some(of),
                Some(first) if *first == of => {}
                Some(first) => {
                    let first = first.clone();
                    self.mismatch(element.value, &first, &of);
                    return;
                }
            }
        }
    }

    fn homogeneous_map(&mut self, entries: &[Entry]) {
        let mut first: Option<(Type, Type)> = None;
        for entry in entries {
            let key = self.literal_type(entry.key, false);
            let value = self.literal_type(entry.value, entry.optional);
            let Some((first_key, first_value)) = first.clone() else {
                first = Some((key, value));
                continue;
            };
            if first_key != key {
                self.mismatch(entry.key, &first_key, &key);
            }
            if first_value != value {
                self.mismatch(entry.value, &first_value, &value);
            }
        }
    }
}
