//! Kubernetes resource quantities: `500m`, `1.5Gi`, `1e3`, exact at every scale.
//!
//! In: text. Out: [`Quantity`], a decimal `mantissa × 10^-scale` with the suffix family it was written in; compared
//! exactly, added, multiplied, printed in Kubernetes' canonical form.
//! Never: a float where an exact answer exists. Bounds: 38 significant digits ([`MAX_DIGITS`]), exponents of ±[`MAX_SCALE`];
//! what leaves them is an error. Kubernetes has no such bounds, and no resource comes near them.
//!
//! Behaviour: k8s.io/apimachinery v0.36 pkg/api/resource (parsing, caps, canonical form), gopkg.in/inf.v0 (scales).

mod text;
mod arithmetic;

use std::cmp::Ordering;
use thiserror::Error;

/// Significant decimal digits a mantissa may have.
pub const MAX_DIGITS: u32 = 38;
/// Largest magnitude of a decimal exponent.
pub const MAX_SCALE: i32 = 1_000_000;

/// The suffix family a quantity was written in and is printed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// `n u m k M G T P E` or no suffix
    DecimalSi,
    /// `Ki Mi Gi Ti Pi Ei`
    BinarySi,
    /// `1e3`
    DecimalExponent,
}

/// An exact amount.
#[derive(Debug, Clone, Copy)]
pub struct Quantity {
    /// The digits, scaled up
    mantissa: i128,
    /// How many of them stand after the decimal point; may be negative. The value is `mantissa × 10^-scale`.
    scale: i32,
    format: Format,
}

/// Why a text is no quantity, or a result cannot be held.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QuantityError {
    /// The text has not the form of a quantity
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Form,
    /// The number before the suffix cannot be read
    #[error("unable to parse numeric part of quantity")]
    Number,
    /// The suffix is none that Kubernetes knows
    #[error("unable to parse quantity's suffix")]
    Suffix,
    /// More digits or a larger exponent than this implementation holds
    #[error("quantity has more than {MAX_DIGITS} significant digits or an exponent beyond {MAX_SCALE}")]
    OutOfBounds,
    /// Division by zero
    #[error("quantity divided by zero")]
    ZeroDivisor,
}

impl Quantity {
    /// The integer `value`, printed in `format`.
    #[must_use]
    pub fn from_integer(value: i64, format: Format) -> Self {
        Self {
            mantissa: i128::from(value),
            scale: 0,
            format,
        }
    }

    /// The family the quantity is printed in.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Whether the amount is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.mantissa == 0
    }

    /// The mantissa at a finer scale, or `None` where it leaves 38 digits.
    fn mantissa_at(&self, scale: i32) -> Option<i128> {
        let shift = scale.checked_sub(self.scale)?;
        if self.mantissa == 0 {
            return Some(0);
        }
        self.mantissa
            .checked_mul(10i128.checked_pow(u32::try_from(shift).ok()?)?)
    }

    /// The number of digits before the decimal point (negative for leading zeros after it).
    fn magnitude(&self) -> i64 {
        let digits = self.mantissa.unsigned_abs().checked_ilog10().unwrap_or(0);
        i64::from(digits).saturating_sub(i64::from(self.scale))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        let signs = self.mantissa.signum().cmp(&other.mantissa.signum());
        if signs != Ordering::Equal || self.mantissa == 0 {
            return signs;
        }
        let by_size = match self.magnitude().cmp(&other.magnitude()) {
            Ordering::Equal => {
                let scale = self.scale.max(other.scale);
                // of equal magnitude, so the one with fewer digits can be brought to the other's without overflow
                match (self.mantissa_at(scale), other.mantissa_at(scale)) {
                    (Some(left), Some(right)) => left.unsigned_abs().cmp(&right.unsigned_abs()),
                    (None, _) => Ordering::Greater,
                    (_, None) => Ordering::Less,
                }
            }
            unequal @ (Ordering::Less | Ordering::Greater) => unequal,
        };
        if self.mantissa < 0 {
            by_size.reverse()
        } else {
            by_size
        }
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

#[cfg(test)]
mod tests;
