//! What expressions of one kind may name, and how they become programs.
//!
//! An [`Environment`] is immutable and cheap to clone; [`Environment::extend`] starts another from it, as for the variables of one policy.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::checker::{Options, check, unchecked};
use crate::declaration::Surcharge;
use crate::declarations::Declarations;
use crate::error::CompileError;
use crate::libraries::{Library, operators, standard};
use crate::parser::{Macros, parse};
use crate::patterns::Patterns;
use crate::plan::lower;
use crate::printer::print;
use crate::program::Program;
use crate::types::{ObjectType, Type};

/// Declarations and switches under which expressions are compiled
#[derive(Clone)]
pub struct Environment(Arc<Settings>);

#[derive(Clone)]
struct Settings {
    declarations: Declarations,
    macros: Macros,
    options: Options,
    libraries: BTreeSet<Library>,
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let libraries = &self.0.libraries;
        formatter
            .debug_struct("Environment")
            .field("libraries", libraries)
            .finish_non_exhaustive()
    }
}

impl Environment {
    /// Starts from the language itself: operators, conversions, text predicates, the standard macros
    #[must_use]
    pub fn builder() -> EnvironmentBuilder {
        let mut declarations = Declarations::default();
        for table in operators::FUNCTIONS {
            declarations.declare_functions(table, Surcharge::default());
        }
        for (table, surcharge) in standard::FUNCTIONS {
            declarations.declare_functions(table, *surcharge);
        }
        for (name, of) in standard::TYPES {
            declarations.declare_type(name, of);
        }
        let macros = Macros {
            standard: true,
            ..Macros::default()
        };
        let options = Options {
            valid_literals: true,
            ..Options::default()
        };
        EnvironmentBuilder(Settings {
            declarations,
            macros,
            options,
            libraries: BTreeSet::new(),
        })
    }

    /// Starts from this environment
    #[must_use]
    pub fn extend(&self) -> EnvironmentBuilder {
        EnvironmentBuilder((*self.0).clone())
    }

    /// Parses, checks and plans an expression.
    ///
    /// # Errors
    /// Every fault found, in the order of the text, in cel-go's words.
    pub fn compile(&self, text: &str) -> Result<Program, Vec<CompileError>> {
        let Settings {
            declarations,
            macros,
            options,
            ..
        } = &*self.0;
        let ast = parse(text, *macros)?;
        let checked = check(text, &ast, declarations, *options)?;
        let plan = lower(
            &ast,
            &checked.references,
            &declarations.container,
            checked.patterns,
        );
        Ok(Program::new(text, plan, checked.result, ast.node(ast.root).depth))
    }

    /// An expression as the parser understands it: one spelling, parentheses only where they are needed.
    ///
    /// # Errors
    /// What the parser finds.
    pub fn reprint(&self, text: &str) -> Result<String, Vec<CompileError>> {
        parse(text, self.0.macros).map(|ast| print(&ast))
    }

    /// Parses and plans an expression without checking its types: a name or call that is not known fails when it is reached.
    ///
    /// For conformance tests, which demand it. A policy is never compiled this way.
    ///
    /// # Errors
    /// What the parser finds.
    pub fn compile_unchecked(&self, text: &str) -> Result<Program, Vec<CompileError>> {
        let Settings {
            declarations, macros, ..
        } = &*self.0;
        let ast = parse(text, *macros)?;
        let references = unchecked::resolve(&ast, declarations);
        let plan = lower(&ast, &references, &declarations.container, Patterns::default());
        Ok(Program::new(text, plan, Type::Dyn, ast.node(ast.root).depth))
    }
}

/// An environment in the making
#[derive(Clone)]
pub struct EnvironmentBuilder(Settings);

impl std::fmt::Debug for EnvironmentBuilder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let libraries = &self.0.libraries;
        formatter
            .debug_struct("EnvironmentBuilder")
            .field("libraries", libraries)
            .finish_non_exhaustive()
    }
}

impl EnvironmentBuilder {
    /// Switches a library on; a second time changes nothing
    #[must_use]
    pub fn library(mut self, library: Library) -> Self {
        if self.0.libraries.insert(library) {
            library.install(&mut self.0.declarations, &mut self.0.macros);
        }
        self
    }

    /// Switches several libraries on
    #[must_use]
    pub fn libraries(self, libraries: &[Library]) -> Self {
        libraries
            .iter()
            .fold(self, |builder, library| builder.library(*library))
    }

    /// Declares a variable; a dotted name is one name
    #[must_use]
    pub fn variable(mut self, name: &str, of: Type) -> Self {
        self.0.declarations.declare_variable(name, of, false);
        self
    }

    /// Declares an object whose fields are computed one by one, when they are first named.
    ///
    /// The activation is asked for `name.field`; a field that is not declared is the compile error `undefined field`.
    #[must_use]
    pub fn lazy_object<'f>(mut self, name: &str, fields: impl IntoIterator<Item = (&'f str, Type)>) -> Self {
        let fields = fields
            .into_iter()
            .map(|(field, of)| (Arc::from(field), of))
            .collect();
        let object = ObjectType {
            name: format!("@{name}").into(),
            fields,
            wraps: None,
        };
        let of = Type::Struct(Arc::clone(&object.name));
        self.0.declarations.declare_object(object);
        self.0.declarations.declare_variable(name, of, true);
        self
    }

    /// Declares an object type, for typed variables and object literals
    #[must_use]
    pub fn object_type(mut self, object: ObjectType) -> Self {
        self.0.declarations.declare_object(object);
        self
    }

    /// Names resolve in this container first (`a.b`); none by default
    #[must_use]
    pub fn container(mut self, name: &str) -> Self {
        name.clone_into(&mut self.0.declarations.container);
        self
    }

    /// Whether all elements of a list literal, all keys and all values of a map literal must be of one type
    #[must_use]
    pub fn homogeneous_literals(mut self, on: bool) -> Self {
        self.0.options.homogeneous_literals = on;
        self
    }

    /// Whether literal patterns, timestamps and durations are checked at compile time; on by default
    #[must_use]
    pub fn valid_literals(mut self, on: bool) -> Self {
        self.0.options.valid_literals = on;
        self
    }

    /// The environment
    #[must_use]
    pub fn build(self) -> Environment {
        Environment(Arc::new(self.0))
    }
}
