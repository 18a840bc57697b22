//! The syntax tree: nodes in one arena, named by index.
//!
//! Macros (`all`, `map`, `cel.bind`, …) are nodes of their own rather than cel-go's folds: the checker and the evaluator then know
//! what they mean, and printing the tree gives back what was written. A tree is never deeper than [`crate::limits::MAX_DEPTH`],
//! so recursion on it is bounded; dropping it is not recursive at all.

use std::sync::Arc;

/// Index of a node in its [`Ast`]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NodeId(u32);

impl NodeId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A parsed expression
#[derive(Clone, Debug)]
pub(crate) struct Ast {
    nodes: Vec<Node>,
    /// The outermost node
    pub(crate) root: NodeId,
}

/// One node
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// What it is
    pub(crate) kind: Kind,
    /// Byte offset of the token that names it (cel-go: the operator, the opening bracket, the first token otherwise)
    pub(crate) offset: u32,
    /// Levels from here down to the deepest leaf, itself included
    pub(crate) depth: u16,
}

/// A constant
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Arc<str>),
    Bytes(Arc<[u8]>),
}

/// How a field is selected
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// `a.b`
    Field,
    /// `has(a.b)`
    Presence,
    /// `a.?b`
    Optional,
}

/// The kinds of nodes
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Literal(Literal),
    /// A name; a leading dot (`.x`) means the root scope and is kept
    Ident(Arc<str>),
    Select {
        operand: NodeId,
        field: Arc<str>,
        selection: Selection,
    },
    Call {
        function: Arc<str>,
        target: Option<NodeId>,
        arguments: Vec<NodeId>,
    },
    List(Vec<Element>),
    Map(Vec<Entry>),
    Struct {
        name: Arc<str>,
        fields: Vec<StructField>,
    },
    Comprehension(Box<Comprehension>),
    Bind {
        variable: Arc<str>,
        value: NodeId,
        body: NodeId,
    },
    OptionalMap {
        target: NodeId,
        variable: Arc<str>,
        body: NodeId,
        flat: bool,
    },
}

/// An element of a list literal
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element {
    pub(crate) value: NodeId,
    /// Written `?value`: left out when it is none
    pub(crate) optional: bool,
}

/// An entry of a map literal
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) key: NodeId,
    pub(crate) value: NodeId,
    pub(crate) optional: bool,
}

/// A field of an object literal
#[derive(Clone, Debug)]
pub(crate) struct StructField {
    pub(crate) name: Arc<str>,
    pub(crate) value: NodeId,
    pub(crate) optional: bool,
    /// Byte offset of the colon, where cel-go reports a wrong field
    pub(crate) offset: u32,
}

/// What a comprehension computes
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fold {
    All,
    Exists,
    ExistsOne,
    /// `map`, with or without a filter, and `transformList`
    Map,
    Filter,
    TransformMap,
    TransformMapEntry,
    SortBy,
}

/// A macro that iterates
#[derive(Clone, Debug)]
pub(crate) struct Comprehension {
    pub(crate) fold: Fold,
    /// The name under which it was written: `existsOne` and `exists_one` are one fold
    pub(crate) name: Arc<str>,
    pub(crate) range: NodeId,
    pub(crate) variable: Arc<str>,
    pub(crate) second: Option<Arc<str>>,
    pub(crate) filter: Option<NodeId>,
    pub(crate) body: NodeId,
}

impl Ast {
    pub(crate) fn new() -> Self {
        Self {
            nodes: Vec::with_capacity(32),
            root: NodeId(0),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The node behind `id`; ids are made by [`Self::push`] alone, so a foreign one reads as `null` and nothing else.
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        const NOWHERE: &Node = &Node {
            kind: Kind::Literal(Literal::Null),
            offset: 0,
            depth: 1,
        };
        self.nodes.get(id.index()).unwrap_or(NOWHERE)
    }

    pub(crate) fn kind(&self, id: NodeId) -> &Kind {
        &self.node(id).kind
    }

    pub(crate) fn offset(&self, id: NodeId) -> usize {
        self.node(id).offset as usize
    }

    pub(crate) fn push(&mut self, kind: Kind, offset: u32) -> NodeId {
        let mut deepest = 0;
        for_each_child(&kind, |child| deepest = deepest.max(self.node(child).depth));
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(Node {
            kind,
            offset,
            depth: deepest.saturating_add(1),
        });
        id
    }

    /// `a.b.c` as `["a", "b", "c"]`, when the node is a name or plain selections on one
    pub(crate) fn qualified_name(&self, id: NodeId) -> Option<String> {
        match self.kind(id) {
            Kind::Ident(name) => Some(name.to_string()),
            Kind::Select {
                operand,
                field,
                selection: Selection::Field,
            } => {
                let mut name = self.qualified_name(*operand)?;
                name.push('.');
                name.push_str(field);
                Some(name)
            }
            Kind::Select { .. }
            | Kind::Literal(_)
            | Kind::Call { .. }
            | Kind::List(_)
            | Kind::Map(_)
            | Kind::Struct { .. }
            | Kind::Comprehension(_)
            | Kind::Bind { .. }
            | Kind::OptionalMap { .. } => None,
        }
    }
}

/// Calls `visit` with each direct child, in evaluation order
pub(crate) fn for_each_child(kind: &Kind, mut visit: impl FnMut(NodeId)) {
    match kind {
        Kind::Literal(_) | Kind::Ident(_) => {}
        Kind::Select { operand, .. } => visit(*operand),
        Kind::Call {
            target, arguments, ..
        } => target.iter().chain(arguments).for_each(|id| visit(*id)),
        Kind::List(elements) => elements.iter().for_each(|element| visit(element.value)),
        Kind::Map(entries) => entries.iter().for_each(|entry| {
            visit(entry.key);
            visit(entry.value);
        }),
        Kind::Struct { fields, .. } => fields.iter().for_each(|field| visit(field.value)),
        Kind::Comprehension(comprehension) => {
            visit(comprehension.range);
            comprehension.filter.iter().for_each(|id| visit(*id));
            visit(comprehension.body);
        }
        Kind::Bind { value, body, .. } => {
            visit(*value);
            visit(*body);
        }
        Kind::OptionalMap { target, body, .. } => {
            visit(*target);
            visit(*body);
        }
    }
}
