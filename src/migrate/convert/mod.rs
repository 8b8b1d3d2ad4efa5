//! `MySQL` schema → `PostgreSQL` schema and findings; pure.
