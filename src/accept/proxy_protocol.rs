//! The PROXY protocol (HAProxy's specification, versions 1 and 2): what a load balancer says of the client, before the
//! client's own first byte.
//!
//! It is believed of trusted peers only, and those have to say it: where it may be missing, a client could say it. Not a
//! byte behind the header is taken, since what follows may be TLS.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpStream;

/// The longest header of version 1, its CRLF included.
const V1_MAX: usize = 107;

/// How version 2 begins.
const V2: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// Version 2's fixed part: how it begins, command, family, length.
const V2_FIXED: usize = 16;

/// The longest header of version 2, with whatever is said beside the addresses.
const V2_MAX: usize = 4096;

/// The client, and the address that it connected to.
pub(super) type Addresses = (SocketAddr, SocketAddr);

/// There is no header that could be believed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Hostile {
    /// The connection broke.
    #[error("the connection ended within the PROXY header")]
    Io(#[from] io::Error),
    /// It is none.
    #[error("the trusted peer sent no valid PROXY header")]
    Malformed,
}

/// Reads the header. `None` where the peer speaks for itself (a health check).
pub(super) async fn read(stream: &TcpStream) -> Result<Option<Addresses>, Hostile> {
    let mut header = Vec::with_capacity(V1_MAX);
    loop {
        let missing = match parse(&header)? {
            Step::Done(addresses) => return Ok(addresses),
            Step::Missing(missing) => missing,
        };
        take(stream, &mut header, missing).await?;
    }
}

/// What can be said of a header's beginning.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// It is whole.
    Done(Option<Addresses>),
    /// So many bytes at least are missing, and are certainly the header's own.
    Missing(Missing),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    /// So many.
    Bytes(usize),
    /// Up to the next line end, and so many at most.
    Line(usize),
}

/// Takes some of what is missing. Looks before it takes, so that nothing of the client's is taken.
async fn take(stream: &TcpStream, header: &mut Vec<u8>, missing: Missing) -> io::Result<()> {
    let most = match missing {
        Missing::Bytes(count) | Missing::Line(count) => count,
    };
    let start = header.len();
    header.resize(start + most, 0);
    let seen = stream.peek(&mut header[start..]).await?;
    if seen == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let count = match missing {
        Missing::Bytes(_) => seen,
        Missing::Line(_) => memchr::memchr(b'\n', &header[start..start + seen]).map_or(seen, |end| end + 1),
    };
    // What was seen is there to be read.
    let read = stream.try_read(&mut header[start..start + count])?;
    header.truncate(start + read);
    Ok(())
}

fn parse(header: &[u8]) -> Result<Step, Hostile> {
    const V1: &[u8] = b"PROXY ";
    let begins = |version: &[u8]| header.iter().zip(version).all(|(is, should)| is == should);
    if header.len() >= V1.len() && begins(V1) {
        return parse_v1(header);
    }
    if header.len() >= V2.len() && begins(V2) {
        return parse_v2(header);
    }
    match (begins(V1), begins(V2)) {
        (true, _) => Ok(Step::Missing(Missing::Bytes(V1.len() - header.len()))),
        (_, true) => Ok(Step::Missing(Missing::Bytes(V2.len() - header.len()))),
        _ => Err(Hostile::Malformed),
    }
}

/// `PROXY TCP4|TCP6 source destination port port CRLF`, or `PROXY UNKNOWN … CRLF`.
fn parse_v1(header: &[u8]) -> Result<Step, Hostile> {
    let Some(line) = header.strip_suffix(b"\n") else {
        return match V1_MAX - header.len() {
            0 => Err(Hostile::Malformed),
            room => Ok(Step::Missing(Missing::Line(room))),
        };
    };
    let line = line.strip_suffix(b"\r").ok_or(Hostile::Malformed)?;
    let words: Vec<&str> = std::str::from_utf8(line).map_err(|_| Hostile::Malformed)?.split(' ').collect();
    let (family, source, destination) = match words[..] {
        ["PROXY", "UNKNOWN", ..] => return Ok(Step::Done(None)),
        ["PROXY", family, from, to, from_port, to_port] => {
            (family, address(from, from_port)?, address(to, to_port)?)
        }
        _ => return Err(Hostile::Malformed),
    };
    let is_v4 = match family {
        "TCP4" => true,
        "TCP6" => false,
        _ => return Err(Hostile::Malformed),
    };
    if source.is_ipv4() != is_v4 || destination.is_ipv4() != is_v4 {
        return Err(Hostile::Malformed);
    }
    Ok(Step::Done(Some((source, destination))))
}

fn address(ip: &str, port: &str) -> Result<SocketAddr, Hostile> {
    let plain = port.bytes().all(|byte| byte.is_ascii_digit()) && (port == "0" || !port.starts_with('0'));
    let ip: IpAddr = ip.parse().map_err(|_| Hostile::Malformed)?;
    match port.parse() {
        Ok(port) if plain => Ok(SocketAddr::new(ip, port)),
        _ => Err(Hostile::Malformed),
    }
}

