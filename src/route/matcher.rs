//! Finds the route of a request.
//!
//! Of several patterns that match, the one for the request's host comes first, then the more particular path, then
//! more header fields, then the closer method: the order that the Kubernetes Gateway API gives its routes.

use std::collections::{HashMap, HashSet, hash_map};
use std::ops::Range;

use foldhash::fast::RandomState;
use matchit::Router;

use super::path::{self, Unclear};
use super::pattern::{CAPTURES_MAX, Method, Pattern};
use super::{Asked, Values};

/// A compiled table of patterns. Looking up allocates only where the path is percent-encoded.
#[derive(Debug, Default)]
pub(crate) struct Matcher {
    hosts: HashMap<Box<str>, Host, RandomState>,
    any_host: Host,
}

/// A found route: its index, and where its captures are in the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub index: usize,
    pub captures: Captures,
}

/// What became of a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// No pattern matches.
    Nothing,
    /// One does, and legacy would read the path alike.
    Clear(Found),
    /// Legacy may read the path in another way, so it must answer. The index is of the route that the path's bytes
    /// would match, if there is one: it says whose legacy.
    Unclear(Unclear, Option<usize>),
}

/// A pattern that cannot stand beside the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// Which pattern.
    pub index: usize,
    /// The pattern that it collides with, as compiled.
    pub with: String,
}

/// Where a pattern's captures are in the path. At most [`CAPTURES_MAX`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Captures {
    ranges: [(u32, u32); CAPTURES_MAX],
    len: u8,
}

impl Captures {
    /// The ranges, in the order of the pattern's names.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        self.ranges.into_iter().take(self.len.into()).map(|(start, end)| start as usize..end as usize)
    }

    fn push(&mut self, range: Range<usize>) {
        if let Some(slot) = self.ranges.get_mut(usize::from(self.len)) {
            *slot = (range.start as u32, range.end as u32);
            self.len += 1;
        }
    }
}

/// The patterns of one host, or of any.
#[derive(Debug, Default)]
struct Host {
    /// One for each set of header fields that some pattern asks for.
    lanes: Vec<Lane>,
}

#[derive(Debug, Default)]
struct Lane {
    headers: Vec<(String, String)>,
    methods: [Trees; Method::ALL.len()],
}

/// Literal paths are most of all paths, and a hash finds them sooner than a tree. matchit refuses `{x}` beside
/// `{*rest}` in one tree, so patterns that take the rest have a tree of their own.
#[derive(Debug, Default)]
struct Trees {
    literal: HashMap<Box<str>, Entry, RandomState>,
    exact: Router<Entry>,
    catch_all: Router<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    index: usize,
    /// The smaller, the more particular; no two are equal.
    rank: usize,
}

impl Matcher {
    /// Compiles the patterns; their indices are what a look-up gives back.
    pub(crate) fn new<'p>(patterns: impl IntoIterator<Item = &'p Pattern>) -> Result<Self, Vec<Conflict>> {
        let mut order: Vec<(usize, &Pattern)> = patterns.into_iter().enumerate().collect();
        order.sort_by_cached_key(|(index, p)| (p.generality(), usize::MAX - p.headers.len(), *index));
        let (mut matcher, mut conflicts) = (Self::default(), Vec::new());
        for (method, distance) in Method::ALL.into_iter().flat_map(|m| [(m, 0), (m, 1), (m, 2)]) {
            for (rank, (index, pattern)) in order.iter().enumerate() {
                if pattern.methods.distance(method) != Some(distance) {
                    continue;
                }
                let entry = Entry { index: *index, rank };
                if let Err(with) = matcher.lane(pattern).insert(method, pattern, entry, distance) {
                    conflicts.push(Conflict { index: *index, with });
                }
            }
        }
        let mut seen = HashSet::new();
        conflicts.retain(|conflict| seen.insert(conflict.index));
        conflicts.sort_by_key(|conflict| conflict.index);
        if conflicts.is_empty() { Ok(matcher) } else { Err(conflicts) }
    }

    fn lane(&mut self, pattern: &Pattern) -> &mut Lane {
        let host = match &pattern.host {
            Some(name) => self.hosts.entry(name.as_str().into()).or_default(),
            None => &mut self.any_host,
        };
        let at = host.lanes.iter().position(|lane| lane.headers == pattern.headers).unwrap_or_else(|| {
            host.lanes.push(Lane { headers: pattern.headers.clone(), ..Lane::default() });
            host.lanes.len() - 1
        });
        &mut host.lanes[at]
    }

    /// Finds the route of a request.
    pub(crate) fn find(&self, asked: &impl Asked) -> Lookup {
        let readings = match path::read(asked.path()) {
            Ok(readings) => readings,
            Err(why) => {
                let as_sent = std::str::from_utf8(asked.path()).ok().and_then(|path| self.best(asked, path));
                return Lookup::Unclear(why, as_sent.map(|found| found.index));
            }
        };
        let found = self.best(asked, readings.raw);
        if let std::borrow::Cow::Owned(decoded) = &readings.decoded {
            let index = |found: Option<Found>| found.map(|f| f.index);
            if index(self.best(asked, decoded)) != index(found) {
                return Lookup::Unclear(Unclear::TwoRoutes, index(found));
            }
        }
        found.map_or(Lookup::Nothing, Lookup::Clear)
    }

    fn best(&self, asked: &impl Asked, path: &str) -> Option<Found> {
        let method = Method::from_bytes(asked.method())?;
        if !self.hosts.is_empty() {
            let mut room = [0; HOST_MAX];
            let host = asked.host().and_then(|host| normal_host(host, &mut room));
            if let Some(found) =
                host.and_then(|h| self.hosts.get(h)).and_then(|h| h.best(asked, method, path))
            {
                return Some(found);
            }
        }
        self.any_host.best(asked, method, path)
    }
}

