//! A pattern as two expressions: where the resource is as drawn, and where the pattern does not apply to it.
//!
//! In: the pattern, the text of an expression for the resource. Out: a [`Drawing`]; what is neither passed nor skipped
//! fails. Every field is looked for before it is read, so that a resource of another shape fails and is no error.
//!
//!     map ─▶ anchors, sorted ─▶ the others, in their order ─▶ first that is no pass decides
//!
//! Behaviour: Kyverno 1.19 pkg/engine/validate/validate.go, pkg/engine/anchor; spec engine-and-cli §2.2, §2.3.

use policy_engine::context::Anchor;
use scalars::wildcard::has_wildcard;
use serde_json::{Map, Value};

use crate::cel_text::{has_member, member, wildcard};
use crate::formula::Formula;
use crate::scalar_test::{absence_satisfies, satisfies};
use crate::translation::{Said, Unsaid};

/// Levels of nesting a pattern may have to be translated.
const MAX_PATTERN_DEPTH: usize = 32;

/// What a pattern says of a resource.
#[derive(Debug, Clone)]
pub(crate) struct Drawing {
    /// The resource is as drawn.
    pub(crate) passes: Formula,
    /// The pattern does not apply.
    pub(crate) skips: Formula,
    /// Whether the skip may come from `<()`, which a map or list around it does not soften.
    is_direct: bool,
}

/// Where a pattern stands, and what it is about.
#[derive(Clone)]
struct Spot {
    /// Expression for the value, which is there.
    value: String,
    /// Field path of the pattern.
    path: String,
    depth: usize,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Elsewhere,
    Metadata,
    LabelsOrAnnotations,
}

struct Entry<'p> {
    anchor: Option<Anchor>,
    key: &'p str,
    name: &'p str,
    pattern: &'p Value,
}

/// Draws `pattern`, which stands at `path`, over `root`.
///
/// # Errors
/// The first part of the pattern that has no expression.
pub(crate) fn draw(pattern: &Value, root: &str, path: &str) -> Said<Drawing> {
    Spot {
        value: root.to_owned(),
        path: path.to_owned(),
        depth: 0,
        place: Place::Root,
    }
    .element(pattern)
}

impl Drawing {
    fn plain(passes: Formula) -> Self {
        Self {
            passes,
            skips: Formula::FALSE,
            is_direct: false,
        }
    }

    /// One of several: as drawn by one of them, skipped where all are.
    pub(crate) fn first_of(drawings: Vec<Self>) -> Self {
        Self {
            skips: Formula::all(drawings.iter().map(|drawing| drawing.skips.clone())),
            passes: Formula::any(drawings.into_iter().map(|drawing| drawing.passes)),
            is_direct: false,
        }
    }

    fn may_skip(&self) -> bool {
        self.skips != Formula::FALSE
    }

    /// Neither fails.
    fn holds_or_skips(&self) -> Formula {
        self.passes.clone().or(self.skips.clone())
    }
}

impl Spot {
    fn unsaid(&self, reason: &str) -> Unsaid {
        Unsaid::new(&self.path, reason)
    }

    fn below(&self, entry: &Entry<'_>) -> Self {
        let place = match (self.place, entry.name) {
            (_, "metadata") => Place::Metadata,
            (Place::Metadata, "labels" | "annotations") => Place::LabelsOrAnnotations,
            _ => Place::Elsewhere,
        };
        Self {
            value: member(&self.value, entry.name),
            path: format!("{}.{}", self.path, entry.key),
            depth: self.depth.saturating_add(1),
            place,
        }
    }

    fn element(&self, pattern: &Value) -> Said<Drawing> {
        if self.depth > MAX_PATTERN_DEPTH {
            return Err(self.unsaid("the pattern is nested too deeply"));
        }
        match pattern {
            Value::Object(fields) => self.map(fields),
            Value::Array(items) => self.list(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                let said = satisfies(&self.value, pattern);
                said.map(Drawing::plain)
                    .ok_or_else(|| self.unsaid("a number with a fraction is compared with texts, too"))
            }
        }
    }

