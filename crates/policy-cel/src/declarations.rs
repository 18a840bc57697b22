//! Everything an expression may name: variables, functions, types, constants.
//!
//! Names resolve against a container, innermost first, as in protobuf: in container `a.b`, `x` is `a.b.x`, `a.x` or `x`; `.x` is `x` alone.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::declaration::{Declared, Function, Overload, Surcharge, parse_signature, parse_type};
use crate::types::{ObjectType, Type};
use crate::value::Value;

/// A declared variable
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) of: Type,
    /// Its fields are variables of their own, resolved one by one when they are named
    pub(crate) lazy: bool,
    /// Its value, where every evaluation has the same
    pub(crate) value: Option<Value<'static>>,
}

/// All declarations of an environment
#[derive(Clone, Default)]
pub(crate) struct Declarations {
    pub(crate) container: String,
    pub(crate) variables: HashMap<Arc<str>, Variable>,
    functions: Arc<HashMap<Arc<str>, Arc<Function>>>,
    /// Types that are values: name and what they name
    types: Arc<HashMap<Arc<str>, Type>>,
    pub(crate) objects: HashMap<Arc<str>, Arc<ObjectType>>,
    /// First words of dotted names of variables, types and constants
    dotted: HashSet<String>,
}

/// What a name means
pub(crate) enum Meaning<'d> {
    Variable(Arc<str>, &'d Variable),
    /// A type as a value
    Type(Arc<str>, Type),
}

impl Declarations {
    pub(crate) fn declare_variable(&mut self, name: &str, of: Type, lazy: bool) {
        self.note_dots(name);
        self.variables.insert(
            name.into(),
            Variable {
                of,
                lazy,
                value: None,
            },
        );
    }

    pub(crate) fn declare_constant(&mut self, name: &str, of: Type, value: Value<'static>) {
        self.note_dots(name);
        self.variables.insert(
            name.into(),
            Variable {
                of,
                lazy: false,
                value: Some(value),
            },
        );
    }

    pub(crate) fn declare_type(&mut self, name: &str, of: &str) {
        self.note_dots(name);
        let of = parse_type(of).unwrap_or(Type::Error);
        Arc::make_mut(&mut self.types).insert(name.into(), of);
    }

    pub(crate) fn declare_object(&mut self, object: ObjectType) {
        self.note_dots(&object.name);
        self.objects.insert(Arc::clone(&object.name), Arc::new(object));
    }

    /// Declares the functions of a table
    pub(crate) fn declare_functions(&mut self, table: &[Declared], surcharge: Surcharge) {
        let functions = Arc::make_mut(&mut self.functions);
        for row in table {
            let Some(signature) = parse_signature(row.signature) else {
                continue;
            };
            let overload = Overload {
                member: signature.member,
                parameters: signature.parameters,
                result: signature.result,
                type_parameters: signature.type_parameters,
                run: row.run,
                cost: row.cost,
                surcharge,
            };
            let name: Arc<str> = row.name.into();
            let entry = functions.entry(Arc::clone(&name));
            let function = entry.or_insert_with(|| {
                Arc::new(Function {
                    name,
                    overloads: Vec::new(),
                })
            });
            Arc::make_mut(function).overloads.push(overload);
        }
    }

    fn note_dots(&mut self, name: &str) {
        if let Some((first, _)) = name.split_once('.') {
            self.dotted.insert(first.to_owned());
        }
    }

    /// Whether a dotted name may start with `first`
    pub(crate) fn may_be_dotted(&self, first: &str) -> bool {
        !self.container.is_empty() || self.dotted.contains(first.trim_start_matches('.'))
    }

    /// Calls `find` with each name that `name` may stand for, until it finds something
    fn resolve<T>(&self, name: &str, mut find: impl FnMut(&str) -> Option<T>) -> Option<T> {
        if let Some(absolute) = name.strip_prefix('.') {
            return find(absolute);
        }
        let mut scope: &str = &self.container;
        while !scope.is_empty() {
            if let Some(found) = find(&format!("{scope}.{name}")) {
                return Some(found);
            }
            scope = scope.rsplit_once('.').map_or("", |(outer, _)| outer);
        }
        find(name)
    }

    pub(crate) fn meaning(&self, name: &str) -> Option<Meaning<'_>> {
        self.resolve(name, |candidate| {
            if let Some((name, variable)) = self.variables.get_key_value(candidate) {
                return Some(Meaning::Variable(Arc::clone(name), variable));
            }
            if let Some((name, of)) = self.types.get_key_value(candidate) {
                return Some(Meaning::Type(Arc::clone(name), of.clone()));
            }
            let (name, object) = self.objects.get_key_value(candidate)?;
            Some(Meaning::Type(Arc::clone(name), object_type(object)))
        })
    }

    pub(crate) fn function(&self, name: &str) -> Option<&Arc<Function>> {
        self.resolve(name, |candidate| self.functions.get(candidate))
    }

    pub(crate) fn object(&self, name: &str) -> Option<&Arc<ObjectType>> {
        self.resolve(name, |candidate| self.objects.get(candidate))
    }

    /// Names of variables and types, for suggestions
    pub(crate) fn value_names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().chain(self.types.keys()).map(|name| &**name)
    }

    /// Names of functions, for suggestions
    pub(crate) fn function_names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(|name| &**name)
    }
}

/// The type of the values an object type makes
pub(crate) fn object_type(object: &ObjectType) -> Type {
    match &object.wraps {
        Some(wrapped) if wrapped.is_dyn() => Type::Dyn,
        Some(wrapped) => Type::Wrapper(Arc::new(wrapped.clone())),
        None => Type::Struct(Arc::clone(&object.name)),
    }
}
