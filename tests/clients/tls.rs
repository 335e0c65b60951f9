//! TLS towards clients: what they speak under it, which certificate they see, and its replacement.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use handover_parts::{Authority, Backend, Handover, Identity, free_port};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::world::{BINARY, ask, flood, metric, over, request, run};

struct World {
    authority: Authority,
    proxy: Handover,
    https: SocketAddr,
}

const ANSWER: &str = "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\nok";

/// The proxy with that certificate, and more lines for `tls`.
fn world(backend: &Backend, authority: Authority, identity: &Identity, more: &str) -> World {
    let https = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let Identity { cert_file, key_file } = identity;
    let (cert_file, key_file) = (cert_file.display(), key_file.display());
    let routes = format!(
        "[listen]\nhttps = \"{https}\"\n[listen.tls]\ncert_file = \"{cert_file}\"\nkey_file = \"{key_file}\"\n{more}\n{}",
        backend.as_legacy()
    );
    World { authority, proxy: Handover::start(BINARY, &routes), https }
}

/// How a client comes: by which name, speaking what, with which certificate of its own.
#[derive(Clone, Copy)]
struct Visitor<'a> {
    name: &'static str,
    speaks: &'a [&'a str],
    identity: Option<&'a Identity>,
}

const VISITOR: Visitor<'static> = Visitor { name: "shop.example", speaks: &["http/1.1"], identity: None };

impl World {
    async fn connect(&self, visitor: Visitor<'_>) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.authority.ca_file()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match visitor.identity {
            None => builder.with_no_client_auth(),
            Some(own) => {
                let key = PrivateKeyDer::from_pem_file(&own.key_file).unwrap();
                let cert = CertificateDer::from_pem_file(&own.cert_file).unwrap();
                builder.with_client_auth_cert(vec![cert], key).unwrap()
            }
        };
        config.alpn_protocols = visitor.speaks.iter().map(|name| name.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(self.https).await?;
        let name = ServerName::try_from(visitor.name).unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    /// What a client gets for one request, by HTTP/1.1.
    async fn get(&self, visitor: Visitor<'_>) -> std::io::Result<String> {
        let mut stream = self.connect(visitor).await?;
        exchange(&mut stream).await
    }
}

async fn exchange(stream: &mut TlsStream<TcpStream>) -> std::io::Result<String> {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n").await?;
    let mut answer = vec![0; ANSWER.len()];
    stream.read_exact(&mut answer).await?;
    Ok(String::from_utf8(answer).unwrap())
}

fn presented(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

fn certificate(identity: &Identity) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(&identity.cert_file).unwrap()
}

#[test]
fn a_client_gets_the_protocol_that_it_asks_for_and_the_certificate_of_the_name() {
    let backend = Backend::answering(ANSWER);
    let authority = Authority::new();
    let [first, second] = ["shop.example", "other.example"].map(|name| authority.sign(name));
    let more = format!(
        "certificates = [{{ cert_file = \"{}\", key_file = \"{}\" }}]",
        second.cert_file.display(),
        second.key_file.display()
    );
    let world = world(&backend, authority, &first, &more);
    run(async {
        for speaks in [&["http/1.1"][..], &[]] {
            assert_eq!(world.get(Visitor { speaks, ..VISITOR }).await.unwrap(), ANSWER);
        }
        let stream = world.connect(Visitor { speaks: &["h2", "http/1.1"], ..VISITOR }).await.unwrap();
        assert_eq!(presented(&stream), certificate(&first));
        let answer = ask(&mut over(stream).await, request("GET", "/"), b"").await.unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));
        let stream = world.connect(Visitor { name: "other.example", ..VISITOR }).await.unwrap();
        assert_eq!(presented(&stream), certificate(&second));
        world.connect(Visitor { name: "third.example", ..VISITOR }).await.unwrap_err();
    });
    assert!(metric(&world.proxy, "handover_tls_handshakes_total{outcome=\"done\"}") >= 4);
    assert_eq!(metric(&world.proxy, "handover_tls_handshakes_total{outcome=\"failed\"}"), 1);
}

#[test]
fn a_replaced_certificate_is_for_new_connections_and_a_broken_one_for_nobody() {
    let backend = Backend::answering(ANSWER);
    let authority = Authority::new();
    let [old, new, other] = ["old", "new", "other"].map(|folder| secret(&authority, folder));
    // As Kubernetes has it: the files are links into a folder that is a link itself.
    let volume = handover_parts::process::folder("secret");
    let link = volume.path().join("current");
    std::os::unix::fs::symlink(&old, &link).unwrap();
    let identity = Identity { cert_file: link.join("tls.crt"), key_file: link.join("tls.key") };
    let swap = |to: &Path| {
        let next = volume.path().join("next");
        std::os::unix::fs::symlink(to, &next).unwrap();
        fs::rename(&next, &link).unwrap();
    };
    let broken = volume.path().join("broken");
    fs::create_dir(&broken).unwrap();
    fs::copy(new.join("tls.crt"), broken.join("tls.crt")).unwrap();
    fs::copy(other.join("tls.key"), broken.join("tls.key")).unwrap();
    let of = |folder: &Path| CertificateDer::from_pem_file(folder.join("tls.crt")).unwrap();
    let mut world = world(&backend, authority, &identity, "");
    run(async {
        let mut stream = world.connect(VISITOR).await.unwrap();
        assert_eq!(exchange(&mut stream).await.unwrap(), ANSWER);
        for (folder, outcome, seen) in [(&broken, "refused", &old), (&new, "replaced", &new)] {
            swap(folder);
            let name = format!("handover_tls_reloads_total{{outcome=\"{outcome}\"}}");
            let admin = world.proxy.admin();
            world.proxy.wait_until(&name, Duration::from_secs(20), || {
                let metrics = handover_parts::http::get(admin, "/metrics").unwrap().text();
                metrics.contains(&format!("{name} 1\n"))
            });
            let now = world.connect(VISITOR).await.unwrap();
            assert_eq!(presented(&now), of(seen), "{outcome}");
        }
        assert_eq!(exchange(&mut stream).await.unwrap(), ANSWER, "the old connection goes on");
    });
}

