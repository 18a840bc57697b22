//! Kyverno's `random()`: text that a pattern matches, from randomness that the host gives.
//!
//! Source: Kyverno 1.19 `sdk/extensions/cel/libs/random`, which uses goregen: open repetitions end after a few turns.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::arguments::string;
use crate::context::Context;
use crate::declaration::{Declared, function};
use crate::error::EvalError;
use crate::host::Question;
use crate::limits::MAX_RANDOM_REPEAT;
use crate::re2;
use crate::value::Value;

type Result<T> = std::result::Result<T, EvalError>;

pub(crate) const FUNCTIONS: &[Declared] = &[
    function("random", "() -> string", |context, _| random(context, DEFAULT)),
    function("random.random", "() -> string", |context, _| {
        random(context, DEFAULT)
    }),
    function("random", "(string) -> string", |context, a| {
        random(context, string(a, 0)?)
    }),
    function("random.random", "(string) -> string", |context, a| {
        random(context, string(a, 0)?)
    }),
];

/// What is made when nothing is asked for
const DEFAULT: &str = "[0-9a-z]{8}";

fn random<'v>(context: &mut Context<'_, 'v>, pattern: &str) -> Result<Value<'v>> {
    context.surcharge(re2::reading_cost(pattern))?;
    let parsed = re2::parse(pattern).map_err(re2::Refusal::into_error)?;
    let Value::Uint(seed) = context.ask(&Question::Random)? else {
        return Err(EvalError::failed("no randomness is available"));
    };
    let mut generator = Generator {
        state: seed,
        out: String::new(),
    };
    generator.write(context, parsed.hir())?;
    Ok(Value::string(generator.out))
}

struct Generator {
    state: u64,
    out: String,
}

impl Generator {
    /// The next number below `bound` (splitmix64; its seed is the host's randomness)
    fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).checked_rem(bound).unwrap_or(0)
    }

    fn write(&mut self, context: &mut Context<'_, '_>, hir: &Hir) -> Result<()> {
        context.spend(1)?;
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Ok(()),
            HirKind::Literal(literal) => {
                context.meter.allocate(literal.0.len())?;
                self.out.push_str(&String::from_utf8_lossy(&literal.0));
                Ok(())
            }
            HirKind::Class(class) => {
                context.meter.allocate(4)?;
                let character = self.one_of(class);
                self.out.extend(character);
                Ok(())
            }
            HirKind::Capture(capture) => self.write(context, &capture.sub),
            HirKind::Concat(parts) => parts.iter().try_for_each(|part| self.write(context, part)),
            HirKind::Alternation(branches) => {
                let chosen = usize::try_from(self.below(branches.len() as u64)).unwrap_or(0);
                branches
                    .get(chosen)
                    .map_or(Ok(()), |branch| self.write(context, branch))
            }
            HirKind::Repetition(repetition) => {
                let most = repetition
                    .max
                    .unwrap_or(repetition.min.saturating_add(MAX_RANDOM_REPEAT));
                let spread = u64::from(most.saturating_sub(repetition.min)).saturating_add(1);
                let count = u64::from(repetition.min).saturating_add(self.below(spread));
                (0..count).try_for_each(|_| self.write(context, &repetition.sub))
            }
        }
    }

    fn one_of(&mut self, class: &Class) -> Option<char> {
        let ranges: Vec<(u32, u32)> = match class {
            Class::Unicode(class) => class
                .iter()
                .map(|range| (range.start().into(), range.end().into()))
                .collect(),
            Class::Bytes(class) => class
                .iter()
                .map(|range| (range.start().into(), range.end().into()))
                .collect(),
        };
        let width = |(start, end): &(u32, u32)| u64::from(end.saturating_sub(*start)).saturating_add(1);
        let mut chosen = self.below(ranges.iter().map(width).sum());
        for range in &ranges {
            if let Some(left) = chosen.checked_sub(width(range)) {
                chosen = left;
                continue;
            }
            return char::from_u32(range.0.saturating_add(u32::try_from(chosen).unwrap_or(0)));
        }
        None
    }
}
