//! Tree and references to steps.

use std::sync::Arc;

use super::{Access, Comprehension, Operator, Plan, Step, StepId};
use crate::ast::{Ast, Element, Entry, Kind, Literal, NodeId, Selection, StructField};
use crate::checker::Reference;
use crate::declaration::Overload;
use crate::libraries::regexes::PATTERN_ARGUMENTS;
use crate::patterns::Patterns;
use crate::value::{Entries, Key, List, Map, Text, Value};

/// Makes the steps of `ast`; `references` are by node index, `patterns` the literal ones met so far.
pub(crate) fn lower(
    ast: &Ast,
    references: &[Option<Reference>],
    container: &str,
    patterns: Patterns,
) -> Plan {
    let plan = Plan {
        steps: Vec::with_capacity(ast.len()),
        root: StepId(0),
        variables: Vec::new(),
        patterns: Vec::new(),
    };
    let mut lowering = Lowering {
        ast,
        references,
        container,
        plan,
        patterns,
        locals: Vec::new(),
    };
    lowering.plan.root = lowering.node(ast.root);
    lowering.plan.patterns = lowering.patterns.into_compiled();
    lowering.plan
}

struct Lowering<'l> {
    ast: &'l Ast,
    references: &'l [Option<Reference>],
    container: &'l str,
    plan: Plan,
    patterns: Patterns,
    locals: Vec<Arc<str>>,
}

impl Lowering<'_> {
    fn push(&mut self, step: Step) -> StepId {
        let id = StepId(u32::try_from(self.plan.steps.len()).unwrap_or(u32::MAX));
        self.plan.steps.push(step);
        id
    }

    fn constant(&self, id: StepId) -> Option<&Value<'static>> {
        match self.plan.steps.get(id.index()) {
            Some(Step::Constant(value)) => Some(value),
            _ => None,
        }
    }

    fn reference(&self, id: NodeId) -> Option<&Reference> {
        self.references.get(id.index()).and_then(Option::as_ref)
    }

    fn variable(&mut self, name: &str) -> u32 {
        let known = self.plan.variables.iter().position(|have| **have == *name);
        let index = known.unwrap_or_else(|| {
            self.plan.variables.push(name.into());
            self.plan.variables.len().saturating_sub(1)
        });
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    fn node(&mut self, id: NodeId) -> StepId {
        let step = match self.ast.kind(id) {
            Kind::Literal(literal) => Step::Constant(value_of(literal)),
            Kind::Ident(name) => self.named(id, name),
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
            Kind::Comprehension(comprehension) => {
                let range = self.node(comprehension.range);
                let variables = [Some(&comprehension.variable), comprehension.second.as_ref()];
                let (filter, body) = self.within(variables.into_iter().flatten().cloned(), |this| {
                    (
                        comprehension.filter.map(|filter| this.node(filter)),
                        this.node(comprehension.body),
                    )
                });
                let two_variables = comprehension.second.is_some();
                Step::Comprehension(Box::new(Comprehension {
                    fold: comprehension.fold,
                    range,
                    two_variables,
                    filter,
                    body,
                }))
            }
            Kind::Bind {
                variable,
                value,
                body,
            } => {
                let value = self.node(*value);
                let body = self.within([Arc::clone(variable)], |this| this.node(*body));
                Step::Bind { value, body }
            }
            Kind::OptionalMap {
                target,
                variable,
                body,
                flat,
            } => {
                let target = self.node(*target);
                let body = self.within([Arc::clone(variable)], |this| this.node(*body));
                Step::OptionalMap {
                    target,
                    body,
                    flat: *flat,
                }
            }
        };
        self.push(step)
    }

    fn within<T>(
        &mut self,
        variables: impl IntoIterator<Item = Arc<str>>,
        visit: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.locals.len();
        self.locals.extend(variables);
        let result = visit(self);
        self.locals.truncate(before);
        result
    }

    fn unresolved(&self, name: &str) -> Step {
        Step::Failure(
            format!(
                "undeclared reference to '{name}' (in container '{}')",
                self.container
            )
            .into(),
        )
    }

    fn named(&mut self, id: NodeId, name: &str) -> Step {
        match self.reference(id).cloned() {
            Some(Reference::Local(name)) => {
                let slot = self.locals.iter().rposition(|have| *have == name).unwrap_or(0);
                Step::Local(u32::try_from(slot).unwrap_or(u32::MAX))
            }
            Some(Reference::Variable { name, .. }) => Step::Variable(self.variable(&name)),
            Some(Reference::Constant(value)) => Step::Constant(value),
            Some(Reference::Type(name)) => Step::Constant(Value::Type(Text::Shared(name))),
            Some(Reference::Function(_) | Reference::Object(_)) | None => self.unresolved(name),
        }
    }

    fn select(&mut self, id: NodeId, operand: NodeId, field: &Arc<str>, selection: Selection) -> Step {
        if selection == Selection::Field && self.reference(id).is_some() {
            return self.named(id, field);
        }
        let access = match selection {
            Selection::Field => Access::Value,
            Selection::Presence => Access::Presence,
            Selection::Optional => Access::Optional,
        };
        if let Some(Reference::Variable { name, lazy: true }) = self.reference(operand) {
            let name = format!("{name}.{field}");
            let variable = self.variable(&name);
            return if access == Access::Value {
                Step::Variable(variable)
            } else {
                Step::Declared(variable, access)
            };
        }
        let operand = self.node(operand);
        Step::Field {
            operand,
            name: Arc::clone(field),
            access,
        }
    }

    fn call(&mut self, id: NodeId, name: &str, target: Option<NodeId>, arguments: &[NodeId]) -> Step {
        let Some(Reference::Function(call)) = self.reference(id).cloned() else {
            return Step::Failure(format!("unbound function: {name}").into());
        };
        let target = target.filter(|_| !call.namespaced);
        let operands: Vec<StepId> = target
            .iter()
            .chain(arguments)
            .map(|operand| self.node(*operand))
            .collect();
        let function = &*call.function;
        self.note_pattern(&function.name, &operands);
        if let Some(step) = operator(&function.name, &operands) {
            return step;
        }
        let overloads = call
            .candidates
            .iter()
            .filter_map(|index| function.overloads.get(*index))
            .cloned();
        let overloads: Box<[Overload]> = overloads.collect();
        Step::Call {
            operator: Operator::of(&function.name, &overloads),
            name: Arc::clone(&function.name),
            overloads,
            arguments: operands.into(),
        }
    }

    /// Compiles a literal pattern with the program; one that is no pattern fails when it is reached
    fn note_pattern(&mut self, name: &str, operands: &[StepId]) {
        let argument = PATTERN_ARGUMENTS.iter().find(|(function, _)| *function == name);
        let operand = argument.and_then(|(_, index)| operands.get(*index)).copied();
        if let Some(Value::String(pattern)) = operand.and_then(|operand| self.constant(operand)) {
            let pattern = pattern.to_string();
            drop(self.patterns.add(&pattern));
        }
    }

    fn list(&mut self, elements: &[Element]) -> Step {
        let steps: Vec<(StepId, bool)> = elements
            .iter()
            .map(|element| (self.node(element.value), element.optional))
            .collect();
        let constants = steps
            .iter()
            .map(|(id, optional)| self.constant(*id).filter(|_| !*optional).cloned());
        match constants.collect::<Option<Vec<_>>>() {
            Some(values) => Step::Constant(Value::List(List::from(values))),
            None => Step::List(steps.into()),
        }
    }

    fn map(&mut self, entries: &[Entry]) -> Step {
        let steps: Vec<(StepId, StepId, bool)> = entries
            .iter()
            .map(|entry| (self.node(entry.key), self.node(entry.value), entry.optional))
            .collect();
        let constants = steps.iter().map(|(key, value, optional)| {
            let key = self.constant(*key).and_then(Key::from_value)?;
            Some((key, self.constant(*value).filter(|_| !*optional)?.clone()))
        });
        match constants.collect::<Option<Entries<'static>>>() {
            // A repeated key is an error, found when the map is made.
            Some(made) if made.len() == entries.len() => Step::Constant(Value::Map(Map::from(made))),
            Some(_) | None => Step::Map(steps.into()),
        }
    }

    fn object(&mut self, id: NodeId, name: &str, fields: &[StructField]) -> Step {
        let Some(Reference::Object(of)) = self.reference(id).cloned() else {
            return self.unresolved(name);
        };
        let fields = fields
            .iter()
            .map(|field| (Arc::clone(&field.name), self.node(field.value), field.optional));
        Step::Object {
            of,
            fields: fields.collect(),
        }
    }
}

