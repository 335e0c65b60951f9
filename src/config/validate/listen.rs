//! `[listen]`: where clients and operators connect.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::ops::Range;

use super::Read;
use crate::config::fault::Fault;
use crate::config::section::Section;
use crate::config::valid::{ADMIN, HTTP, Listen};

/// Validates `[listen]`.
pub(super) fn listen(main: &Read<'_>, faults: &mut Vec<Fault>) -> Listen {
    let raw = main.raw.listen.as_ref();
    let mut section = Section::new(main.context, raw.map_or(0..0, |raw| raw.span()), faults);
    let http_texts = raw.and_then(|raw| raw.get().http.as_ref()).map(|texts| texts.texts());
    let admin_text = raw.and_then(|raw| raw.get().admin.as_ref());
    let http: Vec<_> = match &http_texts {
        Some(texts) => texts.iter().filter_map(|(text, span)| address(text, span, &mut section)).collect(),
        None => vec![HTTP],
    };
    let admin = match admin_text {
        None => Some(ADMIN),
        Some(text) if text.get() == "off" => None,
        Some(text) => address(text.get(), &text.span(), &mut section),
    };
    if let (Some(text), Some(admin)) = (admin_text, admin.filter(|admin| !admin.ip().is_loopback())) {
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
    let mut seen = HashSet::new();
    for (address, span) in http.iter().zip(http_texts.iter().flatten().map(|(_, span)| span)) {
        if !seen.insert(address) {
            section.fault(span.clone(), format!("{address} is listened on already"));
        }
    }
    if let (Some(admin), Some(text)) = (admin.filter(|admin| seen.contains(admin)), admin_text) {
        section.fault(text.span(), format!("{admin} is where clients connect"));
    }
    Listen { http, admin }
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
