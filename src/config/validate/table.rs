//! `[table.NAME]` and `[s3]`: hot tables and where they come from.

use std::sync::Arc;
use std::time::Duration;

use super::{Read, is_host, sections};
use crate::config::fault::Fault;
use crate::config::raw::{self, At, RawFormat, RawTooOld};
use crate::config::section::Section;
use crate::config::valid::{S3, Table, TableFormat, TableSource, TooOld};
use crate::route::canary::Share;

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
    let key = key.map(|texts| columns(texts, section));
    let keys = raw.keys.iter().map(|(name, texts)| (name.clone(), columns(texts, section))).collect();
    let refresh = section.duration(&raw.refresh, Duration::from_secs(3600));
    let max_age = raw.max_age.is_some().then(|| section.duration(&raw.max_age, refresh));
    if let (Some(text), Some(max_age)) = (&raw.max_age, max_age)
        && max_age < refresh
    {
        let hint = "give it some refreshes' time, since one may fail".to_owned();
        section.fault_with_hint(text.span(), "the table would be too old before it is refreshed", hint);
    }
    if let (Some(given), None) = (&raw.too_old, max_age) {
        let hint = "say from when on: `max_age = \"2h\"`".to_owned();
        section.fault_with_hint(given.span(), "the table is never too old", hint);
    }
    let size_max = section.size(&raw.size_max, 256 << 20);
    Some(Table {
        name: name.to_owned(),
        source: source?,
        format: raw.format.as_ref().map(|given| format(*given.get())),
        key: key?,
        keys,
        refresh,
        jitter: raw.jitter.as_ref().map_or(Share::TENTH, |given| section.share(given)),
        shrink_max: raw.shrink_max.as_ref().map_or(Share::HALF, |given| section.share(given)),
        max_age,
        too_old: raw.too_old.as_ref().map_or(TooOld::Legacy, |given| too_old(*given.get())),
        size_max,
    })
}

fn columns(given: &At<raw::Texts>, section: &mut Section<'_>) -> Vec<String> {
    let texts = given.texts();
    if texts.is_empty() {
        section.fault(given.span(), "a key has at least one column");
    }
    for (at, (text, span)) in texts.iter().enumerate() {
        if texts[..at].iter().any(|(before, _)| before == text) {
            section.fault(span.clone(), format!("column `{text}` stands there twice"));
        }
    }
    texts.into_iter().map(|(text, _)| text.to_owned()).collect()
}

const fn format(raw: RawFormat) -> TableFormat {
    match raw {
        RawFormat::Csv => TableFormat::Csv,
        RawFormat::Ndjson => TableFormat::Ndjson,
        RawFormat::Json => TableFormat::Json,
        RawFormat::Parquet => TableFormat::Parquet,
    }
}

const fn too_old(raw: RawTooOld) -> TooOld {
    match raw {
        RawTooOld::Legacy => TooOld::Legacy,
        RawTooOld::Serve => TooOld::Serve,
        RawTooOld::Unready => TooOld::Unready,
    }
}

fn source_of(text: &str, path: impl FnOnce(&str) -> std::path::PathBuf) -> Result<TableSource, String> {
    if let Some(file) = text.strip_prefix("file:").filter(|file| !file.is_empty()) {
        let path = path(file);
        return Ok(if file.ends_with('/') { TableSource::Folder(path) } else { TableSource::File(path) });
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
