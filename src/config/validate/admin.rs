//! `[admin]`: how people are known.

use std::io;

use super::Read;
use super::listen::proxies;
use crate::admin::{Access, TrustedProxy, users};
use crate::config::fault::Fault;
use crate::config::raw::At;
use crate::config::raw::admin::AdminProxy;
use crate::config::section::Section;

/// Validates `[admin]`.
pub(super) fn access(main: &Read<'_>, faults: &mut Vec<Fault>) -> Access {
    let Some(raw) = &main.raw.admin else { return Access::default() };
    let mut section = Section::new(main.context, raw.span(), faults);
    let raw = raw.get();
    let users = raw.users.as_ref().map(|file| {
        let path = section.path(file.get());
        let wrong = match std::fs::read_to_string(&path) {
            Ok(text) => users::parse(&text).err().map(|why| (why.to_string(), false)),
            // Not everyone who checks the file may read the users.
            Err(why) => Some((why.to_string(), why.kind() == io::ErrorKind::PermissionDenied)),
        };
        if let Some((why, is_warning)) = wrong {
            let fault = Fault::at(section.place(file.span()), format!("the users cannot be read: {why}"))
                .hint("handover user NAME --role operator >> FILE  makes one".to_owned());
            section.push(if is_warning { fault.warning() } else { fault });
        }
        path
    });
    let proxy = raw.proxy.as_ref().and_then(|proxy| trusted(proxy.get(), &mut section));
    Access { users, proxy, own_work: raw.own_work }
}

fn trusted(raw: &AdminProxy, section: &mut Section<'_>) -> Option<TrustedProxy> {
    let from = proxies(&raw.from, section);
    let field = field(&raw.header, section)?;
    let all = |names: &[String]| names.iter().cloned().collect();
    let (operators, reviewers) = (all(&raw.operators), all(&raw.reviewers));
    Some(TrustedProxy { from, field, operators, reviewers, others: raw.others })
}

fn field(name: &At<String>, section: &mut Section<'_>) -> Option<String> {
    let field = http::HeaderName::from_bytes(name.get().as_bytes()).ok();
    if field.is_none() {
        let hint = "a field like \"X-Auth-Request-Email\"".to_owned();
        section.fault_with_hint(name.span(), format!("`{}` is no header field", name.get()), hint);
    }
    field.map(|field| field.as_str().to_owned())
}
