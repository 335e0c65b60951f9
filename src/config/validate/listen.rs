//! `[listen]`: where clients and operators connect.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::ops::Range;

use ipnet::IpNet;

use super::Read;
use crate::config::fault::Fault;
use crate::config::raw::{self, At, Texts};
use crate::config::section::Section;
use crate::config::valid::{ADMIN, ClientAuth, HTTP, Listen, Pair, ServerTls};

/// Validates `[listen]`.
pub(super) fn listen(main: &Read<'_>, faults: &mut Vec<Fault>) -> Listen {
    let raw = main.raw.listen.as_ref();
    let mut section = Section::new(main.context, raw.map_or(0..0, |raw| raw.span()), faults);
    let raw = raw.map(|raw| raw.get().clone()).unwrap_or_default();
    let mut seen = HashSet::new();
    let http = match &raw.http {
        Some(texts) => addresses(texts, &mut seen, &mut section),
        // A file that says only where TLS is has no clients in the clear.
        None if raw.https.is_some() => Vec::new(),
        None => vec![HTTP],
    };
    let https = raw.https.as_ref().map(|texts| addresses(texts, &mut seen, &mut section)).unwrap_or_default();
    let tls = raw.tls.as_ref().map(|tls| server_tls(tls, &mut section));
    match (&raw.https, &raw.tls) {
        (Some(https), None) => {
            let hint = "add  tls = { cert_file = \"…\", key_file = \"…\" }".to_owned();
            section.fault_with_hint(https.span(), "TLS needs a certificate", hint);
        }
        (None, Some(tls)) => {
            let hint = "add  https = \"0.0.0.0:8443\"".to_owned();
            section.fault_with_hint(tls.span(), "nothing is listened on for TLS", hint);
        }
        _ => {}
    }
    let proxies = raw.proxy_protocol.as_ref().map(|proxy| proxies(&proxy.get().from, &mut section));
    let proxies = proxies.unwrap_or_default();
    let admin = admin(raw.admin.as_ref(), &seen, &mut section);
    Listen { http, https, tls, proxies, admin }
}

fn admin(
    text: Option<&At<String>>,
    seen: &HashSet<SocketAddr>,
    section: &mut Section<'_>,
) -> Option<SocketAddr> {
    let admin = match text {
        None => Some(ADMIN),
        Some(text) if text.get() == "off" => None,
        Some(text) => address(text.get(), &text.span(), section),
    };
    if let (Some(text), Some(admin)) = (text, admin.filter(|admin| !admin.ip().is_loopback())) {
        let warning = Fault::at(
            section.place(text.span()),
            format!("whoever can connect to {admin} can change stages"),
        );
        section.push(
            warning
                .warning()
                .hint("there is no login yet: keep it on 127.0.0.1 or behind something".to_owned()),
        );
    }
    if let (Some(admin), Some(text)) = (admin.filter(|admin| seen.contains(admin)), text) {
        section.fault(text.span(), format!("{admin} is where clients connect"));
    }
    admin
}

fn server_tls(raw: &At<raw::ServerTls>, section: &mut Section<'_>) -> ServerTls {
    let tls = raw.get();
    let first = (&tls.cert_file, &tls.key_file);
    let more = tls.certificates.iter().map(|pair| (&pair.cert_file, &pair.key_file));
    let pairs = std::iter::once(first)
        .chain(more)
        .map(|(cert, key)| Pair { cert_file: section.path(cert.get()), key_file: section.path(key.get()) });
    let pairs = pairs.collect();
    let auth = tls.client_auth.as_ref().map(|auth| match auth.get() {
        raw::RawClientAuth::Optional => ClientAuth::Optional,
        raw::RawClientAuth::Required => ClientAuth::Required,
    });
    if let (None, Some(auth)) = (&tls.client_ca_file, &tls.client_auth) {
        let hint = "say who signs them: client_ca_file = \"…\"".to_owned();
        section.fault_with_hint(auth.span(), "no client certificate can be verified", hint);
    }
    let ca_file = tls.client_ca_file.as_ref().map(|ca_file| section.path(ca_file.get()));
    ServerTls { pairs, client: ca_file.map(|ca_file| (ca_file, auth.unwrap_or(ClientAuth::Required))) }
}

/// Networks whose peers are believed.
fn proxies(texts: &At<Texts>, section: &mut Section<'_>) -> Vec<IpNet> {
    if texts.texts().is_empty() {
        section.fault(texts.span(), "no network: nobody would be believed");
    }
    section.networks(texts)
}

fn addresses(
    texts: &At<Texts>,
    seen: &mut HashSet<SocketAddr>,
    section: &mut Section<'_>,
) -> Vec<SocketAddr> {
    let mut addresses = Vec::new();
    for (text, span) in texts.texts() {
        let Some(address) = address(text, &span, section) else { continue };
        if !seen.insert(address) {
            section.fault(span, format!("{address} is listened on already"));
        }
        addresses.push(address);
    }
    addresses
}

fn address(text: &str, span: &Range<usize>, section: &mut Section<'_>) -> Option<SocketAddr> {
    let parsed = text.parse().ok();
    if parsed.is_none() {
        let hint = match text.trim_start_matches(':').parse::<u16>() {
            Ok(port) => format!("write \"127.0.0.1:{port}\", or \"0.0.0.0:{port}\" for all interfaces"),
            Err(_) => format!("an address and a port, like \"{HTTP}\" or \"[::]:8080\""),
        };
        section.fault_with_hint(span.clone(), format!("`{text}` is no address to listen on"), hint);
    }
    parsed
}
