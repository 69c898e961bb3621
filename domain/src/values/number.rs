//! Numbers: finite IEEE doubles that say exactly what was written (rule 37).

use super::invalid::Invalid;

/// Beyond it, not every whole number is a double of its own.
const EXACT_MAX: u64 = 1 << 53;

/// The number; -0 is 0.
///
/// # Errors
/// A whole number beyond 2^53, which would be rounded.
pub fn parse_number(number: &serde_json::Number) -> Result<f64, Invalid> {
    let whole = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
    let double = number.as_f64().filter(|double| double.is_finite()).ok_or(Invalid::NumberTooLarge)?;
    let is_exact = match whole {
        Some(whole) => whole <= EXACT_MAX,
        #[allow(clippy::cast_precision_loss, reason = "2^53 is a double")]
        None => double.fract() != 0.0 || double.abs() <= EXACT_MAX as f64,
    };
    if is_exact { Ok(positive_zero(double)) } else { Err(Invalid::NumberTooLarge) }
}

/// The same number; -0 is 0, so that equal numbers have equal bits.
pub(crate) fn positive_zero(number: f64) -> f64 {
    if number == 0.0 { 0.0 } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<f64, Invalid> {
        parse_number(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn a_number_is_the_double_that_was_written() {
        for (text, number) in [("0.1", 0.1), ("-3", -3.0), ("2.50", 2.5), ("9007199254740992", 9_007_199_254_740_992.0)]
        {
            assert_eq!(parsed(text), Ok(number));
        }
        assert!(parsed("-0").unwrap().is_sign_positive() && parsed("-0.0").unwrap().is_sign_positive());
    }

    #[test]
    fn a_whole_number_that_would_be_rounded_is_refused() {
        for text in ["9007199254740993", "-9007199254740993", "1e300", "18446744073709551615", "9007199254740994.0"] {
            assert_eq!(parsed(text), Err(Invalid::NumberTooLarge), "{text}");
        }
    }
}
