//! Compares what two sides answered, by content.
//!
//! Equal bytes match unparsed. What differs in bytes is never silently alike: the walk names a difference, or it is
//! one of [spelling](Kind::Spelling).

mod body;
mod coding;
mod cookie;
mod effect;
mod form;
mod header;
mod json;
mod markup;
mod multipart;

pub(crate) use body::{documents, split};
pub(crate) use coding::content;

pub use effect::effects;

use crate::difference::{Differences, Form, Found, Kind};
use crate::experiment::Answer;
use crate::path::{Part, Path};

/// Every difference between two answers.
pub fn answers(control: &Answer, candidate: &Answer) -> Differences {
    let mut found = Differences::default();
    if control.status != candidate.status {
        let status = |answer: &Answer| Found::new(Form::Number, answer.status.to_string());
        found.both(Path::new(Part::Status), Kind::Value, status(control), status(candidate));
    }
    header::compare(&Path::new(Part::Header), &control.fields, &candidate.fields, &mut found);
    body::compare(control, candidate, &mut found);
    found
}
