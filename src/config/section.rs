//! One table of a file while it is validated: it knows where it stands, and collects what is wrong.

use std::fmt::Display;
use std::net::IpAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

use super::document::{Document, did_you_mean};
use super::fault::{Fault, Place};
use super::raw::{At, Texts};
use super::units;
use crate::route::canary::Share;

/// What is the same for all tables of a file.
pub(crate) struct FileContext<'f> {
    /// Which file.
    pub file: usize,
    /// The folder that relative paths begin at.
    pub dir: &'f Path,
    /// The file's tree.
    pub document: &'f Document<'f>,
}

/// One table while it is validated.
pub(crate) struct Section<'f> {
    pub context: &'f FileContext<'f>,
    /// Where the table begins: its head, or all of an inline table.
    pub at: Range<usize>,
    faults: &'f mut Vec<Fault>,
}

impl<'f> Section<'f> {
    /// A table that stands there.
    pub(crate) const fn new(
        context: &'f FileContext<'f>,
        at: Range<usize>,
        faults: &'f mut Vec<Fault>,
    ) -> Self {
        Self { context, at, faults }
    }

    /// A table within this one.
    pub(crate) fn inner(&mut self, at: Range<usize>) -> Section<'_> {
        Section { context: self.context, at, faults: self.faults }
    }

    /// A place in this file.
    pub(crate) const fn place(&self, span: Range<usize>) -> Place {
        Place { file: self.context.file, span }
    }

    /// Reports a fault.
    pub(crate) fn push(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// Reports something wrong there.
    pub(crate) fn fault(&mut self, span: Range<usize>, message: impl Into<String>) {
        let fault = Fault::at(self.place(span), message);
        self.push(fault);
    }

    /// Reports something wrong there, with what to do about it.
    pub(crate) fn fault_with_hint(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        let fault = Fault::at(self.place(span), message).hint(hint);
        self.push(fault);
    }

    /// The value, or a fault that it is missing, unless something else in the table was wrong: it may have been that.
    pub(crate) fn required<'v, T>(
        &mut self,
        value: &'v Option<At<T>>,
        key: &str,
        hint: &str,
    ) -> Option<&'v At<T>> {
        if value.is_none() && !self.context.document.is_broken(&self.at) {
            self.fault_with_hint(self.at.clone(), format!("`{key}` is missing"), hint.to_owned());
        }
        value.as_ref()
    }

    /// The parsed text; a fault when it is none.
    pub(crate) fn parse<T, E: Display>(
        &mut self,
        text: &At<String>,
        parse: impl FnOnce(&str) -> Result<T, E>,
        hint: &str,
    ) -> Option<T> {
        match parse(text.get()) {
            Ok(parsed) => Some(parsed),
            Err(why) => {
                self.fault_with_hint(text.span(), why.to_string(), hint.to_owned());
                None
            }
        }
    }

    /// A duration that is not zero.
    pub(crate) fn duration(&mut self, text: &Option<At<String>>, default: Duration) -> Duration {
        let hint = "write it like \"250ms\", \"5s\" or \"1h 30m\"";
        text.as_ref().and_then(|text| self.parse(text, units::duration, hint)).unwrap_or(default)
    }

    /// A size in bytes.
    pub(crate) fn size(&mut self, text: &Option<At<String>>, default: u64) -> u64 {
        let hint = "write it like \"64KiB\", \"8MiB\" or \"1GiB\"";
        text.as_ref().and_then(|text| self.parse(text, units::size, hint)).unwrap_or(default)
    }

    /// A count from 1 on.
    pub(crate) fn count(&mut self, number: &Option<At<u32>>, default: usize) -> usize {
        match number {
            Some(number) if *number.get() == 0 => {
                self.fault(number.span(), "there must be at least one");
                default
            }
            Some(number) => *number.get() as usize,
            None => default,
        }
    }

    /// A share.
    pub(crate) fn share(&mut self, number: &At<f64>) -> Share {
        Share::new(*number.get()).unwrap_or_else(|| {
            let hint = "a share is a number from 0 to 1; 5 % is 0.05".to_owned();
            self.fault_with_hint(number.span(), format!("{} is no share", number.get()), hint);
            Share::default()
        })
    }

    /// Networks; an address is one of itself.
    pub(crate) fn networks(&mut self, texts: &At<Texts>) -> Vec<IpNet> {
        let mut networks = Vec::new();
        for (text, span) in texts.texts() {
            match text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
                Ok(network) => networks.push(network),
                Err(_) => {
                    let hint = "an address, or a network like \"10.0.0.0/8\" or \"fd00::/8\"".to_owned();
                    self.fault_with_hint(span, format!("`{text}` is no address or network"), hint);
                }
            }
        }
        networks
    }

    /// A path; a relative one begins at the file's folder.
    pub(crate) fn path(&self, text: &str) -> PathBuf {
        self.context.dir.join(text)
    }

    /// The named one of the candidates; a fault when there is none of that name.
    pub(crate) fn named<'c, T>(
        &mut self,
        what: &str,
        name: &At<String>,
        candidates: &'c [(String, T)],
    ) -> Option<&'c T> {
        let found = candidates.iter().find(|(candidate, _)| candidate == name.get());
        if found.is_none() {
            let names = candidates.iter().map(|(name, _)| name.as_str());
            let hint = unknown_name(what, name.get(), names);
            self.fault_with_hint(name.span(), format!("there is no {what} `{}`", name.get()), hint);
        }
        found.map(|(_, value)| value)
    }
}

/// What to do about a name that is not there.
pub(crate) fn unknown_name<'c>(
    what: &str,
    name: &str,
    names: impl Iterator<Item = &'c str> + Clone,
) -> String {
    let all: Vec<&str> = names.clone().collect();
    match did_you_mean(name, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None if all.is_empty() => format!("there is no {what} at all"),
        None => format!("there is {}", all.join(", ")),
    }
}

/// Whether a name can be one of a section or route: it appears in file names, metrics and commands.
pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}
