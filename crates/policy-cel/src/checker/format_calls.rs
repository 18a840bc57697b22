//! Literal format texts applied to literal lists: every clause is one, has its value, and takes its type.
//!
//! Source: cel-go `ext/formatting.go`, `stringFormatValidator`.

use super::Checker;
use crate::ast::{Element, Kind, Literal, NodeId};
use crate::libraries::format::{Clause, Piece, next};
use crate::types::Type;

impl Checker<'_> {
    pub(super) fn format_call(&mut self, call: NodeId, target: Option<NodeId>, arguments: &[NodeId]) {
        let (Some(target), [list]) = (target, arguments) else {
            return;
        };
        let (Kind::Literal(Literal::String(text)), Kind::List(elements)) =
            (self.ast.kind(target), self.ast.kind(*list))
        else {
            return;
        };
        let mut rest = &**text;
        let mut index = 0_usize;
        while let Some(piece) = next(&mut rest) {
            if let Ok(Piece::Text(_)) = piece {
                continue;
            }
            let Some(element) = elements.get(index) else {
                self.fault(call, format!("index {index} out of range"));
                return;
            };
            index = index.saturating_add(1);
            match piece {
                Ok(Piece::Clause(clause)) => {
                    if let Some((id, of)) = self.unfit(clause, element) {
                        let rule = clause.rule();
                        self.fault(
                            id,
                            format!("error during formatting: {rule}, was given {}", runtime_name(&of)),
                        );
                        return;
                    }
                }
                Ok(Piece::Text(_)) => {}
                Err(why) => {
                    self.fault(call, why);
                    return;
                }
            }
        }
        if elements.len() > index {
            let given = elements.len();
            self.fault(
                call,
                format!("too many arguments supplied to string.format (expected {index}, got {given})"),
            );
        }
    }

    /// The part of an argument that the clause does not take; `%s` looks into literals
    fn unfit(&self, clause: Clause, element: &Element) -> Option<(NodeId, Type)> {
        self.unfit_node(clause, element.value)
    }

    fn unfit_node(&self, clause: Clause, id: NodeId) -> Option<(NodeId, Type)> {
        let of = self.literal_type(id, false);
        if !clause.takes(&of) {
            return Some((id, of));
        }
        if clause != Clause::String {
            return None;
        }
        if let Kind::List(elements) = self.ast.kind(id) {
            return elements
                .iter()
                .find_map(|element| self.unfit_node(clause, element.value));
        }
        if let Kind::Map(entries) = self.ast.kind(id) {
            let parts = entries.iter().flat_map(|entry| [entry.key, entry.value]);
            return parts.into_iter().find_map(|part| self.unfit_node(clause, part));
        }
        None
    }
}

/// The name of a type without its parameters
fn runtime_name(of: &Type) -> String {
    let name = of.full_name();
    name.split('(').next().unwrap_or_default().to_owned()
}
