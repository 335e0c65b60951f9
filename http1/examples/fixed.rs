//! Answers every request with the same 1 KB, on all cores: what the server side costs alone.
//!
//! `cargo run --release -p handover-http1 --example fixed -- 127.0.0.1:9001`

mod support;

use bytes::Bytes;
use handover_http1::{Error, Size, server};
use tokio::net::TcpStream;

static BODY: Bytes = Bytes::from_static(&[b'x'; 1024]);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("usage: fixed ADDRESS")?;
    Ok(support::serve_per_core(address.parse()?, serve)?)
}

async fn serve(stream: TcpStream) {
    let mut connection = server::Connection::new(stream, Default::default());
    let ended = loop {
        match connection.next_head().await {
            Ok(Some(_)) => {}
            Ok(None) => break connection.close().await,
            Err(error) => match error.refusal() {
                Some(refusal) => break connection.refuse(refusal).await,
                None => break Err(error),
            },
        }
        if let Err(error) = answer(&mut connection).await {
            break Err(error);
        }
    };
    if let Err(error) = ended {
        eprintln!("{error}: {}", error.cause);
    }
}

async fn answer(connection: &mut server::Connection<TcpStream>) -> Result<(), Error> {
    let (_, mut responder) = connection.exchange();
    responder.head(200, b"OK", Size::Known(BODY.len() as u64), |fields| {
        fields.push(b"Content-Type", b"text/plain");
    })?;
    responder.data(BODY.clone()).await?;
    responder.finish(None).await
}
