//! Values in the form that `COPY … (FORMAT binary)` reads and prints: a field is its length in
//! bytes (`i32`, big-endian; −1 for NULL), then its bytes.
//!
//! Sources: `PostgreSQL` manual, COPY, "Binary Format"; the `*_recv` and `*_send` functions of
//! the server. What is written here is what the server prints when it is asked back, byte for
//! byte: the digest of a row rests on that.

/// Signature, flags and header extension length: what a binary COPY starts with.
pub(crate) const COPY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// The field count −1 that ends a binary COPY.
pub(crate) const COPY_TRAILER: &[u8] = &(-1_i16).to_be_bytes();

/// Days from 1970-01-01 to 2000-01-01, `PostgreSQL`'s epoch.
const EPOCH_DAYS: i64 = 10_957;

/// The type oids of the elements of the arrays that we write.
const TEXT_OID: u32 = 25;
const VARCHAR_OID: u32 = 1043;
const REAL_OID: u32 = 700;

pub(crate) fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1_i32).to_be_bytes());
}

/// A field of `N` bytes.
#[inline]
pub(crate) fn fixed<const N: usize>(out: &mut Vec<u8>, bytes: [u8; N]) {
    out.extend_from_slice(&(N as i32).to_be_bytes());
    out.extend_from_slice(&bytes);
}

/// A field of any length: text, bytea, enum label, json.
#[inline]
pub(crate) fn bytes(out: &mut Vec<u8>, value: &[u8]) {
    out.extend_from_slice(&(value.len() as i32).to_be_bytes());
    out.extend_from_slice(value);
}

/// A field whose length is known only after `write` has written it.
pub(crate) fn measured<E>(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out)?;
    let length = (out.len() - at - 4) as i32;
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// `bit(n)`: the number of bits, then the bits from the left, padded with zeros on the right.
/// `value` holds the bits as an unsigned number.
pub(crate) fn bit(out: &mut Vec<u8>, bits: u8, value: u64) {
    let count = usize::from(bits).div_ceil(8);
    let shifted = u128::from(value) << (count * 8 - usize::from(bits));
    out.extend_from_slice(&(4 + count as i32).to_be_bytes());
    out.extend_from_slice(&i32::from(bits).to_be_bytes());
    out.extend_from_slice(&shifted.to_be_bytes()[16 - count..]);
}

/// Days since 1970-01-01 of a day in the proleptic Gregorian calendar, year 0 included.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
#[inline]
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Days since 2000-01-01, as `date` keeps them.
#[inline]
pub(crate) fn days(year: u16, month: u8, day: u8) -> i32 {
    (days_from_civil(i64::from(year), i64::from(month), i64::from(day)) - EPOCH_DAYS) as i32
}

/// `numeric` from decimal text such as `-12.3400`; its scale is the number of digits after the
/// point. False, with nothing written, if the text is no plain decimal number.
///
/// The value is a row of base-10,000 digits around the decimal point, without zeros at either
/// end, as `numeric_send` prints it.
pub(crate) fn numeric(out: &mut Vec<u8>, text: &[u8]) -> bool {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    // Both parts fit 64 bits, and so nearly all numbers that there are.
    if digits.len() > 19 {
        return long_numeric(out, text);
    }
    let mut parts = [0_u64; 2];
    let (mut part, mut scale) = (0, 0);
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            parts[part] = parts[part] * 10 + u64::from(digit);
            scale += part;
        } else if *byte == b'.' && part == 0 {
            part = 1;
        } else {
            return false;
        }
    }
    if digits.len() == part {
        return false;
    }
    write_numeric(out, negative, parts, scale);
    true
}

/// The whole part and the fraction, which is so many decimal digits long.
#[inline]
fn write_numeric(
    out: &mut Vec<u8>,
    negative: bool,
    [mut whole, mut fraction]: [u64; 2],
    scale: usize,
) {
    const POWERS: [u64; 4] = [1, 10, 100, 1000];
    /// 19 digits are at most five groups on each side of the point.
    const SIDE: usize = 5;
    let mut groups = [0_u16; 2 * SIDE];
    let mut first = SIDE;
    while whole > 0 {
        first -= 1;
        groups[first] = (whole % 10_000) as u16;
        whole /= 10_000;
    }
    let mut end = SIDE + scale.div_ceil(4);
    let mut group = end;
    if !scale.is_multiple_of(4) {
        // The last one is filled up with zeros.
        group -= 1;
        let digits = POWERS[scale % 4];
        groups[group] = (fraction % digits * POWERS[4 - scale % 4]) as u16;
        fraction /= digits;
    }
    for group in groups[SIDE..group].iter_mut().rev() {
        *group = (fraction % 10_000) as u16;
        fraction /= 10_000;
    }
    while end > first && groups[end - 1] == 0 {
        end -= 1;
    }
    while first < end && groups[first] == 0 {
        first += 1;
    }
    let count = end - first;
    let weight = if count == 0 { 0 } else { SIDE as i16 - 1 - first as i16 };
    let sign: u16 = if negative && count > 0 { 0x4000 } else { 0 };
    let mut field = [0; 12 + 4 * SIDE];
    field[..4].copy_from_slice(&(8 + 2 * count as i32).to_be_bytes());
    field[4..6].copy_from_slice(&(count as u16).to_be_bytes());
    field[6..8].copy_from_slice(&weight.to_be_bytes());
    field[8..10].copy_from_slice(&sign.to_be_bytes());
    field[10..12].copy_from_slice(&(scale as u16).to_be_bytes());
    let mut at = 12;
    for group in &groups[first..end] {
        let [high, low] = group.to_be_bytes();
        (field[at], field[at + 1]) = (high, low);
        at += 2;
    }
    out.extend_from_slice(&field[..12 + 2 * count]);
}

