//! Numbers, sizes and times as people read them.

use std::time::Duration;

/// `1,234,567`
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 table`, `2 tables`; the plural is given, as English has no rule that holds.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

/// Mebibytes with one decimal and no unit, for a column whose head names the unit.
pub(crate) fn mebibytes(bytes: u64) -> String {
    tenths((u128::from(bytes) * 10 + (1 << 19)) >> 20)
}

/// A size in prose: `812 B`, `9.8 KiB`, `12.3 MiB`, `1.9 GiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        // What would be rounded to 1024.0 already belongs to the larger unit.
        if value < 1023.95 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    format!("{value:.1} {unit}")
}

/// Seconds with one decimal and no unit, for a column whose head names the unit.
pub(crate) fn seconds(milliseconds: u64) -> String {
    tenths((u128::from(milliseconds) + 50) / 100)
}

fn tenths(tenths: u128) -> String {
    format!("{}.{}", thousands((tenths / 10) as u64), tenths % 10)
}

/// A duration in prose: `12 ms`, `3.2 s`, `4 min 05 s`, `2 h 03 min`.
pub(crate) fn span(milliseconds: u64) -> String {
    let whole = milliseconds / 1000;
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..59_950 => format!("{} s", seconds(milliseconds)),
        59_950..3_600_000 => {
            let whole = whole.max(60);
            format!("{} min {:02} s", whole / 60, whole % 60)
        }
        _ => format!("{} h {:02} min", thousands(whole / 3600), whole / 60 % 60),
    }
}

/// A running clock: `0:07`, `12:41`, `3:05:09`.
pub(crate) fn clock(time: Duration) -> String {
    let whole = time.as_secs();
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours == 0 {
        format!("{minutes}:{seconds:02}")
    } else {
        format!("{hours}:{minutes:02}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{clock, counted, mebibytes, size, span, thousands};

    #[test]
    fn thousands_are_set_apart() {
        let shown = [0, 999, 1000, 47_273, 1_234_567, u64::MAX].map(thousands);
        let wanted = ["0", "999", "1,000", "47,273", "1,234,567", "18,446,744,073,709,551,615"];
        assert_eq!(shown, wanted);
        assert_eq!(counted(1, "index", "indexes"), "1 index");
        assert_eq!(counted(0, "index", "indexes"), "0 indexes");
    }

    #[test]
    fn sizes_take_the_unit_that_leaves_few_digits() {
        let shown = [0, 1023, 1024, 1_048_473, 1_048_576, 5 << 30, u64::MAX].map(size);
        assert_eq!(
            shown,
            ["0 B", "1023 B", "1.0 KiB", "1023.9 KiB", "1.0 MiB", "5.0 GiB", "16777216.0 TiB"]
        );
        let shown = [0, 50_000, 1_048_576, 1 << 40, u64::MAX].map(mebibytes);
        assert_eq!(shown, ["0.0", "0.0", "1.0", "1,048,576.0", "17,592,186,044,416.0"]);
    }

    #[test]
    fn times_are_as_exact_as_they_are_long() {
        let shown = [0, 999, 1000, 3_249, 59_949, 59_950, 3_599_999, 7_380_000].map(span);
        assert_eq!(
            shown,
            [
                "0 ms",
                "999 ms",
                "1.0 s",
                "3.2 s",
                "59.9 s",
                "1 min 00 s",
                "59 min 59 s",
                "2 h 03 min"
            ]
        );
        let shown = [7, 761, 11_109].map(|seconds| clock(Duration::from_secs(seconds)));
        assert_eq!(shown, ["0:07", "12:41", "3:05:09"]);
    }
}