#[test]
fn who_http2_is_closed_to_is_offered_http1_alone() {
    let backend = Backend::answering(ANSWER);
    let authority = Authority::new();
    let identity = authority.sign("shop.example");
    let world = world(&backend, authority, &identity, "");
    let both = Visitor { speaks: &["h2", "http/1.1"], ..VISITOR };
    let negotiated = async || {
        let mut stream = world.connect(both).await.unwrap();
        let protocol = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        let answer = match protocol.as_deref() {
            Some(b"http/1.1") => exchange(&mut stream).await.unwrap(),
            _ => String::new(),
        };
        (protocol.unwrap_or_default(), answer)
    };
    run(async {
        assert_eq!(negotiated().await.0, b"h2");
        for _ in 0..4 {
            flood(&world.proxy);
        }
        assert_eq!(negotiated().await, (b"http/1.1".to_vec(), ANSWER.to_owned()));
    });
}

/// A folder as a Secret's volume has it.
fn secret(authority: &Authority, folder: &str) -> std::path::PathBuf {
    let identity = authority.sign("shop.example");
    let folder = authority.ca_file().with_file_name(folder);
    fs::create_dir(&folder).unwrap();
    fs::rename(identity.cert_file, folder.join("tls.crt")).unwrap();
    fs::rename(identity.key_file, folder.join("tls.key")).unwrap();
    folder
}

#[test]
fn a_client_without_a_certificate_stays_out_where_one_is_required() {
    let backend = Backend::answering(ANSWER);
    for (auth, without) in [("required", false), ("optional", true)] {
        let authority = Authority::new();
        let [server, own] = ["shop.example", "client.example"].map(|name| authority.sign(name));
        let elsewhere = Authority::new();
        let strangers = elsewhere.sign("client.example");
        let more =
            format!("client_ca_file = \"{}\"\nclient_auth = \"{auth}\"", authority.ca_file().display());
        let world = world(&backend, authority, &server, &more);
        run(async {
            assert_eq!(world.get(VISITOR).await.is_ok(), without, "{auth}");
            assert_eq!(world.get(Visitor { identity: Some(&own), ..VISITOR }).await.unwrap(), ANSWER);
            world.get(Visitor { identity: Some(&strangers), ..VISITOR }).await.unwrap_err();
        });
    }
}

#[test]
fn legacy_is_told_of_the_clients_certificate_by_us_alone() {
    let backend = Backend::answering(ANSWER);
    let authority = Authority::new();
    let [server, own] = ["shop.example", "client.example"].map(|name| authority.sign(name));
    let ca_file = authority.ca_file();
    let more = format!(
        "client_ca_file = \"{}\"\nclient_auth = \"optional\"\n[forwarded]\nclient_cert = true\n",
        ca_file.display()
    );
    let world = world(&backend, authority, &server, &more);
    let told = |identity| {
        run(async {
            let mut stream = world.connect(Visitor { identity, ..VISITOR }).await.unwrap();
            let forged = "GET /forged HTTP/1.1\r\nHost: a\r\nclient-cert: :forged:\r\nClient-Cert-Chain: :forged:\r\n\r\n";
            stream.write_all(forged.as_bytes()).await.unwrap();
            stream.read_exact(&mut vec![0; ANSWER.len()]).await.unwrap();
        });
        let received = backend.received();
        let request = received.rsplit("GET /forged").next().unwrap().to_owned();
        assert!(!request.contains(":forged:"), "{request}");
        request.lines().find_map(|line| Some(line.strip_prefix("Client-Cert: ")?.trim().to_owned()))
    };
    assert_eq!(told(None), None);
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, certificate(&own));
    assert_eq!(told(Some(&own)), Some(format!(":{encoded}:")));

    let metrics = handover_parts::http::get(world.proxy.admin(), "/metrics").unwrap().text();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for file in [&server.cert_file, &ca_file] {
        let name =
            format!("handover_tls_certificate_expiry_timestamp_seconds{{file=\"{}\"}} ", file.display());
        let end = metrics.lines().find_map(|line| line.strip_prefix(&name)?.parse::<u64>().ok());
        // It was made for 30 days.
        assert!(end.is_some_and(|end| end.abs_diff(now + 30 * 24 * 3600) < 3600), "{end:?}");
    }
}
