//! One of those who are measured beside each other: where it is asked, what it is asked, and whose CPU time counts.

use std::net::SocketAddr;

use handover_parts::http;

use crate::cpu::Processes;

/// What is sent, again and again.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The method.
    pub method: &'static str,
    /// The path.
    pub path: String,
    /// Header fields beside `Host`.
    pub fields: Vec<(&'static str, &'static str)>,
    /// The body.
    pub body: Vec<u8>,
    /// The status that every answer has, below 400.
    pub status: u16,
}

impl Request {
    /// A GET that is answered by 200.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), fields: Vec::new(), body: Vec::new(), status: 200 }
    }

    /// A POST of JSON that is answered so.
    pub(crate) fn post(path: impl Into<String>, body: impl Into<Vec<u8>>, status: u16) -> Self {
        let fields = vec![("Content-Type", "application/json")];
        Self { method: "POST", path: path.into(), fields, body: body.into(), status }
    }

    /// The request as it goes over the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut fields = vec![("Host", "bench.example")];
        fields.extend(self.fields.iter().copied());
        http::request(self.method, &self.path, &fields, &self.body)
    }
}

/// How clients speak to a contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP/1.1 in the clear.
    Plain,
    /// HTTP/1.1 by TLS.
    Tls,
    /// HTTP/2 by TLS.
    Http2,
}

/// One who answers.
#[derive(Clone, Debug)]
pub(crate) struct Contender {
    /// Its name in the table.
    pub name: &'static str,
    /// Where it is asked.
    pub address: SocketAddr,
    /// What is spoken there.
    pub protocol: Protocol,
    /// Its own processes.
    pub own: Processes,
    /// The processes that work for it, such as PHP's.
    pub behind: Processes,
    /// What it is asked.
    pub request: Request,
    /// What its figures are held against.
    pub goals: Vec<Goal>,
}

impl Contender {
    /// One who works alone, or whose backend does not count.
    pub(crate) fn new(name: &'static str, address: SocketAddr, group: u32, request: &Request) -> Self {
        let (own, behind) = (Processes::of_groups([group]), Processes::of_groups([]));
        let (protocol, request) = (Protocol::Plain, request.clone());
        Self { name, address, protocol, own, behind, request, goals: Vec::new() }
    }

    /// The same, asked by that protocol.
    pub(crate) fn by(self, protocol: Protocol) -> Self {
        Self { protocol, ..self }
    }

    /// The same with a backend that works for it.
    pub(crate) fn with(self, behind: Processes) -> Self {
        Self { behind, ..self }
    }

    /// Adds a goal.
    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goals.push(goal);
        self
    }
}

/// The CPU time that a goal speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// The contender's own.
    Own,
    /// Its own and that of what works for it.
    Whole,
}

/// How much CPU time a contender is to use at the most, as a multiple of others'.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    /// Which CPU time, on both sides.
    pub share: Share,
    /// Those against whom: the best of them counts.
    pub against: &'static [&'static str],
    /// The multiple.
    pub at_most: f64,
    /// Whom the goal stands for, where those against whom it is taken are not meant themselves.
    pub stands_for: Option<&'static str>,
}

impl Goal {
    /// Own CPU time against the best of these.
    pub(crate) const fn own(against: &'static [&'static str], at_most: f64) -> Self {
        Self { share: Share::Own, against, at_most, stands_for: None }
    }

    /// All CPU time against the best of these.
    pub(crate) const fn whole(against: &'static [&'static str], at_most: f64) -> Self {
        Self { share: Share::Whole, against, at_most, stands_for: None }
    }

    /// The same, where those stand in for somebody who cannot be had.
    pub(crate) const fn standing_for(self, whom: &'static str) -> Self {
        Self { stands_for: Some(whom), ..self }
    }
}
