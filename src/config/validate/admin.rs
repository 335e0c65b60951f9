//! `[admin]`: how people are known.

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
        let read = std::fs::read_to_string(&path).map_err(|why| why.to_string());
        if let Err(why) = read.and_then(|text| users::parse(&text).map_err(|why| why.to_string())) {
            let hint = "handover user NAME --role operator >> FILE  makes one".to_owned();
            section.fault_with_hint(file.span(), format!("the users cannot be read: {why}"), hint);
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
