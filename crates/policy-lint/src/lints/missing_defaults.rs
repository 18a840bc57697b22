//! Fields that may be absent, read in a condition without a default.
//!
//! There is no lenient mode: an absent key makes the condition an error, and with it the rule. In the preconditions of a
//! loop the element is passed over, which is worse: it is not judged.

use jmespath::{ArgumentType, Expression};
use manifest::FieldPath;
use policy_types::kyverno_io::filters::{MatchResources, ResourceFilter};
use policy_types::kyverno_io::rule::Rule;
use policy_types::variables::{expression, variables};
use serde_json::Value;

use crate::code::LintCode;
use crate::conditions::{Site, sites};
use crate::finding::Report;
use crate::kubernetes::{Kind, Shape};
use crate::source::{Source, kinds_of};
use crate::variables::{Chain, Link, Unguarded, absent_in, defaulted, lists, unguarded};

/// The metadata of every object, known or not.
const METADATA: Shape = Shape::Object("ObjectMeta");
/// What a request is about, before and after.
const OBJECTS: [&[&str]; 2] = [&["request", "object"], &["request", "oldObject"]];

/// Looks at every condition over the request.
pub(crate) fn check(source: &Source<'_>, report: &mut Report<'_>) {
    for (rule, path) in source.rules() {
        let kinds = kinds_of(&rule.matches);
        let sites = sites(rule, &path);
        // Each chain is told once: where it is read first, and where it is absent, nothing after is reached.
        let mut settled = asked_for(&sites);
        for (site, path) in sites {
            let elements = site
                .list
                .map(|list| elements_of(list, &kinds))
                .unwrap_or_default();
            let known = Known {
                rule,
                kinds: &kinds,
                elements: &elements,
            };
            for (condition, path) in site.conditions.each(&path) {
                for (name, operand) in [("key", &condition.key), ("value", &condition.value)] {
                    check_operand(operand, &known, (site, &path.key(name)), &mut settled, report);
                }
            }
        }
    }
}

/// What is known of the objects a condition speaks of.
struct Known<'r> {
    rule: &'r Rule,
    kinds: &'r [Kind],
    elements: &'r [Shape],
}

/// A chain that needs no further word, and for `element` the list of its loop.
type Settled<'r> = (Chain, Option<&'r str>);

fn settled<'r>(chain: Chain, site: Site<'r>) -> Settled<'r> {
    let list = site.list.filter(|_| chain.below(&["element"]).is_some());
    (chain, list)
}

/// Chains that some condition of the rule reads with a default: the others are likely to be guarded by that condition.
fn asked_for<'r>(sites: &[(Site<'r>, FieldPath)]) -> Vec<Settled<'r>> {
    let conditions = sites.iter().flat_map(|(site, path)| {
        site.conditions
            .each(path)
            .into_iter()
            .map(|(one, _)| (*site, one))
    });
    let operands = conditions.flat_map(|(site, one)| [(site, &one.key), (site, &one.value)]);
    let texts = operands.flat_map(|(site, operand)| {
        variables(operand.as_str().unwrap_or_default()).map(move |text| (site, text))
    });
    let parsed = texts.filter_map(|(site, text)| Some((site, Expression::compile(expression(text)).ok()?)));
    parsed
        .flat_map(|(site, parsed)| {
            defaulted(&parsed)
                .into_iter()
                .map(move |chain| settled(chain, site))
        })
        .collect()
}

fn check_operand<'r>(
    operand: &Value,
    known: &Known<'_>,
    (site, path): (Site<'r>, &FieldPath),
    done: &mut Vec<Settled<'r>>,
    report: &mut Report<'_>,
) {
    for variable in variables(operand.as_str().unwrap_or_default()) {
        let text = expression(variable);
        let Ok(parsed) = Expression::compile(text) else {
            continue;
        };
        for one in unguarded(&parsed) {
            let key = settled(one.chain.clone(), site);
            let Some(shape) = known.absent(&one.chain).filter(|_| !done.contains(&key)) else {
                continue;
            };
            let effect = match (site.list, site.denies) {
                (Some(_), false) => "the element is passed over and not judged",
                (None, _) | (Some(_), true) => "the rule ends in an error",
            };
            tell(&one, shape, text, effect, path, report);
            done.push(key);
        }
    }
}

