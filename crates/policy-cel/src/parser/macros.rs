//! Calls that the parser rewrites: `has`, the comprehensions, `cel.bind`, `optMap`, `sortBy`, `math.greatest`.
//!
//! A macro is recognised by name, call style and number of arguments; anything else is an ordinary call, so that a library may
//! declare `map` with other arguments. Sources: cel-go `parser/macro.go`, `ext/{comprehensions,bindings,lists,math}.go`, `cel/library.go`.

use std::sync::Arc;

use super::{Parsed, Parser, Stop};
use crate::ast::{Comprehension, Fold, Kind, Literal, NodeId, Selection};

/// Which macros are switched on
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Macros {
    /// `has`, `all`, `exists`, `exists_one`, `existsOne`, `map`, `filter`
    pub(crate) standard: bool,
    /// `all(k, v, …)`, `transformList`, `transformMap`, …
    pub(crate) two_variables: bool,
    /// `cel.bind`
    pub(crate) bindings: bool,
    /// `optMap`, `optFlatMap`
    pub(crate) optionals: bool,
    /// `sortBy`
    pub(crate) lists: bool,
    /// `math.greatest`, `math.least`
    pub(crate) math: bool,
    /// `x.orValue(y)` gives `x` when `x` is not optional, as cel-go did until 0.27 and Kyverno's `ValidatingPolicy` still does
    pub(crate) tolerant_or_value: bool,
    /// `cel.block`, `cel.index`, `cel.iterVar`: what cel-go's optimiser writes; for its conformance tests alone
    pub(crate) blocks: bool,
}

/// Function that [`Macros::tolerant_or_value`] rewrites to
pub(crate) const TOLERANT_OR_VALUE: &str = "__orValueCompat__";

