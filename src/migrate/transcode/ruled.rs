//! A transcoder with what somebody has said of its column: other policies than the usual ones, and
//! text that is rewritten on its way. Columns of which nothing was said have none of this, so that
//! they pay nothing for it.
//!
//! A policy is asked only where the transcoder within has altered or refused a value: it then takes
//! back what was written and writes what is wanted.

use std::borrow::Cow;

use super::cast::EPOCH_MICROS;
use super::{Alteration, Fitted, Transcoder, ValueError};
use crate::migrate::settings::{
    ColumnRule, EnumErrors, InvalidText, Nul, OutOfRange, Policies, Transform, ZeroDates,
};
use crate::mysql::wire::{ValueCursor, WireType, row_of_bytes};
use crate::postgres::encode;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ruled {
    inner: Transcoder,
    /// One after the other.
    steps: Vec<Step>,
    /// Those that were asked for by name.
    policies: Policies,
    losses: Losses,
}

/// How text is rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Trim,
    NullifEmpty,
    RepairUtf8,
}

/// Whether the source marks values in which its own conversion to UTF-8 loses characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Losses {
    #[default]
    Unmarked,
    Marked,
}

/// Stands before a value with lost characters: a byte that no UTF-8 has.
const LOST: u8 = 0xFF;

impl Ruled {
    /// What was said of a column around the transcoder that it would have anyway, which it is alone
    /// if nothing was said that concerns it.
    pub(crate) fn around(inner: Transcoder, rule: &ColumnRule, losses: Losses) -> Transcoder {
        let text = inner.is_text();
        let steps = rule.using.iter().filter(|_| text).filter_map(|transform| match transform {
            Transform::Trim => Some(Step::Trim),
            Transform::NullifEmpty => Some(Step::NullifEmpty),
            Transform::RepairUtf8 => Some(Step::RepairUtf8),
            _ => None,
        });
        let steps: Vec<Step> = steps.collect();
        let is_date = matches!(
            inner,
            Transcoder::Date | Transcoder::Timestamp | Transcoder::Fitted(Fitted::Moment { .. })
        );
        let is_enum =
            matches!(inner, Transcoder::Enum { .. } | Transcoder::Fitted(Fitted::Label { .. }));
        let said = rule.policies();
        let policies = Policies {
            zero_dates: said.zero_dates.filter(|_| is_date),
            nul: said.nul.filter(|_| text),
            invalid_text: said.invalid_text.filter(|_| text),
            enum_errors: said.enum_errors.filter(|_| is_enum),
            out_of_range: said.out_of_range,
        };
        if steps.is_empty() && losses == Losses::Unmarked && policies == Policies::default() {
            return inner;
        }
        Transcoder::Ruled(Box::new(Self { inner, steps, policies, losses }))
    }

    pub(super) fn is_text(&self) -> bool {
        self.inner.is_text()
    }

    pub(super) fn unruled(&self) -> Option<&Transcoder> {
        self.steps.is_empty().then(|| self.inner.unruled()).flatten()
    }

    pub(super) fn reads(&self, wire: WireType) -> bool {
        self.inner.reads(wire)
    }

    /// Whether an alteration is what somebody has asked for by name.
    pub(super) fn asks(&self, alteration: Alteration) -> bool {
        match alteration {
            Alteration::ZeroDate | Alteration::ZeroDateEpoch | Alteration::ZeroDateInfinity => {
                self.policies.zero_dates.is_some()
            }
            Alteration::NulRemoved | Alteration::NulReplaced => self.policies.nul.is_some(),
            Alteration::EnumError => self.policies.enum_errors.is_some(),
            Alteration::InvalidReplaced | Alteration::CharactersLost => {
                self.policies.invalid_text.is_some()
            }
            Alteration::Trimmed | Alteration::EmptyToNull | Alteration::Repaired => true,
            Alteration::RepeatedKeys => false,
        }
    }