fn tell(one: &Unguarded, shape: Shape, text: &str, effect: &str, path: &FieldPath, report: &mut Report<'_>) {
    let chain = one.chain.to_string();
    let (message, default) = match &one.argument_of {
        None => (
            format!("`{chain}` may be absent; then {effect}"),
            default_for(shape),
        ),
        Some((function, takes)) => (
            format!("`{chain}` may be absent, and `{function}` takes no null; then {effect}"),
            default_of(takes, shape),
        ),
    };
    let guarded = if one.argument_of.is_none() && text.ends_with(&chain) {
        format!("{{{{ {text} || {default} }}}}")
    } else {
        format!("{chain} || {default}")
    };
    report.replace(LintCode::MissingDefault, path, message, guarded);
}

/// The empty value of a shape, as JMESPath writes it.
fn default_for(shape: Shape) -> &'static str {
    match shape {
        Shape::List(_) => "`[]`",
        Shape::Map(_) | Shape::Object(_) => "`{}`",
        Shape::Scalar | Shape::Anything => "''",
    }
}

/// The empty value that a function takes, of the field's own shape if it can.
fn default_of(takes: &[ArgumentType], shape: Shape) -> &'static str {
    let takes_any = |wanted: &[ArgumentType]| takes.iter().any(|one| wanted.contains(one));
    let own = default_for(shape);
    let fits = match shape {
        Shape::List(_) => takes_any(&[ArgumentType::Array, ArgumentType::StringArray]),
        Shape::Map(_) | Shape::Object(_) => takes_any(&[ArgumentType::Object]),
        Shape::Scalar | Shape::Anything => takes_any(&[ArgumentType::String]),
    };
    match takes.first() {
        _ if fits => own,
        Some(ArgumentType::Number) => "`0`",
        Some(ArgumentType::Array | ArgumentType::NumberArray | ArgumentType::StringArray) => "`[]`",
        Some(ArgumentType::Object) => "`{}`",
        Some(ArgumentType::String | ArgumentType::Expression | ArgumentType::Bool | ArgumentType::Any)
        | None => own,
    }
}

impl Known<'_> {
    /// The shape of what `chain` names, if it may be absent.
    fn absent(&self, chain: &Chain) -> Option<Shape> {
        if let Some(below) = chain.below(&["element"]) {
            return self
                .elements
                .iter()
                .find_map(|element| absent_in(*element, below));
        }
        let below = OBJECTS.iter().find_map(|root| chain.below(root))?;
        if let [Link::Key(metadata), rest @ ..] = below
            && metadata == "metadata"
        {
            let shape = absent_in(METADATA, rest)?;
            return (!is_selected(&self.rule.matches, rest)).then_some(shape);
        }
        self.kinds.iter().find_map(|kind| absent_in(kind.shape(), below))
    }
}

/// Whether every filter of the rule asks for this very label or annotation, so that it is there.
fn is_selected(matches: &MatchResources, links: &[Link]) -> bool {
    let [Link::Key(map), Link::Key(key), ..] = links else {
        return false;
    };
    let asks = |filter: &ResourceFilter| match map.as_str() {
        "annotations" => filter.resources.annotations.contains_key(key),
        "labels" => filter.resources.selector.as_ref().is_some_and(|selector| {
            let requires = |operator: &str| matches!(operator, "In" | "Exists");
            selector.match_labels.contains_key(key)
                || selector
                    .match_expressions
                    .iter()
                    .any(|one| one.key == *key && requires(&one.operator))
        }),
        _ => false,
    };
    let listed = matches
        .filters()
        .filter(|(place, _)| place.is_some() || !matches.has_blocks());
    let mut listed = listed.map(|(_, filter)| filter);
    listed.all(asks)
}

/// The shapes of a loop's elements, as far as the list tells.
fn elements_of(list: &str, kinds: &[Kind]) -> Vec<Shape> {
    let Ok(parsed) = Expression::compile(list) else {
        return Vec::new();
    };
    let mut shapes = Vec::new();
    for chain in lists(parsed.tree()) {
        let Some(below) = OBJECTS.iter().find_map(|root| chain.below(root)) else {
            continue;
        };
        shapes.extend(kinds.iter().filter_map(|kind| at(kind.shape(), below)?.element()));
    }
    shapes
}

fn at(start: Shape, links: &[Link]) -> Option<Shape> {
    links.iter().try_fold(start, |shape, link| match link {
        Link::Element => shape.element(),
        Link::Key(name) => match shape.field(name) {
            crate::kubernetes::Step::Found { shape, .. } => Some(shape),
            crate::kubernetes::Step::Missing | crate::kubernetes::Step::Unknown => None,
        },
    })
}
