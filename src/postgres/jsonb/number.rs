//! A JSON number as `numeric` prints it.

/// Digits after the point that numeric keeps (`NUMERIC_DSCALE_MAX`).
const MOST_FRACTION_DIGITS: i64 = 16_383;
/// Digits before the point that numeric keeps: 2^15 words of 4 (`NUMERIC_WEIGHT_MAX`).
const MOST_WHOLE_DIGITS: i64 = 131_072;
/// The exponents that `set_var_from_str` takes, even of 0.
const LARGEST_EXPONENT: i64 = (i32::MAX / 2) as i64;

/// Why there is no such number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    Syntax {
        /// That many bytes are well.
        after: usize,
    },
    OutOfRange,
}

/// The parts of a number.
struct Parts<'n> {
    negative: bool,
    whole: &'n [u8],
    fraction: &'n [u8],
    exponent: i64,
    /// Bytes read.
    length: usize,
}

/// Writes the number that `text` begins with, and tells how long it is.
pub(super) fn canonical(text: &[u8], out: &mut Vec<u8>) -> Result<usize, Problem> {
    let parts = parts(text)?;
    if parts.exponent == 0 && parts.fraction.is_empty() && parts.whole.len() < 100 {
        // By far the most: a whole number as it stands, but for -0.
        if parts.negative && parts.whole != b"0" {
            out.push(b'-');
        }
        out.extend_from_slice(parts.whole);
        return Ok(parts.length);
    }
    shifted(&parts, out)?;
    Ok(parts.length)
}

fn parts(text: &[u8]) -> Result<Parts<'_>, Problem> {
    let negative = text.first() == Some(&b'-');
    let mut at = usize::from(negative);
    let whole = digits(text, at)?;
    if whole.len() > 1 && whole.first() == Some(&b'0') {
        return Err(Problem::Syntax { after: at + 1 });
    }
    at += whole.len();
    let mut fraction: &[u8] = &[];
    if text.get(at) == Some(&b'.') {
        fraction = digits(text, at + 1)?;
        at += 1 + fraction.len();
    }
    let mut exponent = 0;
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1;
        let sign = match text.get(at) {
            Some(b'-') => -1,
            _ => 1,
        };
        at += usize::from(matches!(text.get(at), Some(b'-' | b'+')));
        let power = digits(text, at)?;
        at += power.len();
        let add =
            |sum: i64, digit: &u8| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
        exponent = sign * power.iter().fold(0_i64, add);
        if exponent.abs() >= LARGEST_EXPONENT {
            return Err(Problem::OutOfRange);
        }
    }
    // PostgreSQL takes letters right after a number as part of it.
    if text.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
        return Err(Problem::Syntax { after: at });
    }
    Ok(Parts { negative, whole, fraction, exponent, length: at })
}

/// At least one digit from `at` on.
fn digits(text: &[u8], at: usize) -> Result<&[u8], Problem> {
    let rest = text.get(at..).unwrap_or_default();
    let count = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, _) = rest.split_at(count);
    if digits.is_empty() { Err(Problem::Syntax { after: at }) } else { Ok(digits) }
}

/// Writes the digits with the point where the exponent puts it.
fn shifted(parts: &Parts<'_>, out: &mut Vec<u8>) -> Result<(), Problem> {
    let scale = (parts.fraction.len() as i64 - parts.exponent).max(0);
    if scale > MOST_FRACTION_DIGITS {
        return Err(Problem::OutOfRange);
    }
    let all = || parts.whole.iter().chain(parts.fraction);
    let zeros = all().take_while(|digit| **digit == b'0').count();
    let significant = parts.whole.len() + parts.fraction.len() - zeros;
    // Digits before the point; 0 or less where the first digit that counts is after it.
    let whole = parts.whole.len() as i64 - zeros as i64 + parts.exponent;
    if significant == 0 {
        out.push(b'0');
        point(scale, out);
        out.extend(std::iter::repeat_n(b'0', scale as usize));
        return Ok(());
    }
    if whole > MOST_WHOLE_DIGITS {
        return Err(Problem::OutOfRange);
    }
    if parts.negative {
        out.push(b'-');
    }
    let mut digits = all().skip(zeros).copied().chain(std::iter::repeat(b'0'));
    if whole <= 0 {
        out.push(b'0');
    } else {
        out.extend(digits.by_ref().take(whole as usize));
    }
    point(scale, out);
    let leading = (-whole).clamp(0, scale);
    out.extend(std::iter::repeat_n(b'0', leading as usize));
    out.extend(digits.take((scale - leading) as usize));
    Ok(())
}

fn point(scale: i64, out: &mut Vec<u8>) {
    if scale > 0 {
        out.push(b'.');
    }
}
