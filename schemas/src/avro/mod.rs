//! Avro: the schema's text is read by `apache-avro`; values are walked here.
//!
//! Not by the library's own reader and writer: its maps have no order, so that equal values give different bytes; a
//! misfit does not say in which field; and what is read is neither bounded in depth nor by its own length.
//!
//! How JSON stands for Avro: as one would write it, not as Avro's own JSON form. `long` and the times are integers, `bytes`
//! and `fixed` texts of the characters U+0000 to U+00FF, a decimal a number or the text of one, a UUID its text. Of a
//! union the first branch is taken that the value looks like; `{"acme.Name": value}` names one where there are several
//! beside null, and is how such a value is read.

mod decimal;
mod lean;
mod plan;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use plan::Avro;