impl Parser<'_> {
    /// A call without receiver
    pub(super) fn call_or_macro(
        &mut self,
        function: Arc<str>,
        arguments: Vec<NodeId>,
        offset: u32,
    ) -> Parsed {
        if self.macros.standard
            && &*function == "has"
            && let [operand] = *arguments
        {
            return self.has(operand, offset);
        }
        self.push(
            Kind::Call {
                function,
                target: None,
                arguments,
            },
            offset,
        )
    }

    fn has(&mut self, argument: NodeId, offset: u32) -> Parsed {
        if let Kind::Select {
            operand,
            field,
            selection: Selection::Field,
        } = self.ast.kind(argument)
        {
            let (operand, field) = (*operand, Arc::clone(field));
            return self.push(
                Kind::Select {
                    operand,
                    field,
                    selection: Selection::Presence,
                },
                offset,
            );
        }
        self.report(self.ast.node(argument).offset, "invalid argument to has() macro");
        self.placeholder(offset)
    }

    /// A call on `target`
    pub(super) fn method_or_macro(
        &mut self,
        function: &Arc<str>,
        target: NodeId,
        arguments: Vec<NodeId>,
        offset: u32,
    ) -> Parsed {
        if let Some(expanded) = self.comprehension(function, target, &arguments, offset) {
            return expanded;
        }
        if let Some(expanded) = self.special(function, target, &arguments, offset) {
            return expanded;
        }
        self.push(
            Kind::Call {
                function: Arc::clone(function),
                target: Some(target),
                arguments,
            },
            offset,
        )
    }

    fn comprehension(
        &mut self,
        function: &Arc<str>,
        target: NodeId,
        arguments: &[NodeId],
        offset: u32,
    ) -> Option<Parsed> {
        let Macros {
            standard,
            two_variables,
            lists,
            ..
        } = self.macros;
        let (fold, variables, filtered) = match (&**function, arguments.len()) {
            ("all", 2) if standard => (Fold::All, 1, false),
            ("exists", 2) if standard => (Fold::Exists, 1, false),
            ("exists_one" | "existsOne", 2) if standard => (Fold::ExistsOne, 1, false),
            ("map", 2) if standard => (Fold::Map, 1, false),
            ("map", 3) if standard => (Fold::Map, 1, true),
            ("filter", 2) if standard => (Fold::Filter, 1, false),
            ("all", 3) if two_variables => (Fold::All, 2, false),
            ("exists", 3) if two_variables => (Fold::Exists, 2, false),
            ("exists_one" | "existsOne", 3) if two_variables => (Fold::ExistsOne, 2, false),
            ("transformList", 3) if two_variables => (Fold::Map, 2, false),
            ("transformList", 4) if two_variables => (Fold::Map, 2, true),
            ("transformMap", 3) if two_variables => (Fold::TransformMap, 2, false),
            ("transformMap", 4) if two_variables => (Fold::TransformMap, 2, true),
            ("transformMapEntry", 3) if two_variables => (Fold::TransformMapEntry, 2, false),
            ("transformMapEntry", 4) if two_variables => (Fold::TransformMapEntry, 2, true),
            ("sortBy", 2) if lists => (Fold::SortBy, 1, false),
            _ => return None,
        };
        let (names, rest) = arguments.split_at_checked(variables)?;
        let (filter, body) = match *rest {
            [filter, body] if filtered => (Some(filter), body),
            [body] => (None, body),
            _ => return None,
        };
        let makes_list = matches!(fold, Fold::Map | Fold::Filter) && variables == 1;
        let complaint = if makes_list {
            "argument is not an identifier"
        } else {
            "argument must be a simple name"
        };
        let variable = self.variable(names, 0, complaint);
        let second = (variables == 2).then(|| self.variable(names, 1, complaint));
        let (variable, second) = match (variable, second.transpose()) {
            (Ok(variable), Ok(second)) => (variable, second),
            (Err(Refused), _) | (_, Err(Refused)) => return Some(self.placeholder(offset)),
        };
        if second.as_ref() == Some(&variable) {
            let at = names.get(1).map_or(offset, |id| self.ast.node(*id).offset);
            self.report(at, format!("duplicate variable name: {variable}"));
            return Some(self.placeholder(offset));
        }
        let name = Arc::clone(function);
        let node = Comprehension {
            fold,
            name,
            range: target,
            variable,
            second,
            filter,
            body,
        };
        Some(self.push(Kind::Comprehension(Box::new(node)), offset))
    }

    /// The name that an argument declares
    fn variable(&mut self, names: &[NodeId], index: usize, complaint: &str) -> Result<Arc<str>, Refused> {
        let Some(&id) = names.get(index) else {
            return Err(Refused);
        };
        if let Kind::Ident(name) = self.ast.kind(id) {
            if &**name == "__result__" {
                let at = self.ast.node(id).offset;
                self.report(at, "iteration variable overwrites accumulator variable");
                return Err(Refused);
            }
            if !name.starts_with('.') {
                return Ok(Arc::clone(name));
            }
        }
        let at = self.ast.node(id).offset;
        self.report(at, complaint);
        Err(Refused)
    }

    fn special(
        &mut self,
        function: &Arc<str>,
        target: NodeId,
        arguments: &[NodeId],
        offset: u32,
    ) -> Option<Parsed> {
        let on = |name: &str| matches!(self.ast.kind(target), Kind::Ident(ident) if &**ident == name);
        let macros = self.macros;
        match (&**function, arguments) {
            ("bind", [_, value, body]) if macros.bindings && on("cel") => {
                let (value, body) = (*value, *body);
                let complaint = "cel.bind() variable names must be simple identifiers";
                Some(match self.variable(arguments, 0, complaint) {
                    Ok(variable) => self.push(
                        Kind::Bind {
                            variable,
                            value,
                            body,
                        },
                        offset,
                    ),
                    Err(Refused) => self.placeholder(offset),
                })
            }
            ("optMap" | "optFlatMap", [_, body]) if macros.optionals => {
                let (body, flat) = (*body, &**function == "optFlatMap");
                let complaint = format!("{function}() variable name must be a simple identifier");
                Some(match self.variable(arguments, 0, &complaint) {
                    Ok(variable) => self.push(
                        Kind::OptionalMap {
                            target,
                            variable,
                            body,
                            flat,
                        },
                        offset,
                    ),
                    Err(Refused) => self.placeholder(offset),
                })
            }
            ("orValue", [other]) if macros.tolerant_or_value => {
                Some(self.operator_call(TOLERANT_OR_VALUE, vec![target, *other], offset))
            }
            ("greatest", _) if macros.math && on("math") => {
                Some(self.extreme("greatest", "math.@max", arguments, offset))
            }
            ("least", _) if macros.math && on("math") => {
                Some(self.extreme("least", "math.@min", arguments, offset))
            }
            ("block" | "index" | "iterVar" | "accuVar", _) if macros.blocks && on("cel") => {
                self.block(function, arguments, offset)
            }
            _ => None,
        }
    }

    /// `math.greatest` and `math.least`: any number of arguments, or one list
    fn extreme(&mut self, name: &str, function: &str, arguments: &[NodeId], offset: u32) -> Parsed {
        let invalid = match arguments {
            [] => Some((offset, "requires at least one argument")),
            [one] if !self.numeric_or_list(*one) => {
                Some((self.ast.node(*one).offset, "invalid single argument value"))
            }
            [_] => None,
            many => many.iter().find(|id| !self.numeric(**id)).map(|id| {
                (
                    self.ast.node(*id).offset,
                    "simple literal arguments must be numeric",
                )
            }),
        };
        if let Some((at, what)) = invalid {
            self.report(at, format!("math.{name}() {what}"));
            return self.placeholder(offset);
        }
        let arguments = if arguments.len() > 2 {
            let elements = arguments.iter().map(|value| crate::ast::Element {
                value: *value,
                optional: false,
            });
            vec![self.push(Kind::List(elements.collect()), offset)?]
        } else {
            arguments.to_vec()
        };
        self.operator_call(function, arguments, offset)
    }

    fn numeric(&self, id: NodeId) -> bool {
        match self.ast.kind(id) {
            Kind::Literal(literal) => {
                matches!(literal, Literal::Int(_) | Literal::Uint(_) | Literal::Double(_))
            }
            Kind::List(_) | Kind::Map(_) | Kind::Struct { .. } => false,
            Kind::Ident(_)
            | Kind::Select { .. }
            | Kind::Call { .. }
            | Kind::Comprehension(_)
            | Kind::Bind { .. }
            | Kind::OptionalMap { .. } => true,
        }
    }

    fn numeric_or_list(&self, id: NodeId) -> bool {
        if let Kind::List(elements) = self.ast.kind(id) {
            return !elements.is_empty() && elements.iter().all(|element| self.numeric(element.value));
        }
        self.numeric(id)
    }

    /// What cel-go's common-subexpression optimiser writes: `cel.block([a, b], body)` binds `cel.index(0)`, `cel.index(1)`.
    fn block(&mut self, function: &str, arguments: &[NodeId], offset: u32) -> Option<Parsed> {
        match (function, arguments) {
            ("block", [values, body]) => {
                let Kind::List(elements) = self.ast.kind(*values) else {
                    return None;
                };
                let values: Vec<NodeId> = elements.iter().map(|element| element.value).collect();
                let bind = |this: &mut Self, body: NodeId, (index, value): (usize, NodeId)| {
                    this.push(
                        Kind::Bind {
                            variable: format!("@index{index}").into(),
                            value,
                            body,
                        },
                        offset,
                    )
                };
                Some(
                    values
                        .into_iter()
                        .enumerate()
                        .rev()
                        .try_fold(*body, |body, at| bind(self, body, at)),
                )
            }
            ("index" | "iterVar" | "accuVar", numbers) => {
                let mut name = format!("@{function}");
                for number in numbers {
                    let Kind::Literal(Literal::Int(number)) = self.ast.kind(*number) else {
                        return None;
                    };
                    if name.ends_with(|character: char| character.is_ascii_digit()) {
                        name.push(':');
                    }
                    name.push_str(&number.to_string());
                }
                Some(self.push(Kind::Ident(name.into()), offset))
            }
            _ => None,
        }
    }
}

/// The argument cannot be a variable; reported already
struct Refused;

impl From<Refused> for Stop {
    fn from(_: Refused) -> Self {
        Self
    }
}