    pub(super) fn encode(
        &self,
        cursor: &mut ValueCursor<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Alteration>, ValueError> {
        let (before, start) = (*cursor, out.len());
        let encoded = if self.rewrites_text() {
            self.text(cursor, out)
        } else {
            self.inner.encode(cursor, out)
        };
        match encoded {
            Ok(Some(alteration)) => self.altered(alteration, before, (start, out)),
            Ok(None) => Ok(None),
            Err(error) => Err(self.refused(error)),
        }
    }

    fn rewrites_text(&self) -> bool {
        !self.steps.is_empty()
            || self.losses == Losses::Marked
            || self.policies.invalid_text.is_some() && self.inner.is_text()
    }

    /// Rewrites a value before it is encoded.
    fn text(
        &self,
        cursor: &mut ValueCursor<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Alteration>, ValueError> {
        let (value, altered) = self.valid(cursor.bytes()?)?;
        self.rewritten(value, altered, out)
    }

    fn rewritten(
        &self,
        mut value: Cow<'_, [u8]>,
        mut altered: Option<Alteration>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Alteration>, ValueError> {
        for step in &self.steps {
            match step {
                Step::Trim => {
                    let trimmed = value.trim_ascii().to_vec();
                    if trimmed.len() < value.len() {
                        value = Cow::Owned(trimmed);
                        altered = Some(Alteration::Trimmed);
                    }
                }
                Step::NullifEmpty if value.is_empty() => {
                    encode::null(out);
                    return Ok(Some(Alteration::EmptyToNull));
                }
                Step::NullifEmpty => {}
                Step::RepairUtf8 => {
                    if let Some(repaired) = repaired(&value) {
                        value = Cow::Owned(repaired);
                        altered = Some(Alteration::Repaired);
                    }
                }
            }
        }
        Ok(self.encode_text(&value, out)?.or(altered))
    }

    /// Encodes a text that is no longer the one in the row.
    fn encode_text(
        &self,
        value: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<Alteration>, ValueError> {
        let row = row_of_bytes(value);
        self.inner.encode(&mut ValueCursor::new(&row, 1)?, out)
    }

    /// Valid UTF-8, if that is to be seen to here and not by the target's server.
    fn valid<'v>(
        &self,
        value: &'v [u8],
    ) -> Result<(Cow<'v, [u8]>, Option<Alteration>), ValueError> {
        let lost = self.losses == Losses::Marked && value.first() == Some(&LOST);
        let value = if lost { &value[1..] } else { value };
        let is_checked = self.policies.invalid_text.is_some();
        let invalid = is_checked && std::str::from_utf8(value).is_err();
        if !(lost || invalid) {
            return Ok((Cow::Borrowed(value), None));
        }
        let what = if lost { "characters that Unicode does not have" } else { "invalid UTF-8" };
        match self.policies.invalid_text {
            None => Err(ValueError::NoText(what)),
            Some(InvalidText::Quarantine) => Err(ValueError::Asked(what.to_owned())),
            Some(InvalidText::Stop) => Err(ValueError::Stop(what.to_owned())),
            Some(InvalidText::Replace) if lost => {
                Ok((Cow::Borrowed(value), Some(Alteration::CharactersLost)))
            }
            Some(InvalidText::Replace) => {
                let text = String::from_utf8_lossy(value).into_owned();
                Ok((Cow::Owned(text.into_bytes()), Some(Alteration::InvalidReplaced)))
            }
        }
    }

    /// What is wanted in place of what was done.
    #[cold]
    fn altered(
        &self,
        alteration: Alteration,
        mut value: ValueCursor<'_>,
        (start, out): (usize, &mut Vec<u8>),
    ) -> Result<Option<Alteration>, ValueError> {
        let words = alteration.words();
        let (asked, stop) = (
            || Err(ValueError::Asked(words.to_owned())),
            || Err(ValueError::Stop(words.to_owned())),
        );
        Ok(Some(match (alteration, self.policies) {
            (Alteration::ZeroDate, Policies { zero_dates: Some(policy), .. }) => match policy {
                ZeroDates::Null => alteration,
                ZeroDates::Epoch => {
                    out.truncate(start);
                    self.moment(out, (-EPOCH_MICROS / 86_400_000_000) as i32, -EPOCH_MICROS);
                    Alteration::ZeroDateEpoch
                }
                ZeroDates::MinusInfinity => {
                    out.truncate(start);
                    self.moment(out, i32::MIN, i64::MIN);
                    Alteration::ZeroDateInfinity
                }
                ZeroDates::Quarantine => return asked(),
                ZeroDates::Stop => return stop(),
            },
            (Alteration::NulRemoved, Policies { nul: Some(policy), .. }) => match policy {
                Nul::Remove => alteration,
                Nul::Replace => {
                    out.truncate(start);
                    let text = self.valid(value.bytes()?)?.0;
                    let text = String::from_utf8_lossy(&text).replace('\0', "\u{FFFD}");
                    self.rewritten(Cow::Owned(text.into_bytes()), None, out)?;
                    Alteration::NulReplaced
                }
                Nul::Quarantine => return asked(),
                Nul::Stop => return stop(),
            },
            (Alteration::EnumError, Policies { enum_errors: Some(policy), .. }) => match policy {
                // A label that was added is no error.
                EnumErrors::Null | EnumErrors::AddLabel => alteration,
                EnumErrors::Quarantine => return asked(),
                EnumErrors::Stop => return stop(),
            },
            _ => alteration,
        }))
    }

    /// A date, or a timestamp, as the column has it.
    fn moment(&self, out: &mut Vec<u8>, days: i32, micros: i64) {
        if self.inner == Transcoder::Date {
            encode::fixed(out, days.to_be_bytes());
        } else {
            encode::fixed(out, micros.to_be_bytes());
        }
    }

    #[cold]
    fn refused(&self, error: ValueError) -> ValueError {
        let beyond = matches!(
            error,
            ValueError::OutOfRange { .. }
                | ValueError::DoesNotFit { .. }
                | ValueError::Json(_)
                | ValueError::Malformed { .. }
        );
        match self.policies.out_of_range {
            Some(OutOfRange::Quarantine) if beyond => ValueError::Asked(error.to_string()),
            Some(OutOfRange::Stop) if beyond => ValueError::Stop(error.to_string()),
            _ => error,
        }
    }
}

/// The characters of Windows-1252 at 0x80 to 0x9F; the five that it has none for are C1 controls, as
/// MySQL's latin1 has them.
const CP1252: [u16; 32] = [
    0x20AC, 0x81, 0x201A, 0x192, 0x201E, 0x2026, 0x2020, 0x2021, 0x2C6, 0x2030, 0x160, 0x2039,
    0x152, 0x8D, 0x17D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x2DC,
    0x2122, 0x161, 0x203A, 0x153, 0x9D, 0x17E, 0x178,
];

/// Whether a text looks as if it had been UTF-8 read as latin1 and encoded again.
pub(crate) fn is_encoded_twice(value: &[u8]) -> bool {
    repaired(value).is_some()
}

/// A text that was UTF-8 read as latin1 and encoded again, decoded once; `None` if it was not.
fn repaired(value: &[u8]) -> Option<Vec<u8>> {
    if value.is_ascii() {
        return None;
    }
    let text = std::str::from_utf8(value).ok()?;
    let bytes: Option<Vec<u8>> = text
        .chars()
        .map(|letter| {
            let code = letter as u32;
            let in_c1 = || CP1252.iter().position(|known| u32::from(*known) == code);
            match u8::try_from(code) {
                Ok(byte) if !(0x80..0xA0).contains(&byte) => Some(byte),
                _ => in_c1().map(|at| 0x80 + at as u8),
            }
        })
        .collect();
    bytes.filter(|bytes| std::str::from_utf8(bytes).is_ok())
}

#[cfg(test)]
mod tests {
    use super::{Losses, Ruled, Step, repaired};
    use crate::migrate::settings::{InvalidText, Nul, OutOfRange, Policies, ZeroDates};
    use crate::migrate::transcode::{Alteration, Transcoder, ValueError};
    use crate::mysql::wire::{ValueCursor, row_of_bytes};
    use crate::postgres::encode;

    fn ruled(inner: Transcoder, steps: &[Step], policies: Policies) -> Ruled {
        Ruled { inner, steps: steps.to_vec(), policies, losses: Losses::Unmarked }
    }

    /// What a value that arrives with its length becomes.
    fn encoded(ruled: &Ruled, value: &[u8]) -> Result<(Vec<u8>, Option<Alteration>), ValueError> {
        let row = row_of_bytes(value);
        let mut out = vec![7];
        let altered = ruled.encode(&mut ValueCursor::new(&row, 1).unwrap(), &mut out)?;
        Ok((out.split_off(1), altered))
    }

    fn text(value: &str) -> Vec<u8> {
        let mut out = Vec::new();
        encode::bytes(&mut out, value.as_bytes());
        out
    }

    #[test]
    fn zero_dates_become_what_was_asked_for() {
        let of = |zero_dates| {
            let policies = Policies { zero_dates: Some(zero_dates), ..Policies::default() };
            encoded(&ruled(Transcoder::Date, &[], policies), &[0; 4])
        };
        let field = |days: i32| [&4_i32.to_be_bytes()[..], &days.to_be_bytes()].concat();
        assert_eq!(
            of(ZeroDates::Epoch).unwrap(),
            (field(-10_957), Some(Alteration::ZeroDateEpoch))
        );
        let infinity = (field(i32::MIN), Some(Alteration::ZeroDateInfinity));
        assert_eq!(of(ZeroDates::MinusInfinity).unwrap(), infinity);
        assert_eq!(of(ZeroDates::Null).unwrap(), (vec![0xFF; 4], Some(Alteration::ZeroDate)));
        assert!(matches!(of(ZeroDates::Quarantine), Err(ValueError::Asked(_))));
        assert!(matches!(of(ZeroDates::Stop), Err(ValueError::Stop(_))));
    }

    #[test]
    fn text_is_rewritten_step_by_step() {
        let trim = ruled(Transcoder::Text, &[Step::Trim, Step::NullifEmpty], Policies::default());
        assert_eq!(encoded(&trim, b" a ").unwrap(), (text("a"), Some(Alteration::Trimmed)));
        assert_eq!(encoded(&trim, b"a").unwrap(), (text("a"), None));
        assert_eq!(encoded(&trim, b"  ").unwrap(), (vec![0xFF; 4], Some(Alteration::EmptyToNull)));
        let replace = Policies {
            nul: Some(Nul::Replace),
            invalid_text: Some(InvalidText::Replace),
            ..Policies::default()
        };
        let replace = ruled(Transcoder::Text, &[], replace);
        let nul = (text("a\u{FFFD}b"), Some(Alteration::NulReplaced));
        assert_eq!(encoded(&replace, b"a\0b").unwrap(), nul);
        let both = ruled(Transcoder::Text, &[Step::Trim], replace.policies);
        let nul = (text("a\u{FFFD}b"), Some(Alteration::NulReplaced));
        assert_eq!(encoded(&both, b"  a\0b ").unwrap(), nul);
        let invalid = (text("a\u{FFFD}"), Some(Alteration::InvalidReplaced));
        assert_eq!(encoded(&replace, b"a\xFF").unwrap(), invalid);
    }

    #[test]
    fn what_was_encoded_twice_is_decoded_once() {
        for (twice, once) in [
            ("Ã©", Some("é")),
            ("â‚¬", Some("€")),
            ("å\u{90}\u{8d}", Some("名")),
            ("é", None),
            ("plain", None),
            ("Ã", None),
            ("漢Ã©", None),
        ] {
            let repaired = repaired(twice.as_bytes());
            assert_eq!(repaired.as_deref(), once.map(str::as_bytes), "{twice}");
        }
    }

    #[test]
    fn what_is_out_of_range_is_told_as_it_was_asked_for() {
        let of = |out_of_range| {
            let policies = Policies { out_of_range: Some(out_of_range), ..Policies::default() };
            encoded(&ruled(Transcoder::Uuid, &[], policies), b"none")
        };
        assert!(matches!(of(OutOfRange::Quarantine), Err(ValueError::Asked(_))));
        assert!(matches!(of(OutOfRange::Stop), Err(ValueError::Stop(_))));
    }
}
