//! Which traces are recorded: the samplers of OpenTelemetry's specification, by their names.

use crate::identifiers::TraceId;
use crate::traceparent::RemoteParent;

/// `OTEL_TRACES_SAMPLER` with its argument.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sampler {
    /// Whether a caller that says which trace its request belongs to also says whether it is recorded.
    follows_caller: bool,
    /// Share of the traces that begin here.
    share: Share,
}

/// A share of all traces.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Share {
    All,
    None,
    /// Trace ids whose last 8 bytes, without the first bit, are below this.
    Below(u64),
}

impl Default for Sampler {
    /// `parentbased_always_on`.
    fn default() -> Self {
        Self {
            follows_caller: true,
            share: Share::All,
        }
    }
}

impl Sampler {
    /// The sampler called `name`, whose ratio is `argument`.
    ///
    /// # Errors
    /// A sentence on what was expected.
    pub(crate) fn named(name: &str, argument: Option<&str>) -> Result<Self, String> {
        let (follows_caller, own) = match name.strip_prefix("parentbased_") {
            Some(own) => (true, own),
            None => (false, name),
        };
        let share = match own {
            "always_on" => Share::All,
            "always_off" => Share::None,
            "traceidratio" => Share::of(argument)?,
            _ => {
                return Err(format!(
                    "sampler `{name}` is not known: expected always_on, always_off or traceidratio, with or without \
                     parentbased_ before it"
                ));
            }
        };
        Ok(Self {
            follows_caller,
            share,
        })
    }

    /// Whether `trace`, perhaps begun by a caller, is recorded.
    pub(crate) fn records(&self, trace: TraceId, caller: Option<RemoteParent>) -> bool {
        match caller {
            Some(caller) if self.follows_caller => caller.is_sampled,
            _ => self.share.holds(trace),
        }
    }
}

impl Share {
    /// A ratio between 0 and 1, all of them where nothing is said.
    fn of(argument: Option<&str>) -> Result<Self, String> {
        let Some(argument) = argument else {
            return Ok(Self::All);
        };
        let ratio = argument.trim().parse::<f64>().ok();
        match ratio.filter(|ratio| (0.0..=1.0).contains(ratio)) {
            Some(ratio) if ratio >= 1.0 => Ok(Self::All),
            Some(ratio) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    clippy::cast_precision_loss,
                    reason = "the ratio is between 0 and 1; the last bits of a share do not matter"
                )]
                let below = (ratio * (1_u64 << 63) as f64) as u64;
                Ok(Self::Below(below))
            }
            None => Err(format!("ratio `{argument}`: expected a number between 0 and 1")),
        }
    }

    fn holds(self, trace: TraceId) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Below(bound) => {
                let [.., a, b, c, d, e, f, g, h] = trace.0;
                u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1 < bound
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifiers::SpanId;

    fn caller(is_sampled: bool) -> Option<RemoteParent> {
        Some(RemoteParent {
            trace: TraceId([1; 16]),
            span: SpanId([1; 8]),
            is_sampled,
        })
    }

    #[test]
    fn a_caller_is_followed_only_by_samplers_that_say_so() {
        let trace = TraceId([1; 16]);
        let default = Sampler::default();
        assert!(default.records(trace, None) && default.records(trace, caller(true)));
        assert!(!default.records(trace, caller(false)));
        let always = Sampler::named("always_on", None).unwrap();
        assert!(always.records(trace, caller(false)));
        let never = Sampler::named("parentbased_always_off", None).unwrap();
        assert!(never.records(trace, caller(true)) && !never.records(trace, None));
    }

    #[test]
    fn a_ratio_records_that_share_of_the_traces_and_the_same_ones_everywhere() {
        let half = Sampler::named("traceidratio", Some("0.5")).unwrap();
        let with_last = |last: [u8; 8]| {
            let mut bytes = [7; 16];
            bytes[8..].copy_from_slice(&last);
            TraceId(bytes)
        };
        assert!(half.records(with_last([0x7f; 8]), None));
        assert!(!half.records(with_last([0x81; 8]), None));
        assert!(
            !Sampler::named("traceidratio", Some("0"))
                .unwrap()
                .records(with_last([0; 8]), None)
        );
        assert!(
            Sampler::named("traceidratio", Some("1"))
                .unwrap()
                .records(with_last([255; 8]), None)
        );
    }

    #[test]
    fn what_is_no_sampler_is_told() {
        assert!(
            Sampler::named("jaeger_remote", None)
                .unwrap_err()
                .contains("`jaeger_remote`")
        );
        for argument in ["2", "-0.1", "half", "NaN"] {
            assert!(
                Sampler::named("traceidratio", Some(argument)).is_err(),
                "{argument}"
            );
        }
    }
}
