//! `[table.NAME]` and `[s3]`: hot tables and where they come from.

use std::sync::Arc;
use std::time::Duration;

use super::{Read, is_host, sections};
use crate::config::fault::Fault;
use crate::config::raw;
use crate::config::section::Section;
use crate::config::valid::{S3, Table, TableSource};

/// Validates all tables.
pub(super) fn all(files: &[Read<'_>], faults: &mut Vec<Fault>) -> Vec<(String, Option<Arc<Table>>)> {
    sections(files, "table", |raw| &raw.table, faults, table)
}

/// Validates `[s3]`.
pub(super) fn s3(main: &Read<'_>, faults: &mut Vec<Fault>) -> S3 {
    let Some(raw) = &main.raw.s3 else { return S3::default() };
    let mut section = Section::new(main.context, raw.span(), faults);
    let raw = raw.get();
    let endpoint = raw
        .endpoint
        .as_ref()
        .and_then(|text| section.parse(text, endpoint, "like \"http://127.0.0.1:7070\""));
    S3 {
        endpoint,
        region: raw.region.as_ref().map(|text| text.get().clone()),
        path_style: raw.path_style.as_ref().is_some_and(|given| *given.get()),
        ca_file: raw.ca_file.as_ref().map(|text| section.path(text.get())),
    }
}

fn table(name: &str, raw: &raw::Table, section: &mut Section<'_>) -> Option<Table> {
    let hint = "where it comes from: \"s3://bucket/airports.csv\" or \"file:data/airports.csv\"";
    let source = section.required(&raw.source, "source", hint);
    let source = source.and_then(|text| {
        let dir = section.context.dir;
        section.parse(
            text,
            |text| source_of(text, |path| dir.join(path)),
            "\"s3://bucket/key\" or \"file:PATH\"",
        )
    });
    let key = section.required(&raw.key, "key", "the column that rows are looked up by");
    let refresh = section.duration(&raw.refresh, Duration::from_secs(3600));
    let max_age = raw.max_age.is_some().then(|| section.duration(&raw.max_age, refresh));
    if let (Some(text), Some(max_age)) = (&raw.max_age, max_age)
        && max_age < refresh
    {
        let hint = "give it some refreshes' time, since one may fail".to_owned();
        section.fault_with_hint(text.span(), "the table would be too old before it is refreshed", hint);
    }
    let size_max = section.size(&raw.size_max, 256 << 20);
    Some(Table {
        name: name.to_owned(),
        source: source?,
        key: key?.get().clone(),
        refresh,
        max_age,
        size_max,
    })
}

fn source_of(text: &str, path: impl FnOnce(&str) -> std::path::PathBuf) -> Result<TableSource, String> {
    if let Some(file) = text.strip_prefix("file:").filter(|file| !file.is_empty()) {
        return Ok(TableSource::File(path(file)));
    }
    match text.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) {
        Some((bucket, key)) if is_host(bucket) && !key.is_empty() => {
            Ok(TableSource::S3 { bucket: bucket.to_owned(), key: key.to_owned() })
        }
        _ => Err(format!("`{text}` is no table's source")),
    }
}

fn endpoint(text: &str) -> Result<String, String> {
    let uri: http::Uri = text.parse().map_err(|_| format!("`{text}` is no URL"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) => Ok(text.to_owned()),
        _ => Err(format!("`{text}` is no URL of an endpoint")),
    }
}
