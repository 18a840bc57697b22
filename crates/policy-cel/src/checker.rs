//! Static types: what every part of an expression is, before it runs.
//!
//! In: a tree and the [`Declarations`]. Out: the type of each node and what each name and call refers to, or errors in cel-go's
//! words. Where types are `dyn` the check is left to evaluation, and the result type says so.
//!
//! ```text
//! tree ─▶ names ─▶ overloads ─▶ literals ─▶ Checked
//! ```
//!
//! Source: cel-go `checker/checker.go`; what each macro demands is what its expansion would have demanded there.

mod calls;
mod comprehensions;
mod format_calls;
mod literals;
pub(crate) mod unchecked;
mod unify;
mod validate;

use std::sync::Arc;

use crate::ast::{Ast, Kind, Literal, NodeId, Selection};
use crate::declaration::Function;
use crate::declarations::{Declarations, Meaning, Variable, object_type};
use crate::error::CompileError;
use crate::limits::MAX_REPORTED_ERRORS;
use crate::patterns::Patterns;
use crate::source::position;
use crate::types::{ObjectType, Type};
use crate::value::Value;
use unify::Bindings;

/// What a node refers to
#[derive(Clone)]
pub(crate) enum Reference {
    /// A declared variable, by its full name
    Variable { name: Arc<str>, lazy: bool },
    /// A name whose value is known
    Constant(Value<'static>),
    /// A variable of a macro
    Local(Arc<str>),
    /// A type as a value, by its name
    Type(Arc<str>),
    /// A function and those of its overloads that may fit
    Function(Call),
    /// An object type
    Object(Arc<ObjectType>),
}

impl Reference {
    pub(crate) fn to_variable(name: Arc<str>, variable: &Variable) -> Self {
        match &variable.value {
            Some(value) => Self::Constant(value.clone()),
            None => Self::Variable {
                name,
                lazy: variable.lazy,
            },
        }
    }
}

/// A resolved call
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) function: Arc<Function>,
    /// Indexes into the overloads
    pub(crate) candidates: Vec<usize>,
    /// The receiver was part of the function's name (`math.abs(x)`)
    pub(crate) namespaced: bool,
}

/// A checked expression
pub(crate) struct Checked {
    /// What each node refers to, by node index
    pub(crate) references: Vec<Option<Reference>>,
    /// The type of the whole
    pub(crate) result: Type,
    /// Literal patterns, checked
    pub(crate) patterns: Patterns,
}

/// Checks `ast`.
///
/// # Errors
/// Every fault found, in the order of the text.
pub(crate) fn check(
    text: &str,
    ast: &Ast,
    declarations: &Declarations,
    options: Options,
) -> Result<Checked, Vec<CompileError>> {
    let mut checker = Checker {
        text,
        ast,
        declarations,
        types: vec![Type::Error; ast.len()],
        references: vec![None; ast.len()],
        locals: Vec::new(),
        bindings: Bindings::default(),
        errors: Vec::new(),
        patterns: Patterns::default(),
    };
    let result = checker.check(ast.root);
    let result = checker.bindings.closed(&result);
    if checker.errors.is_empty() {
        checker.validate(options);
    }
    if checker.bindings.exhausted() {
        let message = String::from("type check limit exceeded: the types of the expression are too large");
        return Err(vec![CompileError::new(text, None, message, None)]);
    }
    if checker.errors.is_empty() {
        return Ok(Checked {
            references: checker.references,
            result,
            patterns: checker.patterns,
        });
    }
    checker.errors.sort_by_key(|error| error.position);
    Err(checker.errors)
}

/// Checks beyond types
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// All elements of a list literal, all keys and all values of a map literal are of one type
    pub(crate) homogeneous_literals: bool,
    /// Literal patterns, timestamps and durations are valid
    pub(crate) valid_literals: bool,
}

/// Faults of one expression for which a name is suggested
const MAX_SUGGESTIONS: usize = 10;

/// Longest name, in bytes, for which another is suggested
const MAX_SUGGESTED_BYTES: usize = 64;

struct Checker<'c> {
    text: &'c str,
    ast: &'c Ast,
    declarations: &'c Declarations,
    types: Vec<Type>,
    references: Vec<Option<Reference>>,
    /// Variables of macros, innermost last
    locals: Vec<(Arc<str>, Type)>,
    bindings: Bindings,
    errors: Vec<CompileError>,
    patterns: Patterns,
}

