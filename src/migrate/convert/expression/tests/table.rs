//! Text → SQL.
