//! Each template as it comes out, and what is refused.

mod examples;
mod refused;
mod rendered;
mod validated;