impl Checker<'_> {
    fn report(&mut self, offset: usize, message: String, suggestion: Option<String>) {
        if self.errors.len() < MAX_REPORTED_ERRORS {
            let at = position(self.text, offset);
            self.errors
                .push(CompileError::new(self.text, Some(at), message, suggestion));
        }
    }

    fn fault(&mut self, id: NodeId, message: String) {
        self.report(self.ast.offset(id), message, None);
    }

    fn mismatch(&mut self, id: NodeId, expected: &Type, found: &Type) {
        self.fault(id, format!("expected type '{expected}' but found '{found}'"));
    }

    fn undeclared<'n>(&mut self, id: NodeId, name: &str, known: impl Iterator<Item = &'n str>) {
        let suggestion = self.suggestion(name, known);
        let container = &self.declarations.container;
        let message = format!("undeclared reference to '{name}' (in container '{container}')");
        self.report(self.ast.offset(id), message, suggestion);
    }

    /// The nearest of `known`, when it is near enough to be meant; only the first faults are worth the search
    fn suggestion<'n>(&self, name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
        let worth = self.errors.len() < MAX_SUGGESTIONS && name.len() <= MAX_SUGGESTED_BYTES;
        worth.then(|| nearest(name, known)).flatten()
    }

    fn refer(&mut self, id: NodeId, reference: Reference) {
        if let Some(slot) = self.references.get_mut(id.index()) {
            *slot = Some(reference);
        }
    }

    /// Finds the type of a node and notes it
    fn check(&mut self, id: NodeId) -> Type {
        let of = match self.ast.kind(id) {
            Kind::Literal(literal) => type_of(literal),
            Kind::Ident(name) => self.ident(id, name),
            Kind::Select {
                operand,
                field,
                selection,
            } => self.select(id, *operand, field, *selection),
            Kind::Call {
                function,
                target,
                arguments,
            } => self.call(id, function, *target, arguments),
            Kind::List(elements) => self.list(elements),
            Kind::Map(entries) => self.map(entries),
            Kind::Struct { name, fields } => self.object(id, name, fields),
            Kind::Comprehension(comprehension) => self.comprehension(id, comprehension),
            Kind::Bind {
                variable,
                value,
                body,
            } => {
                let of = self.check(*value);
                self.within(vec![(Arc::clone(variable), of)], |this| this.check(*body))
            }
            Kind::OptionalMap {
                target,
                variable,
                body,
                flat,
            } => self.optional_map(id, *target, variable, *body, *flat),
        };
        let of = self.bindings.bounded(of);
        if let Some(slot) = self.types.get_mut(id.index()) {
            *slot = of.clone();
        }
        of
    }

    /// Runs `check` with more local variables
    fn within<T>(&mut self, variables: Vec<(Arc<str>, Type)>, check: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.locals.len();
        self.locals.extend(variables);
        let result = check(self);
        self.locals.truncate(before);
        result
    }

    fn local(&self, name: &str) -> Option<&(Arc<str>, Type)> {
        self.locals.iter().rev().find(|(have, _)| **have == *name)
    }

    fn ident(&mut self, id: NodeId, name: &str) -> Type {
        if let Some((name, of)) = self.local(name) {
            let (name, of) = (Arc::clone(name), of.clone());
            self.refer(id, Reference::Local(name));
            return of;
        }
        match self.meaning(id, name) {
            Some(of) => of,
            None => {
                let declarations = self.declarations;
                let locals: Vec<Arc<str>> = self.locals.iter().map(|(name, _)| Arc::clone(name)).collect();
                self.undeclared(
                    id,
                    name,
                    locals
                        .iter()
                        .map(|name| &**name)
                        .chain(declarations.value_names()),
                );
                Type::Error
            }
        }
    }

    /// Resolves a global name
    fn meaning(&mut self, id: NodeId, name: &str) -> Option<Type> {
        match self.declarations.meaning(name)? {
            Meaning::Variable(name, variable) => {
                let of = variable.of.clone();
                self.refer(id, Reference::to_variable(name, variable));
                Some(of)
            }
            Meaning::Type(name, of) => {
                self.refer(id, Reference::Type(name));
                Some(Type::of_type(of))
            }
        }
    }

    fn select(&mut self, id: NodeId, operand: NodeId, field: &str, selection: Selection) -> Type {
        if selection == Selection::Field
            && let Some(of) = self.qualified(id)
        {
            return of;
        }
        let operand_type = self.check(operand);
        let operand_type = self.bindings.substitute(&operand_type);
        let inside = operand_type.optional_value();
        let result = self.field_type(id, inside.unwrap_or(&operand_type), field);
        match selection {
            Selection::Presence => Type::Bool,
            Selection::Optional => Type::optional(result),
            Selection::Field if inside.is_some() => Type::optional(result),
            Selection::Field => result,
        }
    }

    /// A selection that is the name of something declared: `google.protobuf.Duration`
    fn qualified(&mut self, id: NodeId) -> Option<Type> {
        let mut root = id;
        while let Kind::Select {
            operand,
            selection: Selection::Field,
            ..
        } = self.ast.kind(root)
        {
            root = *operand;
        }
        let Kind::Ident(first) = self.ast.kind(root) else {
            return None;
        };
        if self.local(first).is_some() || !self.declarations.may_be_dotted(first) {
            return None;
        }
        let name = self.ast.qualified_name(id)?;
        self.meaning(id, &name)
    }

    fn field_type(&mut self, id: NodeId, of: &Type, field: &str) -> Type {
        if let Type::Map(entry) = of {
            return entry.1.clone();
        }
        if let Type::Struct(name) = of {
            let object = self.declarations.objects.get(name).cloned();
            if let Some(of) = object.as_ref().and_then(|object| object.fields.get(field)) {
                return of.clone();
            }
            let names = object
                .iter()
                .flat_map(|object| object.fields.keys())
                .map(|name| &**name);
            let suggestion = self.suggestion(field, names);
            self.report(
                self.ast.offset(id),
                format!("undefined field '{field}'"),
                suggestion,
            );
            return Type::Error;
        }
        if matches!(of, Type::Parameter(_)) {
            self.bindings.assignable(&Type::Dyn, of);
        } else if !of.is_dyn_or_error() {
            self.fault(id, format!("type '{of}' does not support field selection"));
        }
        Type::Dyn
    }

    fn object(&mut self, id: NodeId, name: &str, fields: &[crate::ast::StructField]) -> Type {
        let Some(object) = self.declarations.object(name).cloned() else {
            let declarations = self.declarations;
            self.undeclared(id, name, declarations.objects.keys().map(|name| &**name));
            return Type::Error;
        };
        self.refer(id, Reference::Object(Arc::clone(&object)));
        for field in fields {
            let of = self.check(field.value);
            let of = self.element_type(field.value, of, field.optional);
            let Some(declared) = object.fields.get(&field.name) else {
                let suggestion = self.suggestion(&field.name, object.fields.keys().map(|name| &**name));
                self.report(
                    field.offset as usize,
                    format!("undefined field '{}'", field.name),
                    suggestion,
                );
                continue;
            };
            if !self.bindings.assignable(declared, &of) {
                let message = format!(
                    "expected type of field '{}' is '{declared}' but provided type is '{of}'",
                    field.name
                );
                self.report(field.offset as usize, message, None);
            }
        }
        object_type(&object)
    }

    /// The type an element has in its aggregate; that of an optional element is what it holds
    fn element_type(&mut self, id: NodeId, of: Type, optional: bool) -> Type {
        if !optional {
            return of;
        }
        let of = self.bindings.substitute(&of);
        match of.optional_value() {
            Some(inside) => inside.clone(),
            None => {
                if !of.is_dyn_or_error() {
                    self.mismatch(id, &Type::optional(of.clone()), &of);
                }
                of
            }
        }
    }
}

fn type_of(literal: &Literal) -> Type {
    match literal {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::Uint(_) => Type::Uint,
        Literal::Double(_) => Type::Double,
        Literal::String(_) => Type::String,
        Literal::Bytes(_) => Type::Bytes,
    }
}

/// The nearest of `names`, when it is near enough to be meant
fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let most = name.chars().count().checked_div(3).unwrap_or(0).clamp(1, 3);
    names
        .filter(|candidate| !candidate.starts_with(['_', '@', '!', '-']))
        .map(|candidate| (strsim::osa_distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests;
