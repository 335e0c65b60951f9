//! A strict HTTP/1.1 engine on bytes: sans-I/O core, tokio shell, server and client side.
//!
//! It knows no route. It takes messages in, refuses those that two parsers could read differently,
//! and writes messages whose body cannot disagree with their head. Names keep their case and order,
//! and what a proxy passes on is copied as bytes.
//!
//! # The parts
//!
//! | without I/O | |
//! | --- | --- |
//! | [`RequestHead`], [`ResponseHead`], [`Fields`] | heads as their own bytes with indices; [`Name`] tells the fields apart that matter to an intermediary |
//! | [`Scanner`], [`Decoder`] | where a head ends, what of the input is body |
//! | [`FieldWriter`], [`Size`] | what a head to be written consists of |
//! | [`Refusal`] | why a message was refused, with its status and metric label |
//! | [`Limits`], [`Leniency`], [`ServerTimeouts`], [`ClientTimeouts`], [`Pace`] | what is bounded |
//!
//! | on a stream | |
//! | --- | --- |
//! | [`server::Connection`] | gives heads, and for each a [`server::RequestBody`] and a [`server::Responder`] |
//! | [`client::Connection`] | takes requests, and gives for each a [`client::Sender`] and a [`client::Receiver`] |
//! | [`Source`], [`Sink`], [`Transfer`] | moves a body from one to the other, beside anything else |
//! | [`Error`] | names the [`Leg`] on which something failed, and the [`Cause`] |
//!
//! A stream is anything that tokio can read and write. The halves of an exchange are used from one
//! task, at the same time if need be (`select!`, [`Transfer::beside`]). Time-outs need tokio's timer.
//!
//! # A proxy in a few lines
//!
//! ```
//! use handover_http1::{Cause, Transfer, client, server, transfer};
//! use tokio::io::{AsyncRead, AsyncWrite};
//!
//! async fn serve<S, B>(mut downstream: server::Connection<S>, mut upstream: client::Connection<B>)
//! -> Result<(), Box<dyn std::error::Error>>
//! where
//!     S: AsyncRead + AsyncWrite + Unpin,
//!     B: AsyncRead + AsyncWrite + Unpin,
//! {
//!     loop {
//!         let head = match downstream.next_head().await {
//!             Ok(Some(head)) => head,
//!             Ok(None) => return Ok(downstream.close().await?),
//!             Err(error) => match error.refusal() {
//!                 Some(refusal) => return Ok(downstream.refuse(refusal).await?),
//!                 None => return Err(error.into()),
//!             },
//!         };
//!         let (mut body, mut responder) = downstream.exchange();
//!         let target = head.origin_target();
//!         let (mut sender, mut receiver) =
//!             upstream.request(client::Request::like(&head, &target), |fields| fields.copy(head.fields()))?;
//!
//!         // The upload goes on while the answer is waited for, and while it is passed on.
//!         let mut upload = Transfer::new(&mut body, &mut sender);
//!         let answer = loop {
//!             let answer = upload.beside(receiver.head()).await??;
//!             if !answer.is_interim() {
//!                 break answer;
//!             }
//!             responder.interim(answer.status(), answer.reason(), |fields| fields.copy(answer.fields())).await?;
//!         };
//!         responder.head(answer.status(), answer.reason(), answer.size(), |fields| fields.copy(answer.fields()))?;
//!         upload.beside(transfer(&mut receiver, &mut responder)).await??;
//!     }
//! }
//! ```

mod body;
pub mod client;
mod date;
mod error;
mod fields;
mod head;
mod io;
mod limits;
mod name;
mod read;
mod refusal;
mod relay;
pub mod server;
mod write;

pub use body::{Decoder, Step};
pub use date::{Date, date, date_now};
pub use error::{Cause, Error, Leg, Misuse};
pub use fields::{Field, Fields};
pub use head::{Framing, RequestHead, ResponseHead, Scanner, Tolerated, Version};
pub use io::Pace;
pub use limits::{ClientTimeouts, LeastRate, Leniency, Limits, MAX_FIELDS, ServerTimeouts};
pub use name::Name;
pub use refusal::Refusal;
pub use relay::{Sink, Source, Transfer, TransferError, transfer};
pub use write::{FieldWriter, Size};
