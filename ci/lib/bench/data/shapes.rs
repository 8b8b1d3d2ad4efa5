//! Databases of other shapes than TPC-H's: wide rows, large values, many tables, no key.

use std::io::{Result, Write};
use std::path::Path;

use crate::rows::{Chance, create, escape};

/// Rows of about 3 KB: some short columns, eight texts and two JSON documents.
pub(crate) fn wide(scale: f64, folder: &Path) -> Result<()> {
    let mut file = create(&folder.join("wide.tbl"))?;
    let mut chance = Chance::new(1);
    let mut row = Vec::new();
    for id in 1..=rows(200_000.0, scale) {
        row.clear();
        write!(row, "{id}|{}|{}|", stamp(&mut chance), decimal(&mut chance))?;
        for _ in 0..8 {
            if chance.below(10) == 0 {
                row.extend(b"\\N");
            } else {
                let bytes = 100 + chance.below(500) as usize;
                escape(chance.text(bytes).as_bytes(), &mut row);
            }
            row.push(b'|');
        }
        for _ in 0..2 {
            escape(document(&mut chance).as_bytes(), &mut row);
            row.push(b'|');
        }
        row.push(b'\n');
        file.write_all(&row)?;
    }
    file.flush()
}

/// Sixty values of any bytes: a third of 1 KB, a third of 1 MB, and a third from 2 to 16 MB.
pub(crate) fn blob(folder: &Path) -> Result<()> {
    let mut file = create(&folder.join("files.tbl"))?;
    let mut chance = Chance::new(2);
    let mut value = Vec::new();
    let mut row = Vec::new();
    for id in 1..=60_u64 {
        let bytes = match id % 3 {
            0 => 1 << 10,
            1 => 1 << 20,
            _ => (1 << 20) * (2 + 14 * id / 59),
        };
        value.clear();
        while value.len() < bytes as usize {
            value.extend(chance.number().to_le_bytes());
        }
        row.clear();
        write!(row, "{id}|file-{id}.bin|")?;
        escape(&value, &mut row);
        row.extend(b"|\n");
        file.write_all(&row)?;
    }
    file.flush()
}

/// The tables of `small`.
const SMALL_TABLES: u64 = 1_000;

/// A thousand tables, each with a hundred rows or fewer.
pub(crate) fn small(folder: &Path) -> Result<()> {
    let mut chance = Chance::new(3);
    for table in 0..SMALL_TABLES {
        let mut file = create(&folder.join(format!("small_{table:04}.tbl")))?;
        for id in 1..=chance.below(101) {
            let (name, at, price) = (chance.text(20), stamp(&mut chance), decimal(&mut chance));
            writeln!(file, "{id}|{name}|{at}|{price}|")?;
        }
        file.flush()?;
    }
    Ok(())
}

/// Events of a log, which has no key; one row in a hundred stands there twice.
pub(crate) fn nokey(scale: f64, folder: &Path) -> Result<()> {
    let mut file = create(&folder.join("nokey.tbl"))?;
    let mut chance = Chance::new(4);
    for _ in 0..rows(5_000_000.0, scale) {
        let (at, user, price) = (stamp(&mut chance), chance.below(100_000), decimal(&mut chance));
        let text = chance.text(30);
        let row = format!("{at}|{user}|{price}|{text}|\n");
        let times = if chance.below(100) == 0 { 2 } else { 1 };
        for _ in 0..times {
            file.write_all(row.as_bytes())?;
        }
    }
    file.flush()
}

fn rows(at_scale_one: f64, scale: f64) -> u64 {
    ((at_scale_one * scale) as u64).max(1)
}

fn stamp(chance: &mut Chance) -> String {
    format!(
        "20{:02}-{:02}-{:02} {:02}:{:02}:{:02}",
        10 + chance.below(15),
        1 + chance.below(12),
        1 + chance.below(28),
        chance.below(24),
        chance.below(60),
        chance.below(60)
    )
}

fn decimal(chance: &mut Chance) -> String {
    format!("{}.{:02}", chance.below(1_000_000), chance.below(100))
}

/// A JSON document of a few hundred bytes, as applications store them.
fn document(chance: &mut Chance) -> String {
    let items: Vec<String> = (0..=chance.below(5))
        .map(|at| {
            let (name, price) = (chance.text(12), decimal(chance));
            format!(r#"{{"line": {at}, "name": "{name}", "price": {price}, "tags": ["a", null]}}"#)
        })
        .collect();
    format!(r#"{{"user": {}, "paid": true, "items": [{}]}}"#, chance.below(9_999), items.join(", "))
}
