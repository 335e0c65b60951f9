//! An answer on its way from a responder: records to a CGI head and a body, checked at each step.

use bytes::{Bytes, BytesMut};

use super::answer::{BadHead, BodyGate, HeadReader};
use super::decode::{Decoder, Event};
use super::handoff::{Handoff, Part};
use super::stderr::Lines;
use super::upload::Activity;
use crate::legacy::error::{Cause, Failed, Leg};
use crate::legacy::outbound::Outbound;
use crate::legacy::socket::Socket;

/// How much room a read gets at first and later, in bytes: most answers are small.
const FIRST_READ: usize = 8 * 1024;
const NEXT_READ: usize = 64 * 1024;

/// An answer that is being read.
#[derive(Debug)]
pub(crate) struct Download<'a> {
    decoder: Decoder,
    state: State,
    lines: Lines<'a>,
    handoff: &'a Handoff,
}

#[derive(Debug)]
enum State {
    Head(HeadReader),
    Body(BodyGate),
}

/// The answer has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Whether the connection may carry another request.
    pub(crate) clean: bool,
}

impl<'a> Download<'a> {
    pub(crate) fn new(handoff: &'a Handoff, legacy: &'a str, request: &Outbound<'a>) -> Self {
        Self {
            decoder: Decoder::default(),
            state: State::Head(HeadReader::new(request.head.is_head())),
            lines: Lines::new(legacy, request.route),
            handoff,
        }
    }

    /// Reads to the answer's end.
    pub(crate) async fn run(mut self, socket: &Socket, activity: &Activity) -> Result<Ended, Failed> {
        let mut buffer = BytesMut::with_capacity(FIRST_READ);
        loop {
            self.handoff.room().await;
            if buffer.capacity() - buffer.len() < FIRST_READ / 2 {
                buffer.reserve(NEXT_READ);
            }
            let read = activity.watch(self.leg(), socket.read(&mut buffer)).await?;
            activity.touch();
            if read.map_err(|error| Failed::new(self.leg(), error))? == 0 {
                return Err(Failed::new(self.leg(), Cause::Closed));
            }
            if let Some(ended) = self.take(&mut buffer)? {
                return Ok(ended);
            }
        }
    }

    fn leg(&self) -> Leg {
        match self.state {
            State::Head(_) => Leg::ReadHead,
            State::Body(_) => Leg::ReadBody,
        }
    }

    fn take(&mut self, buffer: &mut BytesMut) -> Result<Option<Ended>, Failed> {
        while let Some(event) = self.decoder.decode(buffer).map_err(|fault| Failed::new(self.leg(), fault))? {
            match event {
                Event::Stderr(piece) => self.lines.push(&piece),
                Event::Stdout(piece) => {
                    if self.stdout(piece)? {
                        return Ok(Some(Ended { clean: false }));
                    }
                }
                Event::End { status } => return self.end(status, buffer.is_empty()).map(Some),
            }
        }
        Ok(None)
    }

    /// True where the answer is longer than it declared: what was declared is there, and the rest is not waited for.
    fn stdout(&mut self, piece: Bytes) -> Result<bool, Failed> {
        let piece = match &mut self.state {
            State::Body(_) => piece,
            State::Head(reader) => {
                let head = reader.push(piece).map_err(|fault| Failed::new(Leg::ReadHead, fault))?;
                let Some((head, body)) = head else { return Ok(false) };
                self.state = State::Body(BodyGate::new(&head));
                self.handoff.push(Part::Head(Box::new(head)));
                body
            }
        };
        let State::Body(gate) = &mut self.state else { return Ok(false) };
        let (piece, over) = gate.pass(piece);
        if !piece.is_empty() {
            self.handoff.push(Part::Data(piece));
        }
        Ok(over)
    }

    fn end(&self, exit_status: u32, nothing_left: bool) -> Result<Ended, Failed> {
        if exit_status != 0 {
            tracing::debug!(exit_status, "the script ended with a status of its own");
        }
        match &self.state {
            State::Head(_) => Err(Failed::new(Leg::ReadHead, BadHead::Incomplete)),
            State::Body(gate) if gate.missing() > 0 => {
                Err(Failed::new(Leg::ReadBody, Cause::TooShort { missing: gate.missing() }))
            }
            State::Body(_) => Ok(Ended { clean: nothing_left && self.decoder.ended() }),
        }
    }
}
