//! Text → SQL, and what real servers make of both.

mod columns;
mod expressions;
mod live;
mod table;