fn parse_v2(header: &[u8]) -> Result<Step, Hostile> {
    const LOCAL: u8 = 0x20;
    const PROXY: u8 = 0x21;
    let Some((fixed, rest)) = header.split_at_checked(V2_FIXED) else {
        return Ok(Step::Missing(Missing::Bytes(V2_FIXED - header.len())));
    };
    let (command, family) = (fixed[12], fixed[13]);
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if !matches!(command, LOCAL | PROXY) || V2_FIXED + length > V2_MAX {
        return Err(Hostile::Malformed);
    }
    if rest.len() < length {
        return Ok(Step::Missing(Missing::Bytes(length - rest.len())));
    }
    match (command, family) {
        (LOCAL, _) | (PROXY, 0x00) => Ok(Step::Done(None)),
        (_, 0x11) => addresses::<4>(rest),
        (_, 0x21) => addresses::<16>(rest),
        _ => Err(Hostile::Malformed),
    }
}

/// Source, destination and their ports, of `N` bytes an address.
fn addresses<const N: usize>(bytes: &[u8]) -> Result<Step, Hostile>
where
    IpAddr: From<[u8; N]>,
{
    let part = || {
        let (source, rest) = bytes.split_first_chunk::<N>()?;
        let (destination, rest) = rest.split_first_chunk::<N>()?;
        let (ports, _) = rest.split_first_chunk::<4>()?;
        let [from, to] = [[ports[0], ports[1]], [ports[2], ports[3]]].map(u16::from_be_bytes);
        Some((SocketAddr::new(ip(*source), from), SocketAddr::new(ip(*destination), to)))
    };
    part().map(|addresses| Step::Done(Some(addresses))).ok_or(Hostile::Malformed)
}

/// An IPv4 client that a balancer holds for IPv6 is one all the same.
fn ip<const N: usize>(bytes: [u8; N]) -> IpAddr
where
    IpAddr: From<[u8; N]>,
{
    IpAddr::from(bytes).to_canonical()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn v2(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
        let mut header = V2.to_vec();
        header.extend_from_slice(&[command, family]);
        header.extend_from_slice(&u16::try_from(addresses.len()).unwrap().to_be_bytes());
        header.extend_from_slice(addresses);
        header
    }

    /// What is read of a header that arrives in pieces, and what is left behind it.
    async fn read_of(header: &[u8], step: usize) -> (Result<Option<Addresses>, Hostile>, Vec<u8>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let sent = [header, b"GET / HTTP/1.1\n"].concat();
        let sending = std::thread::spawn(move || {
            peer.set_nodelay(true).unwrap();
            for piece in sent.chunks(step) {
                if peer.write_all(piece).is_err() {
                    return;
                }
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        });
        let read = read(&stream).await;
        sending.join().unwrap();
        let mut behind = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut { stream }, &mut behind).await.unwrap();
        (read, behind)
    }

    #[tokio::test]
    async fn both_versions_are_read_and_not_a_byte_more() {
        let client = Some(("192.0.2.1:1000".parse().unwrap(), "198.51.100.1:443".parse().unwrap()));
        let v4 = [192, 0, 2, 1, 198, 51, 100, 1, 3, 232, 1, 187];
        let v6 = [&[0; 15][..], &[1], &[0; 15], &[2], &[0, 1, 0, 2]].concat();
        for (header, addresses) in [
            (b"PROXY TCP4 192.0.2.1 198.51.100.1 1000 443\r\n".to_vec(), client),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n".to_vec(), None),
            (v2(0x21, 0x11, &v4), client),
            (v2(0x21, 0x11, &[&v4[..], &[4, 0, 3, 1, 2, 3]].concat()), client),
            (v2(0x21, 0x21, &v6), Some(("[::1]:1".parse().unwrap(), "[::2]:2".parse().unwrap()))),
            (v2(0x20, 0x00, b""), None),
            (v2(0x21, 0x00, b"whatever"), None),
        ] {
            for step in [1, 13, 1000] {
                let (read, behind) = read_of(&header, step).await;
                assert_eq!(read.unwrap(), addresses, "{header:?} by {step}");
                assert_eq!(behind, b"GET / HTTP/1.1\n", "{header:?} by {step}");
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        let long = [b"PROXY UNKNOWN ".to_vec(), vec![b'x'; 200]].concat();
        for header in [
            &b""[..],
            b"PROXX TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
            b"proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
            b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n",
            b"PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n",
            b"PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n",
            b"PROXY TCP4 1.1.1.1 2.2.2.2 +1 2\r\n",
            b"PROXY TCP4 1.1.1.1 2.2.2.2 70000 2\r\n",
            b"PROXY TCP4 ::1 ::2 1 2\r\n",
            b"PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n",
            b"PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n",
            b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n",
            &long,
            &v2(0x22, 0x11, &[0; 12]),
            &v2(0x11, 0x11, &[0; 12]),
            &v2(0x21, 0x12, &[0; 12]),
            &v2(0x21, 0x31, &[0; 216]),
            &v2(0x21, 0x11, &[0; 11]),
            &v2(0x21, 0x11, &[0; 5000]),
        ] {
            let (read, _) = read_of(header, 1000).await;
            assert!(matches!(read, Err(Hostile::Malformed)), "{header:?}: {read:?}");
        }
    }
}
