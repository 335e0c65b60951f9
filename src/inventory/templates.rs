//! Groups requests by templates of their paths: `/v1/airports/{}` for `/v1/airports/JFK` and its like.
//!
//! A segment is a parameter where it looks like one (a number, a UUID, a date, a mail), or where a place has had more
//! different ones than its depth allows. Everything is bounded: nodes, methods, what is kept of each.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

/// Different segments at one place, by depth, beyond which they are a parameter.
const FAN: [usize; 3] = [256, 64, 24];

/// Segments that are told apart; what lies deeper is one.
const DEPTH_MAX: usize = 12;

/// Places in all; beyond it new ones count as parameters of those that are there.
const NODES_MAX: usize = 20_000;

/// Under which name those are counted for whom there is no room.
const REST: &str = "/…";

/// Latencies are counted by powers of two of microseconds: the last is more than half an hour.
const BUCKETS: usize = 32;

/// Methods of one template that are told apart.
const METHODS_MAX: usize = 12;

/// One request, or several like it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    /// The method.
    pub method: &'a str,
    /// The path, without query.
    pub path: &'a [u8],
    /// The status; 0 where it is unknown.
    pub status: u16,
    /// How long the answer took, where that is known.
    pub took: Option<Duration>,
    /// When, where that is known.
    pub at: Option<Timestamp>,
    /// How many it stands for.
    pub count: u64,
    /// Why the strict parser would refuse it.
    pub refused: Option<&'static str>,
    /// The route that names it.
    pub route: Option<&'a str>,
}

/// What was seen of one template.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Counts {
    /// Requests.
    pub requests: u64,
    /// The same, by method.
    pub methods: BTreeMap<String, u64>,
    /// The same, by the status' first digit; 0 where it is unknown.
    pub statuses: BTreeMap<u16, u64>,
    /// Why some would be refused.
    pub refused: BTreeMap<&'static str, u64>,
    /// The route that names it, and how many it names.
    pub routes: BTreeMap<String, u64>,
    /// When the last one came.
    pub last: Option<Timestamp>,
    /// The path of one.
    pub example: String,
    #[serde(skip)]
    latencies: [u64; BUCKETS],
}

impl Counts {
    fn add(&mut self, seen: &Seen<'_>) {
        self.requests += seen.count;
        let known = self.methods.len() < METHODS_MAX || self.methods.contains_key(seen.method);
        *self.methods.entry(if known { seen.method } else { "other" }.to_owned()).or_default() += seen.count;
        *self.statuses.entry(seen.status / 100).or_default() += seen.count;
        if let Some(why) = seen.refused {
            *self.refused.entry(why).or_default() += seen.count;
        }
        if let Some(route) = seen.route {
            *self.routes.entry(route.to_owned()).or_default() += seen.count;
        }
        if let Some(took) = seen.took {
            let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
            let bucket = (micros.ilog2() as usize + 1).min(BUCKETS - 1);
            self.latencies[bucket] += seen.count;
        }
        self.last = self.last.max(seen.at);
        if self.example.is_empty() {
            self.example = String::from_utf8_lossy(seen.path).chars().take(200).collect();
        }
    }

    fn merge(&mut self, other: Self) {
        self.requests += other.requests;
        for (name, count) in other.methods {
            *self.methods.entry(name).or_default() += count;
        }
        for (class, count) in other.statuses {
            *self.statuses.entry(class).or_default() += count;
        }
        for (why, count) in other.refused {
            *self.refused.entry(why).or_default() += count;
        }
        for (route, count) in other.routes {
            *self.routes.entry(route).or_default() += count;
        }
        for (mine, theirs) in self.latencies.iter_mut().zip(other.latencies) {
            *mine += theirs;
        }
        self.last = self.last.max(other.last);
        if self.example.is_empty() {
            self.example = other.example;
        }
    }

    /// The upper bound of the bucket that this share of the answers came within; `None` where nobody measured.
    pub(crate) fn quantile(&self, share: f64) -> Option<Duration> {
        let measured: u64 = self.latencies.iter().sum();
        let wanted = (share * measured as f64).ceil() as u64;
        let mut below = 0;
        let bucket = self.latencies.iter().position(|count| {
            below += count;
            below >= wanted
        })?;
        (measured > 0).then(|| Duration::from_micros(1 << bucket))
    }

    /// How many no route names.
    pub(crate) fn unrouted(&self) -> u64 {
        self.requests - self.routes.values().sum::<u64>().min(self.requests)
    }
}

/// A template with what was seen of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// `/v1/airports/{}`.
    pub template: String,
    /// What was seen.
    #[serde(flatten)]
    pub counts: Counts,
}

/// All templates.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    root: Node,
    nodes: usize,
    /// What there was no room for.
    rest: Counts,
}

#[derive(Debug, Default)]
struct Node {
    literal: BTreeMap<Box<str>, Node>,
    parameter: Option<Box<Node>>,
    /// Whether all that is new here is a parameter.
    is_folded: bool,
    counts: Option<Box<Counts>>,
}

