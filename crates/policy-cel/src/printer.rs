//! Syntax tree to text: macros as they are written, parentheses only where they are needed.
//!
//! Parsing what is printed gives the same tree; [`crate::Environment::reprint`] is its public face.

use crate::ast::{Ast, Comprehension, Element, Entry, Kind, Literal, NodeId, Selection, StructField};
use crate::parser::TOLERANT_OR_VALUE;

/// How tightly text binds: a part is put into parentheses where it binds less tightly than its place demands
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Conditional,
    Or,
    And,
    Relation,
    Sum,
    Product,
    Unary,
    Member,
}

/// Prints the whole tree
pub(crate) fn print(ast: &Ast) -> String {
    let mut printer = Printer {
        ast,
        out: String::new(),
    };
    printer.node(ast.root, Binding::Conditional);
    printer.out
}

struct Printer<'p> {
    ast: &'p Ast,
    out: String,
}

/// Binding and spelling of a binary operator
fn binary(function: &str) -> Option<(Binding, &str)> {
    let binding = match function {
        "_||_" => Binding::Or,
        "_&&_" => Binding::And,
        "_<_" | "_<=_" | "_>_" | "_>=_" | "_==_" | "_!=_" | "@in" => Binding::Relation,
        "_+_" | "_-_" => Binding::Sum,
        "_*_" | "_/_" | "_%_" => Binding::Product,
        _ => return None,
    };
    Some((
        binding,
        if function == "@in" {
            "in"
        } else {
            function.trim_matches('_')
        },
    ))
}

/// The next tighter binding
fn tighter(binding: Binding) -> Binding {
    match binding {
        Binding::Conditional => Binding::Or,
        Binding::Or => Binding::And,
        Binding::And => Binding::Relation,
        Binding::Relation => Binding::Sum,
        Binding::Sum => Binding::Product,
        Binding::Product => Binding::Unary,
        Binding::Unary | Binding::Member => Binding::Member,
    }
}

