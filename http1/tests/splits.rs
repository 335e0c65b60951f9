//! However the input is cut into pieces, the same comes out of it.

mod common;

use bytes::Bytes;
use common::{brief, server_with};
use handover_http1::{Decoder, Framing, Limits, Refusal, Step, server};
use proptest::{prelude::*, sample::Index};
use tokio::io::AsyncWriteExt;

/// What a body decodes to: its bytes, its trailers, what follows it; or why it is refused.
type Decoded = Result<(Vec<u8>, Vec<(Vec<u8>, Vec<u8>)>, Vec<u8>), Refusal>;

/// Feeds `input` to a decoder, cut at `cuts`.
fn decode(framing: Framing, input: &[u8], cuts: &[usize]) -> Decoded {
    let mut decoder = Decoder::new(framing, &Limits::default());
    let (mut buffer, mut body) = (Vec::new(), Vec::new());
    for piece in pieces(input, cuts) {
        buffer.extend_from_slice(&piece);
        loop {
            match decoder.step(&buffer)? {
                Step::Skip(count) => drop(buffer.drain(..count)),
                Step::Data(count) => body.extend(buffer.drain(..count)),
                Step::More | Step::End => break,
            }
        }
    }
    let trailers = decoder.trailers().into_iter().flat_map(|fields| fields.iter());
    let trailers = trailers.map(|field| (field.name.to_vec(), field.value.to_vec())).collect();
    Ok((body, trailers, buffer))
}

/// `input`, cut at `cuts`.
fn pieces(input: &[u8], cuts: &[usize]) -> Vec<Bytes> {
    let starts = [0].into_iter().chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([input.len()]);
    starts.zip(ends).map(|(start, end)| Bytes::copy_from_slice(&input[start..end])).collect()
}

fn places(indices: &[Index], len: usize) -> Vec<usize> {
    let mut places: Vec<_> = indices.iter().map(|index| index.index(len + 1)).collect();
    places.sort_unstable();
    places
}

/// Pieces of chunked bodies, good and bad: any sequence of them is an input.
fn chunked_input() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => proptest::collection::vec(any::<u8>(), 1..40).prop_map(|data| {
            [format!("{:x}\r\n", data.len()).as_bytes(), &data, b"\r\n"].concat()
        }),
        2 => Just(b"3;name=\"v\"\r\nabc\r\n".to_vec()),
        2 => Just(b"0\r\n\r\n".to_vec()),
        2 => Just(b"0\r\nX-T: 1\r\ny:2\r\n\r\n".to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 1..6),
        1 => Just(b"\r\n".to_vec()),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_chunked_body_decodes_the_same(
        input in chunked_input(),
        cuts in proptest::collection::vec(any::<Index>(), 0..12),
    ) {
        let whole = decode(Framing::Chunked, &input, &[]);
        prop_assert_eq!(&decode(Framing::Chunked, &input, &places(&cuts, input.len())), &whole);
        let each: Vec<_> = (0..input.len()).collect();
        prop_assert_eq!(&decode(Framing::Chunked, &input, &each), &whole);
    }

    #[test]
    fn a_body_of_known_length_ends_where_it_says(
        input in proptest::collection::vec(any::<u8>(), 0..200),
        length in 0u64..220,
        cuts in proptest::collection::vec(any::<Index>(), 0..12),
    ) {
        let (body, _, rest) = decode(Framing::Length(length), &input, &places(&cuts, input.len())).unwrap();
        let end = input.len().min(length as usize);
        prop_assert_eq!((&body[..], &rest[..]), input.split_at(end));
    }

    #[test]
    fn requests_are_the_same(
        input in requests(),
        cuts in proptest::collection::vec(any::<Index>(), 0..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let whole = runtime.block_on(serve(&input, &[]));
        let cut = runtime.block_on(serve(&input, &places(&cuts, input.len())));
        prop_assert_eq!(cut, whole);
    }
}

/// Requests, good and bad, one behind the other.
fn requests() -> impl Strategy<Value = Vec<u8>> {
    let target = "/[a-z%/]{0,12}(\\?[a-z=&]{0,12})?";
    let request = prop_oneof![
        4 => target.prop_map(|target| format!("GET {target} HTTP/1.1\r\nHost: h\r\nX-Y:  z \r\n\r\n").into_bytes()),
        4 => (target, proptest::collection::vec(any::<u8>(), 0..50)).prop_map(|(target, body)| {
            let head = format!("POST {target} HTTP/1.1\r\nhost: h\r\nContent-Length: {}\r\n\r\n", body.len());
            [head.as_bytes(), &body].concat()
        }),
        4 => chunked_input().prop_map(|body| {
            [&b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"[..], &body].concat()
        }),
        1 => Just(b"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec()),
        1 => Just(b"GET / HTTP/1.1\r\nHost : h\r\n\r\n".to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 1..20),
    ];
    proptest::collection::vec(request, 1..5).prop_map(|requests| requests.concat())
}

/// What a server makes of `input`, in words; a body that fails counts without what came before.
async fn serve(input: &[u8], cuts: &[usize]) -> Vec<String> {
    let config = server::Config { timeouts: brief(), ..Default::default() };
    let (mut connection, mut client) = server_with(config);
    let pieces = pieces(input, cuts);
    let writer = tokio::spawn(async move {
        for piece in pieces {
            // The server may have had enough.
            let _ = client.write_all(&piece).await;
            tokio::task::yield_now().await;
        }
        let _ = client.shutdown().await;
        client
    });
    let mut seen = Vec::new();
    loop {
        match connection.next_head().await {
            Ok(Some(head)) => {
                seen.push(format!("{:?} {:?}", Bytes::copy_from_slice(head.bytes()), head.framing()))
            }
            Ok(None) => break,
            Err(error) => {
                seen.push(format!("{:?}", error.cause));
                break;
            }
        }
        let (mut body, mut responder) = connection.exchange();
        let mut read = Vec::new();
        let end = loop {
            match body.data().await {
                Ok(Some(data)) => read.extend_from_slice(&data),
                Ok(None) => break format!("{read:?} {:?}", body.trailers().map(|fields| fields.len())),
                Err(error) => break format!("{:?}", error.cause),
            }
        };
        seen.push(end);
        responder.head(204, b"", handover_http1::Size::None, |_| {}).unwrap();
        responder.finish(None).await.unwrap();
    }
    drop(connection);
    writer.await.unwrap();
    seen
}