impl Host {
    fn best(&self, asked: &impl Asked, method: Method, path: &str) -> Option<Found> {
        let mut best: Option<(Entry, Captures)> = None;
        for lane in self.lanes.iter().filter(|lane| lane.applies(asked)) {
            lane.methods[method as usize].find(path, &mut best);
        }
        best.map(|(entry, captures)| Found { index: entry.index, captures })
    }
}

impl Trees {
    /// Puts what matches in the place of `best`, if it is more particular.
    fn find(&self, path: &str, best: &mut Option<(Entry, Captures)>) {
        let beaten = |best: &Option<(Entry, Captures)>, entry: &Entry| {
            best.as_ref().is_none_or(|(other, _)| entry.rank < other.rank)
        };
        if let Some(entry) = self.literal.get(path) {
            // No path with captures is more particular than one without.
            if beaten(best, entry) {
                *best = Some((*entry, Captures::default()));
            }
            return;
        }
        for tree in [&self.exact, &self.catch_all] {
            match tree.at(path) {
                Ok(found) if beaten(best, found.value) => {
                    *best = Some((*found.value, captures(path, &found.params)));
                }
                _ => {}
            }
        }
    }

    fn insert(&mut self, pattern: &Pattern, entry: Entry) -> Result<(), matchit::InsertError> {
        let shape = pattern.shape.clone();
        if pattern.is_catch_all() {
            return self.catch_all.insert(shape, entry);
        }
        if !pattern.captures.is_empty() {
            return self.exact.insert(shape, entry);
        }
        match self.literal.entry(shape.as_str().into()) {
            hash_map::Entry::Occupied(_) => Err(matchit::InsertError::Conflict { with: shape }),
            hash_map::Entry::Vacant(room) => {
                room.insert(entry);
                Ok(())
            }
        }
    }
}

impl Lane {
    /// Whether the fields are there, once each: what a doubled field means, each backend decides for itself.
    fn applies(&self, asked: &impl Asked) -> bool {
        self.headers
            .iter()
            .all(|(name, value)| matches!(asked.field(name), Values::One(found) if found == value.as_bytes()))
    }

    fn insert(
        &mut self,
        method: Method,
        pattern: &Pattern,
        entry: Entry,
        distance: u8,
    ) -> Result<(), String> {
        match self.methods[method as usize].insert(pattern, entry) {
            Ok(()) => Ok(()),
            // What names the method itself was inserted before, and keeps it.
            Err(matchit::InsertError::Conflict { with }) if with == pattern.shape && distance > 0 => Ok(()),
            Err(matchit::InsertError::Conflict { with }) => Err(with),
            Err(other) => Err(other.to_string()),
        }
    }
}

fn captures(path: &str, params: &matchit::Params<'_, '_>) -> Captures {
    let mut captures = Captures::default();
    for (_, value) in params.iter() {
        let start = value.as_ptr() as usize - path.as_ptr() as usize;
        captures.push(start..start + value.len());
    }
    captures
}

/// The longest name that DNS allows, with its port.
const HOST_MAX: usize = 255 + 6;

/// A Host field as patterns know it: lower case, without port and trailing dot.
fn normal_host<'r>(host: &[u8], room: &'r mut [u8; HOST_MAX]) -> Option<&'r str> {
    let room = room.get_mut(..host.len())?;
    room.copy_from_slice(host);
    room.make_ascii_lowercase();
    let host = std::str::from_utf8(room).ok()?;
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    Some(name.strip_suffix('.').unwrap_or(name))
}

#[cfg(test)]
#[path = "matcher_tests.rs"]
mod tests;