impl Printer<'_> {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn binding(&self, id: NodeId) -> Binding {
        match self.ast.kind(id) {
            Kind::Call {
                function,
                target: None,
                arguments,
            } => match (&**function, arguments.len()) {
                ("_?_:_", _) => Binding::Conditional,
                ("!_" | "-_", 1) => Binding::Unary,
                (name, 2) => binary(name).map_or(Binding::Member, |(binding, _)| binding),
                _ => Binding::Member,
            },
            Kind::Literal(Literal::Int(number)) if *number < 0 => Binding::Unary,
            Kind::Literal(Literal::Double(number)) if number.is_sign_negative() => Binding::Unary,
            Kind::Call { .. }
            | Kind::Literal(_)
            | Kind::Ident(_)
            | Kind::Select { .. }
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Struct { .. }
            | Kind::Comprehension(_)
            | Kind::Bind { .. }
            | Kind::OptionalMap { .. } => Binding::Member,
        }
    }

    fn node(&mut self, id: NodeId, place: Binding) {
        let enclosed = self.binding(id) < place;
        self.push(if enclosed { "(" } else { "" });
        match self.ast.kind(id) {
            Kind::Literal(literal) => self.literal(literal),
            Kind::Ident(name) => self.push(name),
            Kind::Select {
                operand,
                field,
                selection,
            } => self.select(*operand, field, *selection),
            Kind::Call {
                function,
                target,
                arguments,
            } => self.call(function, *target, arguments),
            Kind::List(elements) => self.list(elements),
            Kind::Map(entries) => self.map(entries),
            Kind::Struct { name, fields } => self.object(name, fields),
            Kind::Comprehension(comprehension) => self.comprehension(comprehension),
            Kind::Bind {
                variable,
                value,
                body,
            } => {
                self.push("cel.bind(");
                self.push(variable);
                for part in [value, body] {
                    self.push(", ");
                    self.node(*part, Binding::Conditional);
                }
                self.push(")");
            }
            Kind::OptionalMap {
                target,
                variable,
                body,
                flat,
            } => {
                self.node(*target, Binding::Member);
                self.push(if *flat { ".optFlatMap(" } else { ".optMap(" });
                self.push(variable);
                self.push(", ");
                self.node(*body, Binding::Conditional);
                self.push(")");
            }
        }
        self.push(if enclosed { ")" } else { "" });
    }

    fn select(&mut self, operand: NodeId, field: &str, selection: Selection) {
        self.push(if selection == Selection::Presence {
            "has("
        } else {
            ""
        });
        self.node(operand, Binding::Member);
        self.push(if selection == Selection::Optional {
            ".?"
        } else {
            "."
        });
        self.field(field);
        self.push(if selection == Selection::Presence { ")" } else { "" });
    }

    fn field(&mut self, name: &str) {
        let plain = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && !matches!(name, "in" | "true" | "false" | "null");
        let quote = if plain { "" } else { "`" };
        self.push(quote);
        self.push(name);
        self.push(quote);
    }

    fn call(&mut self, function: &str, target: Option<NodeId>, arguments: &[NodeId]) {
        match (function, target, arguments) {
            ("_?_:_", None, [condition, then, otherwise]) => {
                self.node(*condition, Binding::Or);
                self.push(" ? ");
                self.node(*then, Binding::Or);
                self.push(" : ");
                self.node(*otherwise, Binding::Conditional);
            }
            ("!_" | "-_", None, [operand]) => self.unary(function, *operand),
            ("_[_]" | "_[?_]", None, [operand, key]) => {
                self.node(*operand, Binding::Member);
                self.push(if function == "_[?_]" { "[?" } else { "[" });
                self.node(*key, Binding::Conditional);
                self.push("]");
            }
            ("math.@max", None, arguments) => self.plain_call("math.greatest", arguments),
            ("math.@min", None, arguments) => self.plain_call("math.least", arguments),
            (TOLERANT_OR_VALUE, None, [receiver, other]) => self.method("orValue", *receiver, &[*other]),
            (_, None, [left, right]) if binary(function).is_some() => self.binary(function, *left, *right),
            (_, None, arguments) => self.plain_call(function, arguments),
            (_, Some(target), arguments) => self.method(function, target, arguments),
        }
    }

    fn plain_call(&mut self, name: &str, arguments: &[NodeId]) {
        self.push(name);
        self.arguments(arguments);
    }

    fn method(&mut self, name: &str, target: NodeId, arguments: &[NodeId]) {
        self.node(target, Binding::Member);
        self.push(".");
        self.push(name);
        self.arguments(arguments);
    }

    fn arguments(&mut self, arguments: &[NodeId]) {
        self.push("(");
        for (index, argument) in arguments.iter().enumerate() {
            self.push(if index == 0 { "" } else { ", " });
            self.node(*argument, Binding::Conditional);
        }
        self.push(")");
    }

    /// Two signs would cancel out, and a sign before a number belongs to it: both are kept apart by parentheses
    fn unary(&mut self, function: &str, operand: NodeId) {
        self.push(function.trim_matches('_'));
        let outer = std::mem::take(&mut self.out);
        self.node(operand, Binding::Member);
        let operand = std::mem::replace(&mut self.out, outer);
        let apart = operand.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        self.push(if apart { "(" } else { "" });
        self.push(&operand);
        self.push(if apart { ")" } else { "" });
    }

    fn binary(&mut self, function: &str, left: NodeId, right: NodeId) {
        let Some((binding, spelled)) = binary(function) else {
            return;
        };
        let logical = matches!(binding, Binding::And | Binding::Or);
        let terms = self
            .terms(function, left)
            .saturating_add(self.terms(function, right));
        // A chain that the parser would balance in the same way needs no parentheses inside.
        let (left_place, right_place) = match logical {
            true if self.is_balanced(function, left, right, terms) => (binding, binding),
            true => (tighter(binding), tighter(binding)),
            false => (binding, tighter(binding)),
        };
        self.node(left, left_place);
        self.push(" ");
        self.push(spelled);
        self.push(" ");
        self.node(right, right_place);
    }

    fn operands(&self, function: &str, id: NodeId) -> Option<(NodeId, NodeId)> {
        match self.ast.kind(id) {
            Kind::Call {
                function: name,
                target: None,
                arguments,
            } if **name == *function => match **arguments {
                [left, right] => Some((left, right)),
                _ => None,
            },
            Kind::Call { .. }
            | Kind::Literal(_)
            | Kind::Ident(_)
            | Kind::Select { .. }
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Struct { .. }
            | Kind::Comprehension(_)
            | Kind::Bind { .. }
            | Kind::OptionalMap { .. } => None,
        }
    }

    /// Terms of a chain of one operator
    fn terms(&self, function: &str, id: NodeId) -> usize {
        self.operands(function, id).map_or(1, |(left, right)| {
            self.terms(function, left)
                .saturating_add(self.terms(function, right))
        })
    }

    fn is_balanced(&self, function: &str, left: NodeId, right: NodeId, terms: usize) -> bool {
        let first = terms.saturating_sub(1).wrapping_div(2).saturating_add(1);
        let half = |id: NodeId| match self.operands(function, id) {
            None => true,
            Some((left, right)) => self.is_balanced(function, left, right, self.terms(function, id)),
        };
        self.terms(function, left) == first && half(left) && half(right)
    }

    fn list(&mut self, elements: &[Element]) {
        self.push("[");
        for (index, element) in elements.iter().enumerate() {
            self.push(if index == 0 { "" } else { ", " });
            self.push(if element.optional { "?" } else { "" });
            self.node(element.value, Binding::Conditional);
        }
        self.push("]");
    }

    fn map(&mut self, entries: &[Entry]) {
        self.push("{");
        for (index, entry) in entries.iter().enumerate() {
            self.push(if index == 0 { "" } else { ", " });
            self.push(if entry.optional { "?" } else { "" });
            self.node(entry.key, Binding::Conditional);
            self.push(": ");
            self.node(entry.value, Binding::Conditional);
        }
        self.push("}");
    }

    fn object(&mut self, name: &str, fields: &[StructField]) {
        self.push(name);
        self.push("{");
        for (index, field) in fields.iter().enumerate() {
            self.push(if index == 0 { "" } else { ", " });
            self.push(if field.optional { "?" } else { "" });
            self.field(&field.name);
            self.push(": ");
            self.node(field.value, Binding::Conditional);
        }
        self.push("}");
    }

    fn comprehension(&mut self, comprehension: &Comprehension) {
        self.node(comprehension.range, Binding::Member);
        self.push(".");
        self.push(&comprehension.name);
        self.push("(");
        self.push(&comprehension.variable);
        if let Some(second) = &comprehension.second {
            self.push(", ");
            self.push(second);
        }
        for part in comprehension.filter.iter().chain([&comprehension.body]) {
            self.push(", ");
            self.node(*part, Binding::Conditional);
        }
        self.push(")");
    }

    fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::Null => self.push("null"),
            Literal::Bool(truth) => self.push(if *truth { "true" } else { "false" }),
            Literal::Int(number) => self.push(&number.to_string()),
            Literal::Uint(number) => self.push(&format!("{number}u")),
            Literal::Double(number) => self.push(&format!("{number:?}")),
            Literal::String(text) => {
                self.push("\"");
                text.chars().for_each(|character| self.character(character));
                self.push("\"");
            }
            Literal::Bytes(octets) => {
                self.push("b\"");
                for octet in octets.iter() {
                    match octet {
                        b'"' | b'\\' => self.character(char::from(*octet)),
                        0x20..=0x7e => self.out.push(char::from(*octet)),
                        _ => self.push(&format!("\\x{octet:02x}")),
                    }
                }
                self.push("\"");
            }
        }
    }

    fn character(&mut self, character: char) {
        match character {
            '"' => self.push("\\\""),
            '\\' => self.push(r"\\"),
            '\n' => self.push(r"\n"),
            '\r' => self.push(r"\r"),
            '\t' => self.push(r"\t"),
            control if control.is_control() => self.push(&format!("\\u{:04x}", u32::from(control))),
            other => self.out.push(other),
        }
    }
}

#[cfg(test)]
mod tests;
