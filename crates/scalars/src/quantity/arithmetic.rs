//! Arithmetic on quantities, as Kyverno's JMESPath functions need it. The left operand gives the format.

use super::{Format, Quantity, QuantityError};

impl Quantity {
    /// The sum; a zero on the left takes the format of the right.
    ///
    /// # Errors
    /// [`QuantityError::OutOfBounds`].
    pub fn checked_add(self, other: Self) -> Result<Self, QuantityError> {
        let format = if self.is_zero() { other.format } else { self.format };
        let scale = self.scale.max(other.scale);
        let sum = match (self.mantissa_at(scale), other.mantissa_at(scale)) {
            (Some(left), Some(right)) => left.checked_add(right),
            _ => None,
        };
        sum.map(|mantissa| Self {
            mantissa,
            scale,
            format,
        })
        .ok_or(QuantityError::OutOfBounds)
    }

    /// The difference; a zero on the left takes the format of the right.
    ///
    /// # Errors
    /// [`QuantityError::OutOfBounds`].
    pub fn checked_sub(self, other: Self) -> Result<Self, QuantityError> {
        let mantissa = other.mantissa.checked_neg().ok_or(QuantityError::OutOfBounds)?;
        self.checked_add(Self { mantissa, ..other })
    }

    /// The exact product.
    ///
    /// # Errors
    /// [`QuantityError::OutOfBounds`].
    pub fn checked_mul(self, factor: Self) -> Result<Self, QuantityError> {
        let product = self
            .mantissa
            .checked_mul(factor.mantissa)
            .zip(self.scale.checked_add(factor.scale));
        product
            .map(|(mantissa, scale)| Self {
                mantissa,
                scale,
                format: self.format,
            })
            .ok_or(QuantityError::OutOfBounds)
    }

    /// The quotient, cut off (toward zero) at the finer scale of the two operands.
    ///
    /// # Errors
    /// [`QuantityError::ZeroDivisor`], [`QuantityError::OutOfBounds`].
    pub fn checked_div(self, divisor: Self) -> Result<Self, QuantityError> {
        if divisor.is_zero() {
            return Err(QuantityError::ZeroDivisor);
        }
        let scale = self.scale.max(divisor.scale);
        // (m1 / 10^s1) / (m2 / 10^s2) × 10^scale = m1 × 10^(scale + s2 - s1) / m2
        let shift = i64::from(scale)
            .saturating_add(i64::from(divisor.scale))
            .saturating_sub(i64::from(self.scale));
        let power = u32::try_from(shift.unsigned_abs())
            .ok()
            .and_then(|shift| 10i128.checked_pow(shift));
        let power = power.ok_or(QuantityError::OutOfBounds)?;
        let (numerator, denominator) = if shift >= 0 {
            (self.mantissa.checked_mul(power), Some(divisor.mantissa))
        } else {
            (Some(self.mantissa), divisor.mantissa.checked_mul(power))
        };
        let quotient = numerator
            .zip(denominator)
            .and_then(|(above, below)| above.checked_div(below));
        quotient
            .map(|mantissa| Self {
                mantissa,
                scale,
                format: self.format,
            })
            .ok_or(QuantityError::OutOfBounds)
    }

    /// The remainder of two whole amounts, printed in the left one's format; `None` unless both are whole int64s
    /// when seen through float64, which is how Kyverno looks at them.
    ///
    /// # Errors
    /// [`QuantityError::ZeroDivisor`].
    pub fn checked_rem(self, divisor: Self) -> Result<Option<Self>, QuantityError> {
        let Some((left, right)) = self.as_whole_i64().zip(divisor.as_whole_i64()) else {
            return Ok(None);
        };
        // the one remainder that overflows, MIN % -1, is zero
        let remainder = left
            .checked_rem(right)
            .or((right == -1).then_some(0))
            .ok_or(QuantityError::ZeroDivisor)?;
        Ok(Some(Self::from_integer(remainder, self.format)))
    }

    /// The amount as a float64, as `Quantity.AsApproximateFloat64` computes it.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "the float64 is asked for as an approximation"
    )]
    pub fn approximate(&self) -> f64 {
        if self.mantissa == 0 {
            // Times the infinity of a large exponent it would be no number.
            return 0.0;
        }
        self.mantissa as f64 * power_of_ten(i64::from(self.scale).saturating_neg())
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked first, the fraction after"
    )]
    #[expect(
        clippy::cast_precision_loss,
        clippy::float_cmp,
        reason = "wholeness is what is being tested"
    )]
    fn as_whole_i64(&self) -> Option<i64> {
        let value = self.approximate();
        let bound = 9_223_372_036_854_775_808.0;
        let truncated = (value >= -bound && value < bound).then_some(value as i64)?;
        (truncated as f64 == value).then_some(truncated)
    }
}

impl Default for Quantity {
    fn default() -> Self {
        Self::from_integer(0, Format::DecimalSi)
    }
}

/// Go's `math.Pow10`: zero below 1e-323, infinity above 1e308.
fn power_of_ten(exponent: i64) -> f64 {
    // "1e-400" reads as zero and "1e400" as infinity, so the text reads as wanted at every exponent
    format!("1e{exponent}").parse().unwrap_or(f64::NAN)
}
