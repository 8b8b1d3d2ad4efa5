//! Dates and times as `MySQL` prints them, into the binary protocol's form: a byte that counts what
//! follows, and as much as is not zero.

/// `2020-01-31`; `None` for what is no date. Zero and partial dates are dates here.
pub(super) fn date(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (year, month, day, rest) = day(text)?;
    // A DATE column may be given a time too, which it forgets.
    if !(rest.is_empty() || rest.starts_with(b" ")) {
        return None;
    }
    put_moment(out, (year, month, day), [0; 3], 0);
    Some(())
}

/// `2020-01-31 23:59:59.000001` in a zone so many seconds ahead of UTC, as UTC.
pub(super) fn datetime(text: &[u8], zone: i32, out: &mut Vec<u8>) -> Option<()> {
    let (year, month, day, rest) = day(text)?;
    let (clock, micros) = match rest {
        [] => ([0; 3], 0),
        [b' ' | b'T', rest @ ..] => {
            let (hours, minutes, seconds, micros) = clock(rest)?;
            ([u8::try_from(hours).ok()?, minutes, seconds], micros)
        }
        _ => return None,
    };
    // A zero date is of no zone.
    if zone == 0 || month == 0 || day == 0 {
        put_moment(out, (year, month, day), clock, micros);
        return Some(());
    }
    let [hour, minute, second] = clock.map(i64::from);
    let seconds = (hour * 60 + minute) * 60 + second - i64::from(zone);
    let days =
        days_of(i64::from(year), i64::from(month), i64::from(day)) + seconds.div_euclid(86_400);
    let seconds = seconds.rem_euclid(86_400);
    let clock = [seconds / 3600, seconds / 60 % 60, seconds % 60].map(|part| part as u8);
    put_moment(out, date_of(days)?, clock, micros);
    Some(())
}

/// `-838:59:59.000000`
pub(super) fn time(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (hours, minutes, seconds, micros) = clock(text)?;
    let (days, hours) = (hours / 24, (hours % 24) as u8);
    if days == 0 && [hours, minutes, seconds] == [0; 3] && micros == 0 {
        out.push(0);
        return Some(());
    }
    out.push(if micros == 0 { 8 } else { 12 });
    out.push(u8::from(negative));
    out.extend_from_slice(&days.to_le_bytes());
    out.extend_from_slice(&[hours, minutes, seconds]);
    if micros != 0 {
        out.extend_from_slice(&micros.to_le_bytes());
    }
    Some(())
}

fn put_moment(out: &mut Vec<u8>, (year, month, day): (u16, u8, u8), clock: [u8; 3], micros: u32) {
    let length = match (clock, micros) {
        ([0, 0, 0], 0) if (year, month, day) == (0, 0, 0) => 0,
        ([0, 0, 0], 0) => 4,
        (_, 0) => 7,
        _ => 11,
    };
    out.push(length);
    if length >= 4 {
        out.extend_from_slice(&year.to_le_bytes());
        out.extend_from_slice(&[month, day]);
    }
    if length >= 7 {
        out.extend_from_slice(&clock);
    }
    if length == 11 {
        out.extend_from_slice(&micros.to_le_bytes());
    }
}

/// Year, month and day, and what stands behind them.
fn day(text: &[u8]) -> Option<(u16, u8, u8, &[u8])> {
    let (year, rest) = number(text, 4)?;
    let (month, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    let (day, rest) = number(rest.strip_prefix(b"-")?, 2)?;
    (month <= 12 && day <= 31).then_some((year as u16, month as u8, day as u8, rest))
}

/// Hours, minutes, seconds and microseconds, to the text's end.
fn clock(text: &[u8]) -> Option<(u32, u8, u8, u32)> {
    let (hours, rest) = number(text, 3)?;
    let (minutes, rest) = number(rest.strip_prefix(b":")?, 2)?;
    let (seconds, rest) = number(rest.strip_prefix(b":")?, 2)?;
    let micros = match rest {
        [] => 0,
        [b'.', fraction @ ..] if !fraction.is_empty() && fraction.len() <= 6 => {
            let (digits, rest) = number(fraction, 6)?;
            if !rest.is_empty() {
                return None;
            }
            digits * 10_u32.pow(6 - fraction.len() as u32)
        }
        _ => return None,
    };
    (minutes < 60 && seconds < 60).then_some((hours, minutes as u8, seconds as u8, micros))
}

/// At most so many digits, at least one.
fn number(text: &[u8], most: usize) -> Option<(u32, &[u8])> {
    let length = text.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(length);
    let value = digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    (length > 0).then_some((value, rest))
}

/// Days since 1 March of year 0 of the Gregorian calendar.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year
}

/// The inverse.
fn date_of(days: i64) -> Option<(u16, u8, u8)> {
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Some((u16::try_from(year).ok()?, month as u8, day as u8))
}

#[cfg(test)]
mod tests {
    use super::{date, date_of, datetime, days_of, time};

    fn encoded(read: impl FnOnce(&mut Vec<u8>) -> Option<()>) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        read(&mut out)?;
        Some(out)
    }

    #[test]
    fn moments_are_as_long_as_they_must_be() {
        let date = |text: &str| encoded(|out| date(text.as_bytes(), out));
        assert_eq!(date("0000-00-00"), Some(vec![0]));
        assert_eq!(date("2020-00-15"), Some(vec![4, 0xe4, 7, 0, 15]));
        for wrong in ["", "2020", "2020-13-01", "2020-01-32", "2020-01-01x", "now"] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
        let at = |text: &str| encoded(|out| datetime(text.as_bytes(), 0, out));
        assert_eq!(at("2020-01-02 03:04:05"), Some(vec![7, 0xe4, 7, 1, 2, 3, 4, 5]));
        assert_eq!(
            at("2020-01-02 00:00:00.1"),
            Some(vec![11, 0xe4, 7, 1, 2, 0, 0, 0, 0xa0, 0x86, 1, 0])
        );
        let time = |text: &str| encoded(|out| time(text.as_bytes(), out));
        assert_eq!(time("00:00:00"), Some(vec![0]));
        assert_eq!(time("-838:59:59"), Some(vec![8, 1, 34, 0, 0, 0, 22, 59, 59]));
    }

    #[test]
    fn a_zone_moves_a_moment_over_the_year() {
        let at = |text: &str, zone| encoded(|out| datetime(text.as_bytes(), zone, out));
        assert_eq!(at("2020-01-01 01:00:00", 7200), Some(vec![7, 0xe3, 7, 12, 31, 23, 0, 0]));
        assert_eq!(at("2020-02-28 23:30:00", -3600), Some(vec![7, 0xe4, 7, 2, 29, 0, 30, 0]));
        assert_eq!(at("0000-00-00 00:00:00", 7200), Some(vec![0]));
    }

    #[test]
    fn days_and_dates_are_inverse() {
        for days in (0..4_000_000).step_by(97) {
            if let Some((year, month, day)) = date_of(days) {
                assert_eq!(days_of(year.into(), month.into(), day.into()), days);
            }
        }
    }
}
