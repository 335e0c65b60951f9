//! What legacy is told of a client's certificate: nginx's `$ssl_client_…` as FastCGI parameters, `Client-Cert` (RFC 9440)
//! to an HTTP backend.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

/// A client's certificate, which its handshake has verified.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClientCert {
    /// Names and values of the FastCGI parameters.
    pub params: Vec<(&'static str, String)>,
    /// The value of `Client-Cert`.
    pub field: String,
}

/// Whether legacy is told of a client's certificate.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Certified<'a> {
    /// It is not.
    #[default]
    Untold,
    /// The client has none.
    Without,
    /// Of this one.
    With(&'a ClientCert),
}

impl<'a> Certified<'a> {
    /// What legacy is told where it is told of certificates, and of this one.
    pub(crate) fn of(is_told: bool, cert: Option<&'a ClientCert>) -> Self {
        match cert {
            _ if !is_told => Self::Untold,
            None => Self::Without,
            Some(cert) => Self::With(cert),
        }
    }
}

/// What an HTTP backend is told by.
pub(crate) const FIELD: &str = "Client-Cert";

impl ClientCert {
    /// Of a certificate as a handshake has it (DER); `None` where it is none.
    pub(crate) fn of(der: &[u8]) -> Option<Self> {
        let (_, cert) = X509Certificate::from_der(der).ok()?;
        let (from, to) = (cert.validity().not_before.timestamp(), cert.validity().not_after.timestamp());
        let left = (to - Timestamp::now().as_second()).max(0) / (24 * 60 * 60);
        let params = vec![
            ("SSL_CLIENT_VERIFY", "SUCCESS".to_owned()),
            ("SSL_CLIENT_S_DN", name(cert.subject())),
            ("SSL_CLIENT_I_DN", name(cert.issuer())),
            ("SSL_CLIENT_SERIAL", serial(cert.raw_serial())),
            ("SSL_CLIENT_FINGERPRINT", hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, der).as_ref())),
            ("SSL_CLIENT_V_START", date(from)),
            ("SSL_CLIENT_V_END", date(to)),
            ("SSL_CLIENT_V_REMAIN", left.to_string()),
        ];
        Some(Self { params, field: format!(":{}:", STANDARD.encode(der)) })
    }
}

/// When a certificate (DER) ends, in seconds since 1970.
pub(crate) fn ends(der: &[u8]) -> Option<i64> {
    Some(X509Certificate::from_der(der).ok()?.1.validity().not_after.timestamp())
}

/// As OpenSSL prints it by RFC 2253: the last part first.
fn name(name: &X509Name<'_>) -> String {
    let mut text = String::new();
    let parts: Vec<Vec<_>> = name.iter().map(|part| part.iter().collect()).collect();
    for (at, part) in parts.into_iter().rev().enumerate() {
        for (within, attribute) in part.into_iter().rev().enumerate() {
            match (at, within) {
                (0, 0) => {}
                (_, 0) => text.push(','),
                _ => text.push('+'),
            }
            let oid = attribute.attr_type().to_id_string();
            text.push_str(short(&oid).unwrap_or(&oid));
            text.push('=');
            escape(attribute.as_str().map_or(attribute.as_slice(), str::as_bytes), &mut text);
        }
    }
    text
}

/// The short name of what a distinguished name is made of.
fn short(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "street",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.42" => "GN",
        "1.2.840.113549.1.9.1" => "emailAddress",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        _ => return None,
    })
}

fn escape(value: &[u8], text: &mut String) {
    for (at, byte) in value.iter().enumerate() {
        let at_an_end = at == 0 || at + 1 == value.len();
        match byte {
            b',' | b'+' | b'"' | b'\\' | b'<' | b'>' | b';' => text.extend(['\\', char::from(*byte)]),
            b' ' if at_an_end => text.push_str("\\ "),
            b'#' if at == 0 => text.push_str("\\#"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => {
                let _ = write!(text, "\\{byte:02X}");
            }
        }
    }
}

fn serial(bytes: &[u8]) -> String {
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len().saturating_sub(1));
    hex(&bytes[first..]).to_ascii_uppercase()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// As OpenSSL prints it: `Nov  7 09:05:00 2026 GMT`.
fn date(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds).unwrap_or_default().to_zoned(TimeZone::UTC);
    time.strftime("%b %e %H:%M:%S %Y GMT").to_string()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    fn openssl(folder: &Path, arguments: &[&str]) -> String {
        let output = Command::new("openssl").current_dir(folder).args(arguments).output().expect("openssl");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn a_certificate_is_told_of_as_openssl_shows_it() {
        let folder = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| openssl(folder.path(), arguments);
        run(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "3",
            "-utf8",
            "-multivalue-rdn",
            "-set_serial",
            "0x00A1b2",
            "-subj",
            "/C=DE/O=Müller, Söhne+UID=7/OU=a \\\"b\\\" <c>;#/CN= anna /emailAddress=a@b.example",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
        ]);
        let der = CertificateDer::from_pem_file(folder.path().join("cert.pem")).unwrap();
        let cert = ClientCert::of(&der).unwrap();
        let shown = |what: &str| {
            let text = run(&["x509", "-in", "cert.pem", "-noout", "-nameopt", "RFC2253", what]);
            text.trim_end().split_once('=').unwrap().1.to_owned()
        };
        for (name, what) in [
            ("SSL_CLIENT_S_DN", "-subject"),
            ("SSL_CLIENT_I_DN", "-issuer"),
            ("SSL_CLIENT_SERIAL", "-serial"),
            ("SSL_CLIENT_V_START", "-startdate"),
            ("SSL_CLIENT_V_END", "-enddate"),
        ] {
            let ours = cert.params.iter().find(|(known, _)| *known == name).unwrap().1.clone();
            assert_eq!(ours, shown(what), "{name}");
        }
        let fingerprint = shown("-fingerprint").replace(':', "").to_ascii_lowercase();
        assert!(cert.params.contains(&("SSL_CLIENT_FINGERPRINT", fingerprint)), "{cert:?}");
        assert!(cert.params.contains(&("SSL_CLIENT_V_REMAIN", "2".to_owned())), "{cert:?}");
        assert_eq!(cert.field, format!(":{}:", STANDARD.encode(&der)));
    }

    #[test]
    fn what_is_no_certificate_says_nothing() {
        assert!(ClientCert::of(b"no certificate").is_none() && ends(&[]).is_none());
    }
}