/// As `numeric`, for numbers of any length.
#[cold]
fn long_numeric(out: &mut Vec<u8>, text: &[u8]) -> bool {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let point = digits.iter().position(|byte| *byte == b'.').unwrap_or(digits.len());
    let whole = &digits[..point];
    let fraction = digits.get(point + 1..).unwrap_or_default();
    let all_digits = whole.iter().chain(fraction).all(u8::is_ascii_digit);
    if !all_digits || (whole.is_empty() && fraction.is_empty()) {
        return false;
    }
    let start = out.len();
    // Length, number of digits, weight, sign: filled in below, once they are known.
    out.extend_from_slice(&[0; 10]);
    out.extend_from_slice(&(fraction.len() as u16).to_be_bytes());
    let whole_groups = whole.len().div_ceil(4);
    let mut first = None;
    let mut end = out.len();
    let first_length = whole.len() - whole_groups.saturating_sub(1) * 4;
    let (head, tail) = whole.split_at(if whole.is_empty() { 0 } else { first_length });
    let groups = std::iter::once(head).filter(|head| !head.is_empty());
    let groups = groups.chain(tail.chunks(4)).chain(fraction.chunks(4));
    for (index, group) in groups.enumerate() {
        let mut digit = group.iter().fold(0_u16, |digit, byte| digit * 10 + u16::from(byte - b'0'));
        if index >= whole_groups {
            digit *= [1, 1000, 100, 10, 1][group.len()];
        }
        if digit == 0 && first.is_none() {
            continue;
        }
        first.get_or_insert(index);
        out.extend_from_slice(&digit.to_be_bytes());
        if digit != 0 {
            end = out.len();
        }
    }
    out.truncate(end);
    let count = (end - start - 12) / 2;
    let weight = first.map_or(0, |first| whole_groups as i16 - 1 - first as i16);
    let sign: u16 = if negative && count > 0 { 0x4000 } else { 0 };
    out[start..start + 4].copy_from_slice(&((end - start - 4) as i32).to_be_bytes());
    out[start + 4..start + 6].copy_from_slice(&(count as u16).to_be_bytes());
    out[start + 6..start + 8].copy_from_slice(&weight.to_be_bytes());
    out[start + 8..start + 10].copy_from_slice(&sign.to_be_bytes());
    true
}

/// `text[]` of one dimension; an empty one has none.
pub(crate) fn text_array<'a>(out: &mut Vec<u8>, items: impl Iterator<Item = &'a [u8]> + Clone) {
    array(out, TEXT_OID, items);
}

/// `varchar[]` of one dimension; an empty one has none.
pub(crate) fn varchar_array<'a>(out: &mut Vec<u8>, items: impl Iterator<Item = &'a [u8]> + Clone) {
    array(out, VARCHAR_OID, items);
}

fn array<'a>(out: &mut Vec<u8>, oid: u32, items: impl Iterator<Item = &'a [u8]> + Clone) {
    let count = items.clone().count();
    let length: usize = items.clone().map(|item| 4 + item.len()).sum();
    array_header(out, oid, count, length);
    for item in items {
        bytes(out, item);
    }
}

/// `real[]` of one dimension from little-endian floats.
pub(crate) fn real_array(out: &mut Vec<u8>, floats: &[u8]) {
    let count = floats.len() / 4;
    array_header(out, REAL_OID, count, count * 8);
    for float in floats.chunks_exact(4) {
        fixed(out, [float[3], float[2], float[1], float[0]]);
    }
}