/// The step of an operator that the evaluator knows
fn operator(name: &str, operands: &[StepId]) -> Option<Step> {
    Some(match (name, operands) {
        ("_&&_", &[left, right]) => Step::And(left, right),
        ("_||_", &[left, right]) => Step::Or(left, right),
        ("_?_:_", &[condition, then, otherwise]) => Step::Conditional(condition, then, otherwise),
        ("!_", &[operand]) => Step::Not(operand),
        ("_==_", &[left, right]) => Step::Equal {
            left,
            right,
            wanted: true,
        },
        ("_!=_", &[left, right]) => Step::Equal {
            left,
            right,
            wanted: false,
        },
        ("@in", &[item, container]) => Step::Within { item, container },
        ("_[_]", &[operand, key]) => Step::Index {
            operand,
            key,
            optional: false,
        },
        ("_[?_]", &[operand, key]) => Step::Index {
            operand,
            key,
            optional: true,
        },
        ("or", &[receiver, other]) => Step::OptionalOr(receiver, other),
        ("orValue", &[receiver, other]) => Step::OptionalOrValue {
            receiver,
            other,
            tolerant: false,
        },
        ("__orValueCompat__", &[receiver, other]) => Step::OptionalOrValue {
            receiver,
            other,
            tolerant: true,
        },
        _ => return None,
    })
}

fn value_of(literal: &Literal) -> Value<'static> {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(truth) => Value::Bool(*truth),
        Literal::Int(number) => Value::Int(*number),
        Literal::Uint(number) => Value::Uint(*number),
        Literal::Double(number) => Value::Double(*number),
        Literal::String(text) => Value::String(Text::Shared(Arc::clone(text))),
        Literal::Bytes(octets) => Value::Bytes(Arc::clone(octets)),
    }
}
