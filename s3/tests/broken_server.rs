//! Servers that don't do what they began.

use std::time::Duration;

use handover_s3::{Credentials, FetchError, Fetched, Settings, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Fetches from a server that answers each connection's first request with these bytes and then, if it is to hang,
/// nothing; else it closes.
async fn fetch_from(answer: &'static str, hangs: bool) -> Result<Fetched, FetchError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                if hangs {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    let settings = Settings {
        endpoint: Some(endpoint),
        region: Some("us-east-1".into()),
        path_style: true,
        credentials: Some(Credentials { access_key: "a".into(), secret_key: "b".into() }),
        timeout: Duration::from_millis(if hangs { 300 } else { 10_000 }),
        ..Settings::default()
    };
    Store::new(&settings).await.unwrap().fetch(&"s3://tables/airports.csv".parse().unwrap(), None).await
}

#[tokio::test]
async fn half_an_object_is_no_object() {
    let error =
        fetch_from("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfaa,name\n", false).await.unwrap_err();
    assert!(matches!(error, FetchError::Truncated { .. }), "{error}");
}

#[tokio::test]
async fn an_object_with_a_wrong_checksum_is_no_object() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nx-amz-checksum-crc32: AAAAAA==\r\n\r\nfaa,name\n";
    let error = fetch_from(answer, false).await.unwrap_err();
    assert!(matches!(error, FetchError::Truncated { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    for answer in ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfaa,name\n"] {
        let error = fetch_from(answer, true).await.unwrap_err();
        assert!(matches!(error, FetchError::TooSlow { .. } | FetchError::Unreachable { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_s3_is_unreachable() {
    let error = fetch_from("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", false).await.unwrap_err();
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error}");
}