    fn map(&self, fields: &Map<String, Value>) -> Said<Drawing> {
        let (anchors, others) = arranged(fields);
        let (conditions, checks): (Vec<_>, Vec<_>) = anchors
            .into_iter()
            .partition(|entry| entry.anchor == Some(Anchor::Condition));
        let met = conditions
            .iter()
            .map(|entry| Ok(self.entry(entry)?.passes))
            .collect::<Said<Vec<_>>>()?;
        let has_condition = !met.is_empty();
        let met = Formula::all(met);
        let checks = checks
            .iter()
            .map(|entry| self.check(entry))
            .collect::<Said<Vec<_>>>()?;
        let mut proceeds = met
            .clone()
            .and(Formula::all(checks.iter().map(Drawing::holds_or_skips)));
        let mut skips = met.not();
        if !has_condition && !checks.is_empty() && checks.iter().all(Drawing::may_skip) {
            proceeds = proceeds.and(Formula::any(checks.iter().map(|check| check.passes.clone())));
            skips = Formula::all(checks.iter().map(|check| check.skips.clone()));
        }
        let mut passes = proceeds;
        let mut is_direct = false;
        for entry in &others {
            let drawing = self.entry(entry)?;
            skips = skips.or(passes.clone().and(drawing.skips.clone()));
            passes = passes.and(drawing.passes);
            is_direct |= drawing.is_direct;
        }
        if self.place == Place::Root {
            return Ok(Drawing {
                passes,
                skips,
                is_direct,
            });
        }
        let is_map = Formula::test(format!("type({}) == map", self.value));
        Ok(Drawing {
            passes: is_map.clone().and(passes),
            skips: is_map.and(skips),
            is_direct,
        })
    }

    /// An anchor that is judged before the plain keys and is no condition.
    fn check(&self, entry: &Entry<'_>) -> Said<Drawing> {
        let drawing = self.entry(entry)?;
        if drawing.is_direct {
            return Err(Unsaid::new(
                format!("{}.{}", self.path, entry.key),
                "a global anchor below another anchor skips what stands beside it",
            ));
        }
        Ok(drawing)
    }

    fn entry(&self, entry: &Entry<'_>) -> Said<Drawing> {
        if self.place == Place::LabelsOrAnnotations && has_wildcard(entry.name) {
            return self.wildcard_key(entry);
        }
        let there = has_member(&self.value, entry.name);
        let spot = self.below(entry);
        let unless_there = || there.clone().not();
        match entry.anchor {
            Some(Anchor::Negation) => Ok(Drawing::plain(unless_there())),
            Some(Anchor::Existence) => Ok(Drawing::plain(unless_there().or(spot.existence(entry.pattern)?))),
            Some(Anchor::Condition) => {
                let drawing = spot.element(entry.pattern)?;
                Ok(Drawing::plain(there.and(drawing.passes)))
            }
            Some(Anchor::Equality) => {
                let drawing = spot.element(entry.pattern)?;
                Ok(Drawing {
                    passes: unless_there().or(drawing.passes),
                    skips: there.and(drawing.skips),
                    is_direct: drawing.is_direct,
                })
            }
            Some(Anchor::Global) => {
                let drawing = spot.element(entry.pattern)?;
                Ok(Drawing {
                    passes: unless_there().or(drawing.passes.clone()),
                    skips: there.and(drawing.passes.not()),
                    is_direct: true,
                })
            }
            Some(Anchor::AddIfAbsent) | None if entry.pattern == "*" => {
                let is_set = Formula::test(format!("{} != null", spot.value));
                Ok(Drawing::plain(there.and(is_set)))
            }
            Some(Anchor::AddIfAbsent) | None => {
                let drawing = spot.element(entry.pattern)?;
                let passes = if absence_satisfies(entry.pattern) {
                    unless_there().or(drawing.passes)
                } else {
                    there.clone().and(drawing.passes)
                };
                Ok(Drawing {
                    passes,
                    skips: there.and(drawing.skips),
                    is_direct: drawing.is_direct,
                })
            }
        }
    }

    /// A wildcard among labels or annotations: it stands for the first key that it draws.
    fn wildcard_key(&self, entry: &Entry<'_>) -> Said<Drawing> {
        let key = format!("k{}", self.depth);
        let drawn =
            wildcard(&key, entry.name).and(Formula::test(format!("type({}[{key}]) == string", self.value)));
        let exists = Formula::test(format!("{}.exists({key}, {})", self.value, drawn.write()));
        match (entry.anchor, entry.pattern.as_str()) {
            (Some(Anchor::Negation), _) => Ok(Drawing::plain(exists.not())),
            (None, Some("*")) => Ok(Drawing::plain(exists)),
            _ => Err(Unsaid::new(
                format!("{}.{}", self.path, entry.key),
                "a wildcard key stands for the first key it matches, which has no expression",
            )),
        }
    }