/// `pgvector`'s `vector`, from little-endian floats: their number, two bytes without meaning, and
/// the floats (its source, `vector_recv`).
pub(crate) fn vector(out: &mut Vec<u8>, floats: &[u8]) {
    let count = floats.len() / 4;
    out.extend_from_slice(&((4 + count * 4) as i32).to_be_bytes());
    out.extend_from_slice(&(count as u16).to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    for float in floats.chunks_exact(4) {
        out.extend_from_slice(&[float[3], float[2], float[1], float[0]]);
    }
}

/// The field's length, dimensions, flags (no NULLs), element type, and the one dimension.
fn array_header(out: &mut Vec<u8>, oid: u32, count: usize, items_length: usize) {
    let dimensions = i32::from(count > 0);
    let header = if count > 0 { 20 } else { 12 };
    out.extend_from_slice(&((header + items_length) as i32).to_be_bytes());
    out.extend_from_slice(&dimensions.to_be_bytes());
    out.extend_from_slice(&0_i32.to_be_bytes());
    out.extend_from_slice(&oid.to_be_bytes());
    if count > 0 {
        out.extend_from_slice(&(count as i32).to_be_bytes());
        out.extend_from_slice(&1_i32.to_be_bytes());
    }
}

/// `inet` of one address, as `inet_send` prints it: family, bits, no cidr, length, bytes.
pub(crate) fn inet(out: &mut Vec<u8>, address: std::net::IpAddr) {
    /// `PGSQL_AF_INET` is 2 whatever the system's `AF_INET` is; `PGSQL_AF_INET6` is one more.
    const FAMILY_V4: u8 = 2;
    match address {
        std::net::IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            fixed(out, [FAMILY_V4, 32, 0, 4, a, b, c, d]);
        }
        std::net::IpAddr::V6(address) => {
            out.extend_from_slice(&20_i32.to_be_bytes());
            out.extend_from_slice(&[FAMILY_V4 + 1, 128, 0, 16]);
            out.extend_from_slice(&address.octets());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{bit, days, long_numeric, numeric, real_array, text_array};

    fn numeric_words(text: &str) -> Vec<i16> {
        let mut out = Vec::new();
        assert!(numeric(&mut out, text.as_bytes()), "{text}");
        let length = i32::from_be_bytes([out[0], out[1], out[2], out[3]]);
        assert_eq!(length as usize, out.len() - 4);
        out[4..].chunks(2).map(|word| i16::from_be_bytes([word[0], word[1]])).collect()
    }

    #[test]
    fn numeric_is_as_the_server_sends_it() {
        // Number of digits, weight, sign, scale, digits: read off PostgreSQL's numeric_send.
        let cases: &[(&str, &[i16])] = &[
            ("0", &[0, 0, 0, 0]),
            ("0.00", &[0, 0, 0, 2]),
            ("-0.00", &[0, 0, 0, 2]),
            ("1", &[1, 0, 0, 0, 1]),
            ("-1", &[1, 0, 0x4000, 0, 1]),
            ("10000", &[1, 1, 0, 0, 1]),
            ("12345", &[2, 1, 0, 0, 1, 2345]),
            ("0.5", &[1, -1, 0, 1, 5000]),
            ("0.0001", &[1, -1, 0, 4, 1]),
            ("0.00001", &[1, -2, 0, 5, 1000]),
            ("123.4500", &[2, 0, 0, 4, 123, 4500]),
            ("10000.0001", &[3, 1, 0, 4, 1, 0, 1]),
            ("18446744073709551615", &[5, 4, 0, 0, 1844, 6744, 737, 955, 1615]),
        ];
        for (text, words) in cases {
            assert_eq!(&numeric_words(text), words, "{text}");
        }
        // Both ways say the same, in all lengths that the short one takes.
        let digits = "9080706050403020109";
        for length in 1..=digits.len() {
            for point in 0..=length {
                for text in [digits, "0000000000000000000", "0000500000000600000"] {
                    let text = format!("-{}.{}", &text[..point], &text[point..length]);
                    let (mut short, mut long) = (Vec::new(), Vec::new());
                    assert!(numeric(&mut short, text.as_bytes()));
                    assert!(long_numeric(&mut long, text.as_bytes()));
                    assert_eq!(short, long, "{text}");
                }
            }
        }
        let mut out = vec![7];
        for bad in ["", "-", ".", "1e3", "NaN", "1.2.3", "1,0"] {
            assert!(!numeric(&mut out, bad.as_bytes()), "{bad}");
            assert_eq!(out, [7], "{bad}");
        }
    }

    #[test]
    fn days_count_from_2000() {
        assert_eq!(days(2000, 1, 1), 0);
        assert_eq!(days(1999, 12, 31), -1);
        assert_eq!(days(2024, 2, 29), 8_825);
        assert_eq!(days(1000, 1, 1), -365_242);
        assert_eq!(days(9999, 12, 31), 2_921_939);
    }

    #[test]
    fn bits_stand_left() {
        let mut out = Vec::new();
        bit(&mut out, 5, 0b10110);
        assert_eq!(out, [0, 0, 0, 5, 0, 0, 0, 5, 0b1011_0000]);
        out.clear();
        bit(&mut out, 64, u64::MAX);
        assert_eq!(out[4..], [0, 0, 0, 64, 255, 255, 255, 255, 255, 255, 255, 255]);
    }

    #[test]
    fn arrays() {
        let mut out = Vec::new();
        text_array(&mut out, std::iter::empty());
        assert_eq!(out, [0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25]);
        out.clear();
        real_array(&mut out, &1.0_f32.to_le_bytes());
        assert_eq!(out[..4], [0, 0, 0, 28]);
        assert_eq!(out[28..], [0x3f, 0x80, 0, 0]);
    }
}
