//! The only code that prints: stdout carries data, stderr carries talk.
