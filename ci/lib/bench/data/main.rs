//! Writes the rows that `ci/bench` moves: `bench-data WORKLOAD SCALE FOLDER`, a file for each table.
//!
//! The same arguments write the same bytes on every machine. Fields end with `|` and rows with
//! `|` and a line feed, as TPC-H has it; `\` escapes, and `\N` is NULL, as LOAD DATA has it.

mod rows;
mod shapes;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator,
    PartSuppGenerator, RegionGenerator, SupplierGenerator,
};

use crate::rows::write_rows;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [workload, scale, folder] = arguments.as_slice() else {
        return Err("usage: bench-data WORKLOAD SCALE FOLDER".into());
    };
    let scale: f64 = scale.parse()?;
    let folder = PathBuf::from(folder);
    std::fs::create_dir_all(&folder)?;
    match workload.as_str() {
        "tpch" => tpch(scale, &folder)?,
        "wide" => shapes::wide(scale, &folder)?,
        "blob" => shapes::blob(&folder)?,
        "small" => shapes::small(&folder)?,
        "nokey" => shapes::nokey(scale, &folder)?,
        other => return Err(format!("no workload is called '{other}'").into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// The eight tables, whose rows print themselves in TPC-H's own form.
fn tpch(scale: f64, folder: &Path) -> std::io::Result<()> {
    let file = |table: &str| folder.join(format!("{table}.tbl"));
    write_rows(&file("region"), RegionGenerator::new(scale, 1, 1).iter())?;
    write_rows(&file("nation"), NationGenerator::new(scale, 1, 1).iter())?;
    write_rows(&file("supplier"), SupplierGenerator::new(scale, 1, 1).iter())?;
    write_rows(&file("part"), PartGenerator::new(scale, 1, 1).iter())?;
    write_rows(&file("partsupp"), PartSuppGenerator::new(scale, 1, 1).iter())?;
    write_rows(&file("customer"), CustomerGenerator::new(scale, 1, 1).iter())?;
    write_rows(&file("orders"), OrderGenerator::new(scale, 1, 1).iter())?;
    write_rows(&file("lineitem"), LineItemGenerator::new(scale, 1, 1).iter())
}
