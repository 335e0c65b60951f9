//! What answers a route natively: a handler of this binary, or a pipeline of the files.

use std::sync::Arc;

use handover_pipeline::Pipeline;
use ring::digest::{SHA256, digest};

use super::route::Known;
use crate::config::document::did_you_mean;
use crate::config::fault::{Fault, Place};
use crate::config::raw::{self, At, Native, PipelineFile};
use crate::config::section::Section;
use crate::config::valid::NativePipeline;
use crate::route::Stage;

/// Its name, and the pipeline where it is one.
pub(super) fn native(
    raw: &raw::Route,
    stage: Stage,
    known: &Known<'_>,
    section: &mut Section<'_>,
) -> (Option<String>, Option<NativePipeline>) {
    match (&raw.native, &raw.stage) {
        (Some(given), _) => match given.get() {
            Native::Handler(name) => {
                registered(name, given, known, section);
                (Some(name.clone()), None)
            }
            Native::Pipeline(file) => (Some(file.pipeline.clone()), pipeline(file, given, known, section)),
        },
        (None, Some(given))
            if stage > Stage::Legacy
                && raw.candidate.is_none()
                && !section.context.document.is_broken(&section.at) =>
        {
            let hint = "name its handler: `native = \"…\"`".to_owned();
            section.fault_with_hint(given.span(), format!("stage {stage} needs something native"), hint);
            (None, None)
        }
        _ => (None, None),
    }
}

/// A handler must be registered.
fn registered(name: &str, given: &At<Native>, known: &Known<'_>, section: &mut Section<'_>) {
    let handlers = &known.against.names.handlers;
    if handlers.iter().any(|known| known == name) {
        return;
    }
    let message = format!("no handler `{name}` is registered in this binary");
    let hint = did_you_mean(name, handlers.iter().map(String::as_str)).map_or_else(
        || format!("register it by `Proxy::builder().handler(\"{name}\", …)`, or run the binary that does"),
        |near| format!("did you mean `{near}`?"),
    );
    section.fault_with_hint(given.span(), message, hint);
}

/// A pipeline is compiled, for each route that names it: rules are counted by route.
fn pipeline(
    file: &PipelineFile,
    given: &At<Native>,
    known: &Known<'_>,
    section: &mut Section<'_>,
) -> Option<NativePipeline> {
    let path = section.context.dir.join(&file.pipeline);
    let Some(source) = known.sources.pipeline(&path) else {
        section.fault(given.span(), format!("`{}` is not there", file.pipeline));
        return None;
    };
    let text = &known.sources.files()[source].text;
    let compiled = match Pipeline::parse(text) {
        Ok(compiled) => compiled,
        Err(faults) => {
            for fault in faults.list() {
                let place = Place { file: source, span: fault.span.clone() };
                section.push(Fault::at(place, fault.message.clone()).hint(fault.hint.clone()));
            }
            return None;
        }
    };
    for table in compiled.tables() {
        if !known.tables.iter().any(|(name, _)| name == table) {
            let message = format!("its pipeline reads the table `{table}`, which nothing defines");
            section.fault_with_hint(given.span(), message, format!("add `[table.{table}]`"));
        }
    }
    let hash = digest(&SHA256, text.as_bytes());
    let hash = hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Some(NativePipeline { handler: Arc::new(compiled), hash })
}
