//! Takes a body out of its framing.

use super::chunk::size_line;
use crate::{Fields, Framing, Limits, Refusal, Scanner, head::parse_fields};

/// A body's state between two looks at the input. It holds no bytes: what it cannot take yet stays
/// in the caller's buffer.
#[derive(Debug)]
pub struct Decoder {
    state: State,
    limits: Limits,
    /// Rare, and large beside the rest.
    trailers: Option<Box<Fields>>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Length(u64),
    UntilClose,
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailers(Scanner),
    Done,
}

/// What stands at the start of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many bytes of framing, to be dropped.
    Skip(usize),
    /// So many bytes of the body, at least one.
    Data(usize),
    /// Nothing can be said before more input is there.
    More,
    /// The body has ended; what follows is not its own.
    End,
}

impl Decoder {
    /// A decoder at a body's start.
    pub fn new(framing: Framing, limits: &Limits) -> Decoder {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::ChunkSize,
            Framing::UntilClose => State::UntilClose,
        };
        Decoder { state, limits: *limits, trailers: None }
    }

    /// Looks at the input. The caller removes the bytes that a [`Step::Skip`] or [`Step::Data`]
    /// counts before it calls again.
    pub fn step(&mut self, input: &[u8]) -> Result<Step, Refusal> {
        match &mut self.state {
            State::Done => Ok(Step::End),
            _ if input.is_empty() => Ok(Step::More),
            State::UntilClose => Ok(Step::Data(input.len())),
            State::Length(left) => {
                let taken = take(left, input);
                if *left == 0 {
                    self.state = State::Done;
                }
                Ok(Step::Data(taken))
            }
            State::ChunkData(left) => {
                let taken = take(left, input);
                if *left == 0 {
                    self.state = State::ChunkEnd;
                }
                Ok(Step::Data(taken))
            }
            State::ChunkSize => self.chunk_size(input),
            State::ChunkEnd => self.chunk_end(input),
            State::Trailers(scanner) => {
                let found = scanner.find_end(input, self.limits.trailers).map_err(too_long);
                found.and_then(|end| end.map_or(Ok(Step::More), |end| self.take_trailers(&input[..end])))
            }
        }
    }

    /// The input has ended. True if the body has, too: then [`Decoder::is_done`] holds.
    pub fn end_of_input(&mut self) -> bool {
        if matches!(self.state, State::UntilClose) {
            self.state = State::Done;
        }
        self.is_done()
    }

    /// Whether the whole body has been seen.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// The trailer fields, once the body has ended.
    pub fn trailers(&self) -> Option<&Fields> {
        self.trailers.as_deref()
    }

    /// How many bytes are still to come, where that is known.
    pub fn left(&self) -> Option<u64> {
        match self.state {
            State::Length(left) => Some(left),
            State::Done => Some(0),
            _ => None,
        }
    }

    fn chunk_size(&mut self, input: &[u8]) -> Result<Step, Refusal> {
        let Some((size, len)) = size_line(input, self.limits.chunk_line)? else { return Ok(Step::More) };
        self.state = if size == 0 { State::Trailers(Scanner::default()) } else { State::ChunkData(size) };
        Ok(Step::Skip(len))
    }

    fn chunk_end(&mut self, input: &[u8]) -> Result<Step, Refusal> {
        match input {
            [b'\r', b'\n', ..] => {
                self.state = State::ChunkSize;
                Ok(Step::Skip(2))
            }
            [b'\r'] => Ok(Step::More),
            _ => Err(Refusal::ChunkEnd),
        }
    }

    fn take_trailers(&mut self, section: &[u8]) -> Result<Step, Refusal> {
        if section.len() > 2 {
            self.trailers = Some(Box::new(parse_fields(section, 0, &self.limits)?));
        }
        self.state = State::Done;
        Ok(Step::Skip(section.len()))
    }
}

fn take(left: &mut u64, input: &[u8]) -> usize {
    let taken = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
    *left -= taken as u64;
    taken
}

fn too_long(refusal: Refusal) -> Refusal {
    if refusal == Refusal::HeadTooLong { Refusal::TrailersTooLong } else { refusal }
}
