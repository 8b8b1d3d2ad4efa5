//! A TOML value as serde reads it, with the place of whatever does not fit.

use std::fmt::Display;
use std::ops::Range;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer, StringDeserializer};
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// What does not fit, and where.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) message: String,
    /// Bytes of the file.
    pub(super) span: Option<Range<usize>>,
    /// The keys that lead to it: `provision.users[2].password`.
    pub(super) path: String,
    pub(super) unknown: Option<Unknown>,
}

/// A word that nobody knows, and those that would be known in its place.
#[derive(Debug)]
pub(super) struct Unknown {
    pub(super) key: String,
    pub(super) known: Vec<String>,
}

impl Problem {
    fn of(message: String) -> Self {
        Self { message, span: None, path: String::new(), unknown: None }
    }

    pub(super) fn unknown(key: &str, known: &[&str], span: Range<usize>) -> Self {
        let mut problem = <Self as Wrong>::word("key", key, known);
        problem.span = Some(span);
        problem
    }

    /// The place, unless something deeper has told it.
    fn at(mut self, span: Range<usize>) -> Self {
        self.span.get_or_insert(span);
        self
    }

    pub(super) fn within(mut self, step: &str) -> Self {
        self.path = match self.path.as_str() {
            "" => step.to_owned(),
            path if path.starts_with('[') => format!("{step}{path}"),
            path => format!("{step}.{path}"),
        };
        self
    }
}

trait Wrong {
    fn word(what: &str, word: &str, known: &[&str]) -> Self;
}

impl Wrong for Problem {
    fn word(what: &str, word: &str, known: &[&str]) -> Self {
        let known = known.iter().map(|&known| known.to_owned()).collect();
        let mut problem = Self::of(format!("unknown {what} '{word}'"));
        problem.unknown = Some(Unknown { key: word.to_owned(), known });
        problem
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl de::Error for Problem {
    fn custom<T: Display>(message: T) -> Self {
        Self::of(message.to_string())
    }

    /// Does not repeat the text that stands there: it may be a password in the wrong place.
    fn invalid_type(found: de::Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        let found = match found {
            de::Unexpected::Str(_) => "text".to_owned(),
            de::Unexpected::Map => "a table".to_owned(),
            de::Unexpected::Seq => "a list".to_owned(),
            other => other.to_string(),
        };
        let wanted = match wanted.to_string() {
            structure if structure.starts_with("struct ") => "a table".to_owned(),
            sequence if sequence == "a sequence" => "a list".to_owned(),
            map if map == "a map" => "a table".to_owned(),
            string if string == "a string" => "text".to_owned(),
            number if number.starts_with(['u', 'i']) => format!("a number ({number})"),
            other => other,
        };
        Self::of(format!("{found} stands where {wanted} is wanted"))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::word("key", field, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::word("word", variant, expected)
    }
}

/// A value, and the place of the key that leads to it: a table's own place may be empty.
#[derive(Clone)]
pub(super) struct Value<'a> {
    pub(super) value: &'a Spanned<DeValue<'a>>,
    pub(super) key: Option<Range<usize>>,
}

impl Value<'_> {
    fn span(&self) -> Range<usize> {
        match (self.value.get_ref(), &self.key) {
            (DeValue::Table(_), Some(key)) => key.clone(),
            _ => self.value.span(),
        }
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let span = self.span();
        let read = match self.value.get_ref() {
            DeValue::String(text) => visitor.visit_borrowed_str(text),
            DeValue::Boolean(is) => visitor.visit_bool(*is),
            DeValue::Integer(number) => {
                let digits = i64::from_str_radix(number.as_str(), number.radix());
                digits.map_err(de::Error::custom).and_then(|number| visitor.visit_i64(number))
            }
            DeValue::Float(number) => {
                let number = number.as_str().parse();
                number
                    .map_err(|error: std::num::ParseFloatError| de::Error::custom(error))
                    .and_then(|number| visitor.visit_f64(number))
            }
            DeValue::Datetime(moment) => visitor.visit_string(moment.to_string()),
            DeValue::Array(items) => visitor.visit_seq(Items { items, next: 0 }),
            DeValue::Table(table) => visitor.visit_map(Pairs::of(table)),
        };
        read.map_err(|problem: Problem| problem.at(span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let span = self.span();
        let read = match self.value.get_ref() {
            DeValue::Table(table) if table.len() == 1 => {
                visitor.visit_enum(MapAccessDeserializer::new(Pairs::of(table)))
            }
            DeValue::String(word) => visitor.visit_enum(Word { word, variants }),
            _ => Err(one_key(variants)),
        };
        read.map_err(|problem| problem.at(span))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

fn one_key(variants: &[&str]) -> Problem {
    let first = variants.first().copied().unwrap_or_default();
    let mut problem = Problem::word("word", "", variants);
    problem.message = format!("a table with one key is wanted here, such as {{ {first} = \"…\" }}");
    problem
}

/// A bare word where a closed list of words may stand.
struct Word<'de> {
    word: &'de str,
    variants: &'static [&'static str],
}

impl<'de> EnumAccess<'de> for Word<'de> {
    type Error = Problem;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Problem> {
        let word = BorrowedStrDeserializer::<Problem>::new(self.word);
        Ok((seed.deserialize(word)?, self))
    }
}

impl<'de> VariantAccess<'de> for Word<'de> {
    type Error = Problem;

    fn unit_variant(self) -> Result<(), Problem> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _seed: T) -> Result<T::Value, Problem> {
        Err(one_key(self.variants))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, Problem> {
        Err(one_key(self.variants))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Problem> {
        Err(one_key(self.variants))
    }
}

struct Items<'de> {
    items: &'de DeArray<'de>,
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Problem> {
        let at = self.next;
        self.next += 1;
        let Some(value) = self.items.get(at) else {
            return Ok(None);
        };
        let item = seed.deserialize(Value { value, key: Some(value.span()) });
        item.map(Some).map_err(|problem| problem.within(&format!("[{at}]")))
    }
}

type Pair<'de> = (&'de Spanned<std::borrow::Cow<'de, str>>, &'de Spanned<DeValue<'de>>);

struct Pairs<'de> {
    pairs: Box<dyn Iterator<Item = Pair<'de>> + 'de>,
    current: Option<Pair<'de>>,
}

impl<'de> Pairs<'de> {
    fn of(table: &'de DeTable<'de>) -> Self {
        Self { pairs: Box::new(table.iter()), current: None }
    }
}

impl<'de> MapAccess<'de> for Pairs<'de> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Problem> {
        self.current = self.pairs.next();
        let Some((key, _)) = self.current else {
            return Ok(None);
        };
        let name: StringDeserializer<Problem> = key.get_ref().to_string().into_deserializer();
        seed.deserialize(name).map(Some).map_err(|problem| problem.at(key.span()))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        let Some((key, value)) = self.current else {
            return Err(de::Error::custom("a key without a value"));
        };
        let read = seed.deserialize(Value { value, key: Some(key.span()) });
        read.map_err(|problem| problem.at(value.span()).within(key.get_ref()))
    }
}