    fn list(&self, items: &[Value]) -> Said<Drawing> {
        let is_list = Formula::test(format!("type({}) == list", self.value));
        match items.first() {
            None => Err(self.unsaid("an empty list is no pattern")),
            Some(Value::Array(_)) => Err(self.unsaid("lists in lists are compared by position")),
            Some(map @ Value::Object(_)) => {
                let item = self.item();
                let drawing = item.element(map)?;
                let each = |macro_name: &str, formula: &Formula| {
                    let text = format!("{}.{macro_name}({}, {})", self.value, item.value, formula.write());
                    Formula::test(text)
                };
                if !drawing.may_skip() {
                    return Ok(Drawing::plain(is_list.and(each("all", &drawing.passes))));
                }
                let is_empty = Formula::test(format!("size({}) == 0", self.value));
                let some = is_empty.clone().or(each("exists", &drawing.passes));
                Ok(Drawing {
                    passes: Formula::all([is_list.clone(), each("all", &drawing.holds_or_skips()), some]),
                    skips: Formula::all([is_list, is_empty.not(), each("all", &drawing.skips)]),
                    is_direct: false,
                })
            }
            Some(scalar) => Ok(Drawing::plain(is_list.and(self.element(scalar)?.passes))),
        }
    }

    fn existence(&self, pattern: &Value) -> Said<Formula> {
        let maps = pattern
            .as_array()
            .filter(|items| !items.is_empty() && items.iter().all(Value::is_object));
        let maps = maps.ok_or_else(|| self.unsaid("an existence anchor needs a list of maps"))?;
        let item = self.item();
        let mut all = vec![Formula::test(format!("type({}) == list", self.value))];
        for map in maps {
            let drawing = item.element(map)?;
            all.push(Formula::test(format!(
                "{}.exists({}, {})",
                self.value,
                item.value,
                drawing.passes.write()
            )));
        }
        Ok(Formula::all(all))
    }

    /// An element of the list that stands here.
    fn item(&self) -> Self {
        Self {
            value: format!("e{}", self.depth),
            path: format!("{}[0]", self.path),
            depth: self.depth.saturating_add(1),
            place: Place::Elsewhere,
        }
    }
}

/// The keys in the two phases they are judged in: anchors sorted; of the others, what holds anchors first, in reverse.
fn arranged(fields: &Map<String, Value>) -> (Vec<Entry<'_>>, Vec<Entry<'_>>) {
    let mut entries: Vec<Entry<'_>> = fields
        .iter()
        .map(|(key, pattern)| {
            let (anchor, name) = match Anchor::parse(key) {
                Some((Anchor::AddIfAbsent, _)) | None => (None, key.as_str()),
                Some((anchor, name)) => (Some(anchor), name),
            };
            Entry {
                anchor,
                key,
                name,
                pattern,
            }
        })
        .collect();
    entries.sort_by(|a, b| a.key.cmp(b.key));
    let (anchors, plain): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .partition(|entry| entry.anchor.is_some_and(Anchor::is_judged_first));
    let (mut first, rest): (Vec<_>, Vec<_>) = plain
        .into_iter()
        .partition(|entry| entry.anchor == Some(Anchor::Global) || has_anchors(entry.pattern, 0));
    first.reverse();
    first.extend(rest);
    (anchors, first)
}

fn has_anchors(pattern: &Value, depth: usize) -> bool {
    if depth > MAX_PATTERN_DEPTH {
        return false;
    }
    let below = |inner: &Value| has_anchors(inner, depth.saturating_add(1));
    match pattern {
        Value::Object(fields) => fields.iter().any(|(key, inner)| {
            let anchor = Anchor::parse(key).map(|(anchor, _)| anchor);
            anchor.is_some_and(|anchor| anchor != Anchor::AddIfAbsent) || below(inner)
        }),
        Value::Array(items) => items.iter().any(below),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
