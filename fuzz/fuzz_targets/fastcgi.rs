//! What a FastCGI responder sends: however it is split on its way, the same comes out, and nothing panics.
//!
//! The first byte says where the rest is split. The rooms' files are taken in as they stand, so that the target builds
//! without the proxy.

#![no_main]
#![allow(dead_code, unreachable_pub, rustdoc::all)]

use bytes::{Bytes, BytesMut};
use libfuzzer_sys::fuzz_target;

#[path = "../../src/legacy/fastcgi/answer.rs"]
mod answer;
#[path = "../../src/legacy/fastcgi/decode.rs"]
mod decode;
#[path = "../../src/legacy/fastcgi/record.rs"]
mod record;

use answer::{BodyGate, HeadReader};
use decode::{Decoder, Event};

/// What came of a responder's bytes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    head: Vec<u8>,
    body: Vec<u8>,
    log: Vec<u8>,
    ended: Option<u32>,
    /// A fault, in words.
    fault: Option<String>,
}

fuzz_target!(|input: &[u8]| {
    let Some((split, bytes)) = input.split_first() else { return };
    let at = usize::from(*split).min(bytes.len());
    let whole = outcome(&[bytes]);
    assert_eq!(whole, outcome(&[&bytes[..at], &bytes[at..]]));
    assert_eq!(whole, outcome(&bytes.chunks(1 + at % 7).collect::<Vec<_>>()));
});

fn outcome(pieces: &[&[u8]]) -> Outcome {
    let (mut decoder, mut reader, mut gate) = (Decoder::default(), Some(HeadReader::new(false)), None);
    let (mut buffer, mut outcome) = (BytesMut::new(), Outcome::default());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(None) => break,
                Ok(Some(Event::Stderr(line))) => outcome.log.extend_from_slice(&line),
                Ok(Some(Event::End { status })) => {
                    outcome.ended = Some(status);
                    return outcome;
                }
                Ok(Some(Event::Stdout(content))) => {
                    if let Err(fault) = take(content, &mut reader, &mut gate, &mut outcome) {
                        outcome.fault = Some(fault);
                        return outcome;
                    }
                }
                Err(fault) => {
                    outcome.fault = Some(fault.to_string());
                    return outcome;
                }
            }
        }
    }
    outcome
}

fn take(
    content: Bytes,
    reader: &mut Option<HeadReader>,
    gate: &mut Option<BodyGate>,
    outcome: &mut Outcome,
) -> Result<(), String> {
    let body = match reader {
        None => content,
        Some(gathering) => {
            let Some((head, body)) = gathering.push(content).map_err(|fault| fault.to_string())? else {
                return Ok(());
            };
            outcome.head = head.bytes().to_vec();
            *gate = Some(BodyGate::new(&head));
            *reader = None;
            body
        }
    };
    if let Some(gate) = gate {
        outcome.body.extend_from_slice(&gate.pass(body).0);
    }
    Ok(())
}
