//! Reading and printing quantities.

use super::{Format, MAX_SCALE, Quantity, QuantityError};
use std::fmt;

/// Kubernetes keeps nothing finer than a nano unit, rounding away from zero.
const NANO_SCALE: i32 = 9;
/// Decimal digits that Kubernetes' fast path takes for granted in an int64.
const INT64_DIGITS: usize = 18;

/// A text cut into its parts: sign, digits before and after the point, suffix.
struct Parts<'t> {
    negative: bool,
    whole: &'t str,
    fraction: &'t str,
    suffix: &'t str,
    /// Whether there is any digit, leading zeros included; a suffix alone reads as zero unless it is large
    has_digits: bool,
}

impl Quantity {
    /// Reads a quantity.
    ///
    /// # Errors
    /// [`QuantityError`]: wrong form, suffix, or more than this implementation holds.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let parts = split(text)?;
        let (binary_power, exponent, format) = interpret(parts.suffix)?;
        if exponent.abs() > MAX_SCALE {
            return Err(QuantityError::OutOfBounds);
        }
        let digits = [parts.whole, parts.fraction].concat();
        let magnitude = significant(&digits)?;
        let magnitude = if parts.negative {
            magnitude.checked_neg()
        } else {
            Some(magnitude)
        };
        let mantissa = magnitude.ok_or(QuantityError::OutOfBounds)?;
        let fraction = i32::try_from(parts.fraction.len()).map_err(|_| QuantityError::OutOfBounds)?;
        if format == Format::BinarySi {
            return Self::binary(mantissa, fraction, binary_power, &parts);
        }
        let scale = fraction.checked_sub(exponent).ok_or(QuantityError::OutOfBounds)?;
        let exact = Self {
            mantissa,
            scale,
            format,
        };
        let whole_digits = parts.whole.len().max(1);
        let fits_fast_path =
            whole_digits.saturating_add(parts.fraction.len()) <= INT64_DIGITS && scale <= NANO_SCALE;
        Ok(if fits_fast_path {
            exact
        } else {
            exact.rounded_to_nano()
        })
    }

    /// `mantissa × 10^-scale × 2^power`, capped at ±(2^63-1) as Kubernetes does for this family.
    fn binary(mantissa: i128, scale: i32, power: u32, parts: &Parts<'_>) -> Result<Self, QuantityError> {
        let format = Format::BinarySi;
        let cap = Self::from_integer(i64::MAX, format);
        let floor = Self::from_integer(i64::MAX.saturating_neg(), format);
        let Some(product) = 1i128
            .checked_shl(power)
            .and_then(|factor| mantissa.checked_mul(factor))
        else {
            // past the cap by the digits before the point alone, or too fine to be held
            let divisor = u32::try_from(scale)
                .ok()
                .and_then(|scale| 10i128.checked_pow(scale));
            let whole = divisor
                .and_then(|divisor| mantissa.checked_div(divisor))
                .unwrap_or(0);
            let is_capped = whole
                .unsigned_abs()
                .checked_shr(63u32.saturating_sub(power))
                .unwrap_or(0)
                > 0;
            let limit = if mantissa > 0 { cap } else { floor };
            return if is_capped {
                Ok(limit)
            } else {
                Err(QuantityError::OutOfBounds)
            };
        };
        let exact = Self {
            mantissa: product,
            scale,
            format,
        };
        let is_short = is_short(parts, power);
        if !parts.has_digits && !is_short {
            return Err(QuantityError::Number);
        }
        if scale == 0 && is_short && exact <= cap && exact >= floor {
            return Ok(exact);
        }
        let rounded = exact.rounded_to_nano();
        let is_fraction = !rounded.is_zero() && rounded.magnitude() < 0;
        Ok(if is_fraction {
            Self {
                format: Format::DecimalSi,
                ..rounded
            }
        } else {
            rounded.clamp(floor, cap)
        })
    }

    /// At scale nine, away from zero; left as it is where nine more digits do not fit.
    fn rounded_to_nano(self) -> Self {
        if self.mantissa == 0 {
            return self;
        }
        if self.scale <= NANO_SCALE {
            return self.mantissa_at(NANO_SCALE).map_or(self, |mantissa| Self {
                mantissa,
                scale: NANO_SCALE,
                ..self
            });
        }
        let shift = u32::try_from(self.scale.saturating_sub(NANO_SCALE)).unwrap_or(u32::MAX);
        let divisor = 10i128.checked_pow(shift);
        let (quotient, rest) = match divisor {
            Some(divisor) => (
                self.mantissa.checked_div(divisor).unwrap_or(0),
                self.mantissa.checked_rem(divisor).unwrap_or(0),
            ),
            None => (0, self.mantissa),
        };
        let mantissa = if rest == 0 {
            quotient
        } else {
            quotient.saturating_add(self.mantissa.signum())
        };
        Self {
            mantissa,
            scale: NANO_SCALE,
            ..self
        }
    }

    /// Without trailing zeros in the mantissa.
    fn reduced(self) -> (i128, i64) {
        let (mut mantissa, mut exponent) = (self.mantissa, i64::from(self.scale).saturating_neg());
        while mantissa != 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            exponent = exponent.saturating_add(1);
        }
        (mantissa, exponent)
    }

    /// The value as a whole number, if it is one.
    fn whole(&self) -> Option<i128> {
        let (mantissa, exponent) = self.reduced();
        mantissa.checked_mul(10i128.checked_pow(u32::try_from(exponent).ok()?)?)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("0");
        }
        let whole = self.whole().filter(|whole| whole.unsigned_abs() >= 1024);
        if let (Format::BinarySi, Some(mut amount)) = (self.format, whole) {
            let mut suffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter();
            let mut suffix = suffixes.next();
            while amount % 1024 == 0 && suffixes.len() > 0 {
                amount /= 1024;
                suffix = suffixes.next();
            }
            return write!(f, "{amount}{}", suffix.unwrap_or(&""));
        }
        let (mantissa, exponent) = self.reduced();
        let zeros = exponent.rem_euclid(3);
        let exponent = exponent.saturating_sub(zeros);
        let padding = usize::try_from(zeros).unwrap_or(0);
        write!(f, "{mantissa}{:0<padding$}", "")?;
        match (self.format, decimal_suffix(exponent)) {
            (Format::DecimalSi | Format::BinarySi, Some(suffix)) => f.write_str(suffix),
            _ if exponent == 0 => Ok(()),
            _ => write!(f, "e{exponent}"),
        }
    }
}