impl Templates {
    /// Counts a request.
    pub(crate) fn add(&mut self, seen: &Seen<'_>) {
        let path = String::from_utf8_lossy(seen.path);
        let mut node = &mut self.root;
        for (depth, segment) in path.split('/').skip(1).take(DEPTH_MAX).enumerate() {
            let is_full = self.nodes >= NODES_MAX;
            let is_known = node.literal.contains_key(segment);
            if !is_known && (node.is_folded || is_parameter(segment) || is_full) {
                if node.parameter.is_none() {
                    if is_full {
                        return self.rest.add(seen);
                    }
                    self.nodes += 1;
                }
                node = node.parameter.get_or_insert_default();
                continue;
            }
            if !is_known {
                self.nodes += 1;
                if node.literal.len() >= FAN[depth.min(FAN.len() - 1)] {
                    node.fold();
                    node = node.parameter.get_or_insert_default();
                    continue;
                }
            }
            node = node.literal.entry(segment.into()).or_default();
        }
        node.counts.get_or_insert_default().add(seen);
    }

    /// All of them, the most asked for first.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        self.root.collect(&mut String::new(), &mut rows);
        if self.rest.requests > 0 {
            rows.push(Row { template: REST.to_owned(), counts: self.rest.clone() });
        }
        rows.sort_by(|a, b| (b.counts.requests, &a.template).cmp(&(a.counts.requests, &b.template)));
        rows
    }
}

impl Node {
    /// What was told apart here was a parameter.
    fn fold(&mut self) {
        self.is_folded = true;
        let parameter = self.parameter.get_or_insert_default();
        for (_, child) in std::mem::take(&mut self.literal) {
            parameter.merge(child);
        }
    }

    fn merge(&mut self, other: Self) {
        if let Some(counts) = other.counts {
            self.counts.get_or_insert_default().merge(*counts);
        }
        for (segment, child) in other.literal {
            if self.is_folded {
                self.parameter.get_or_insert_default().merge(child);
            } else {
                self.literal.entry(segment).or_default().merge(child);
            }
        }
        if let Some(parameter) = other.parameter {
            self.parameter.get_or_insert_default().merge(*parameter);
        }
        if self.literal.len() > FAN[FAN.len() - 1] || (other.is_folded && !self.is_folded) {
            self.fold();
        }
    }

    fn collect(&self, path: &mut String, rows: &mut Vec<Row>) {
        if let Some(counts) = &self.counts {
            let template = if path.is_empty() { "/".to_owned() } else { path.clone() };
            rows.push(Row { template, counts: (**counts).clone() });
        }
        let length = path.len();
        let children = self.literal.iter().map(|(segment, child)| (&**segment, child));
        for (segment, child) in children.chain(self.parameter.iter().map(|child| ("{}", &**child))) {
            path.push('/');
            path.push_str(segment);
            child.collect(path, rows);
            path.truncate(length);
        }
    }
}

/// Whether a segment looks like a value rather than a name.
fn is_parameter(segment: &str) -> bool {
    let bytes = segment.as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_hex =
        bytes.len() >= 8 && digits > 0 && bytes.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    let is_number = digits > 0 && bytes.iter().all(|byte| byte.is_ascii_digit() || b"-.,_:".contains(byte));
    let is_code = digits >= 3 && !segment.contains('.') && bytes.len() <= 40;
    is_number || is_hex || is_code || segment.contains(['@', '%']) || bytes.len() > 48
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(path: &str) -> Seen<'_> {
        Seen {
            method: "GET",
            path: path.as_bytes(),
            status: 200,
            took: Some(Duration::from_micros(1500)),
            at: None,
            count: 1,
            refused: None,
            route: None,
        }
    }

    fn templates(paths: impl Iterator<Item = String>) -> Vec<(String, u64)> {
        let mut templates = Templates::default();
        paths.for_each(|path| templates.add(&seen(&path)));
        templates.rows().into_iter().map(|row| (row.template, row.counts.requests)).collect()
    }

    #[test]
    fn values_are_parameters_and_names_are_not() {
        let paths = [
            "/v1/users/7",
            "/v1/users/81",
            "/v1/users/me",
            "/v2/users/7",
            "/",
            "/a@b.example",
            "/2026-01-31",
            "/f47ac10b-58cc-4372-a567-0e02b2c3d479",
            "/style.css",
        ];
        let expected = [
            ("/{}", 3),
            ("/v1/users/{}", 2),
            ("/", 1),
            ("/style.css", 1),
            ("/v1/users/me", 1),
            ("/v2/users/{}", 1),
        ];
        let found = templates(paths.iter().map(|path| (*path).to_owned()));
        assert_eq!(found.iter().map(|(template, n)| (template.as_str(), *n)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_has_too_many_names_at_one_place_is_a_parameter() {
        let letters = (b'A'..=b'Z').flat_map(|a| {
            (b'A'..=b'Z').map(move |b| format!("/v1/airports/{}{}/gates", a as char, b as char))
        });
        assert_eq!(templates(letters), [("/v1/airports/{}/gates".to_owned(), 676)]);
    }

    #[test]
    fn memory_is_bounded_whatever_is_asked_for() {
        let mut templates = Templates::default();
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..200_000 {
            let path: String = (0..random.usize(1..20)).map(|_| format!("/{}", random.lowercase())).collect();
            templates.add(&seen(&path));
        }
        assert!(templates.nodes <= NODES_MAX, "{}", templates.nodes);
        assert_eq!(templates.rows().iter().map(|row| row.counts.requests).sum::<u64>(), 200_000);
    }

    #[test]
    fn latencies_are_told_to_the_next_power_of_two() {
        let mut templates = Templates::default();
        templates.add(&seen("/"));
        templates.add(&Seen { took: None, ..seen("/") });
        assert_eq!(templates.rows()[0].counts.quantile(0.99), Some(Duration::from_micros(2048)));
        assert_eq!(Counts::default().quantile(0.5), None);
    }
}