/// Kubernetes' estimate of whether an integer of this many digits, shifted, stays exact in an int64.
fn is_short(parts: &Parts<'_>, power: u32) -> bool {
    let digits = parts
        .whole
        .len()
        .max(1)
        .saturating_add(usize::try_from(power).unwrap_or(usize::MAX).saturating_mul(3) / 10);
    digits <= 14
}

fn split(text: &str) -> Result<Parts<'_>, QuantityError> {
    if text.is_empty() {
        return Err(QuantityError::Form);
    }
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let begins_with_digit = rest.starts_with(|c: char| c.is_ascii_digit());
    let rest = rest.trim_start_matches('0');
    let after_whole = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let whole = before(rest, after_whole);
    let (fraction, suffix) = match after_whole.strip_prefix('.') {
        Some(decimals) => {
            let suffix = decimals.trim_start_matches(|c: char| c.is_ascii_digit());
            (before(decimals, suffix), suffix)
        }
        None => ("", after_whole),
    };
    let after_letters = suffix.trim_start_matches(|c: char| "eEinumkKMGTP".contains(c));
    let digits = after_letters.strip_prefix(['-', '+']).unwrap_or(after_letters);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(QuantityError::Form);
    }
    let has_digits = begins_with_digit || !fraction.is_empty();
    Ok(Parts {
        negative,
        whole,
        fraction,
        suffix,
        has_digits,
    })
}

/// The front of `text` that `rest` is the end of.
fn before<'t>(text: &'t str, rest: &str) -> &'t str {
    text.len()
        .checked_sub(rest.len())
        .and_then(|end| text.get(..end))
        .unwrap_or(text)
}

/// The digits as a number.
fn significant(digits: &str) -> Result<i128, QuantityError> {
    if digits.is_empty() {
        Ok(0)
    } else {
        digits.parse().map_err(|_| QuantityError::OutOfBounds)
    }
}

/// A suffix as (power of two, power of ten, family).
fn interpret(suffix: &str) -> Result<(u32, i32, Format), QuantityError> {
    let decimal = |exponent| Ok((0, exponent, Format::DecimalSi));
    let binary = |power| Ok((power, 0, Format::BinarySi));
    match suffix {
        "" => decimal(0),
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => {
            let digits = suffix.strip_prefix(['e', 'E']).ok_or(QuantityError::Suffix)?;
            let exponent: i64 = digits.parse().map_err(|_| QuantityError::Suffix)?;
            let exponent = i32::try_from(exponent).map_err(|_| QuantityError::OutOfBounds)?;
            Ok((0, exponent, Format::DecimalExponent))
        }
    }
}

fn decimal_suffix(exponent: i64) -> Option<&'static str> {
    Some(match exponent {
        -9 => "n",
        -6 => "u",
        -3 => "m",
        0 => "",
        3 => "k",
        6 => "M",
        9 => "G",
        12 => "T",
        15 => "P",
        18 => "E",
        _ => return None,
    })
}
