//! Who answers a request, and why.

use std::fmt;
use std::sync::Arc;

use super::canary::{Share, Side};
use super::generation::Generation;
use super::matcher::{Captures, Lookup};
use super::path::Unclear;
use super::{Asked, Route, Stage};

/// What is done with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Legacy answers; nothing runs beside it.
    Legacy,
    /// Legacy answers; native runs dry beside it and is compared.
    Shadow,
    /// Native answers; legacy on decline or fallback.
    Native,
    /// As `Native`, and legacy is asked too, to be compared.
    Verify,
    /// Native answers; legacy is never called.
    Retired,
}

/// Why a plan was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// No route matches, so the default legacy answers.
    NoRoute,
    /// The path may be read in two ways, so legacy reads it.
    Unclear(Unclear),
    /// The route's stage says so.
    Stage,
    /// An override says so: see the route.
    Override,
    /// The client is in the canary's share, or outside of it.
    Canary(Side),
    /// The share of a native route's requests that goes on being compared.
    Verify,
    /// Somebody who may has asked for it.
    Forced,
}

impl Why {
    /// A stable name for logs and fields.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::NoRoute => "no_route",
            Self::Unclear(_) => "unclear_path",
            Self::Stage => "stage",
            Self::Override => "override",
            Self::Canary(Side::In) => "canary_in",
            Self::Canary(Side::Out) => "canary_out",
            Self::Canary(Side::Unknown) => "canary_unknown",
            Self::Verify => "verify",
            Self::Forced => "forced",
        }
    }
}

/// The answer to "where does this request go?".
pub(crate) struct Decision<'g> {
    /// The route, when one matches.
    pub route: Option<&'g Arc<Route>>,
    /// What is done.
    pub plan: Plan,
    /// Why.
    pub why: Why,
    captures: Captures,
}

impl<'g> Decision<'g> {
    /// What the route's pattern captured of the path that was asked for: names and values, still percent-encoded.
    pub(crate) fn params<'a>(&self, path: &'a [u8]) -> impl Iterator<Item = (&'g str, &'a [u8])> {
        let names = self.route.map_or(&[][..], |route| &route.spec.pattern.captures);
        let values = self.captures.ranges().filter_map(move |range| path.get(range));
        names.iter().map(String::as_str).zip(values)
    }
}

/// Decides one request. It has no side and keeps nothing, so `explain` asks the same.
pub(crate) fn decide<'g>(generation: &'g Generation, asked: &impl Asked) -> Decision<'g> {
    let route_at = |index: usize| generation.routes().get(index);
    match generation.config.matcher.find(asked) {
        Lookup::Nothing => {
            Decision { route: None, plan: Plan::Legacy, why: Why::NoRoute, captures: Captures::default() }
        }
        Lookup::Unclear(why, index) => {
            // A retired route has no legacy to leave the reading to; what is unclear is not its request.
            let route = index.and_then(route_at).filter(|route| route.stage != Stage::Retired);
            Decision { route, plan: Plan::Legacy, why: Why::Unclear(why), captures: Captures::default() }
        }
        Lookup::Clear(found) => {
            let route = route_at(found.index);
            let (plan, why) = route.map_or((Plan::Legacy, Why::NoRoute), |route| plan(route, asked));
            Decision { route, plan, why, captures: found.captures }
        }
    }
}

fn plan(route: &Route, asked: &impl Asked) -> (Plan, Why) {
    if let Some(plan) = asked.forced().and_then(|forced| forced.plan(route)) {
        return (plan, Why::Forced);
    }
    let said = if route.overridden.is_some() { Why::Override } else { Why::Stage };
    match route.stage {
        Stage::Legacy => (Plan::Legacy, said),
        Stage::Shadow => (Plan::Shadow, said),
        Stage::Canary => {
            let canary = &route.spec.canary;
            match canary.side(canary.share.without(route.given_back), route.name(), asked) {
                Side::In => (Plan::Native, Why::Canary(Side::In)),
                side => (Plan::Shadow, Why::Canary(side)),
            }
        }
        Stage::Native if is_given_back(route, asked) => (Plan::Legacy, Why::Override),
        Stage::Native if route.verify.contains(asked.draw()) => {
            (if route.spec.may_ask_legacy_too() { Plan::Verify } else { Plan::Shadow }, Why::Verify)
        }
        Stage::Native => (Plan::Native, said),
        Stage::Retired => (Plan::Retired, said),
    }
}

/// Whether legacy has this request of a native route back already. Clients stay on their side where the route has a
/// canary that tells them apart.
fn is_given_back(route: &Route, asked: &impl Asked) -> bool {
    let gone = route.given_back;
    if gone == Share::default() {
        return false;
    }
    if route.spec.canary.share == Share::default() {
        return gone.contains(asked.draw());
    }
    match route.spec.canary.side(Share::ALL.without(gone), route.name(), asked) {
        Side::In => false,
        Side::Out => true,
        Side::Unknown => gone.contains(asked.draw()),
    }
}

impl Plan {
    /// Its name, for programs.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Shadow => "shadow",
            Self::Native => "native",
            Self::Verify => "verify",
            Self::Retired => "retired",
        }
    }
}

impl Decision<'_> {
    /// What is done, in words.
    pub(crate) fn plan_text(&self) -> String {
        let candidate = self.route.and_then(|route| route.spec.candidate.as_ref());
        match (self.plan, candidate) {
            (Plan::Shadow, Some(candidate)) => {
                format!("legacy answers, {} is asked too and compared", candidate.name)
            }
            (Plan::Native, Some(candidate)) => format!("{} answers in legacy's place", candidate.name),
            (plan, _) => plan.to_string(),
        }
    }

    /// Why, in words.
    pub(crate) fn why_text(&self) -> String {
        let spec = self.route.map(|route| &route.spec);
        let gone = self.route.map(|route| route.given_back).unwrap_or_default();
        let share = spec.map_or(0.0, |spec| spec.canary.share.without(gone).get());
        match self.why {
            Why::NoRoute => "no route matches".to_owned(),
            Why::Unclear(why) => format!("the path may be read in two ways: {why}"),
            Why::Override => {
                let by = self.route.and_then(|route| route.overridden.as_ref());
                by.map_or_else(|| "overridden".to_owned(), ToString::to_string)
            }
            Why::Stage => format!("its stage is {}", spec.map_or(Stage::Legacy, |spec| spec.stage)),
            Why::Canary(Side::In) => format!("in the canary's share of {share}"),
            Why::Canary(Side::Out) => format!("outside the canary's share of {share}"),
            Why::Canary(Side::Unknown) => {
                "nothing in the request says on which side of the canary it is".to_owned()
            }
            Why::Forced => "somebody who may has asked for it".to_owned(),
            Why::Verify => {
                format!(
                    "in the share of {} that goes on being compared",
                    self.route.map_or(0.0, |route| route.verify.get())
                )
            }
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Legacy => "legacy answers",
            Self::Shadow => "legacy answers, native runs dry beside it",
            Self::Native => "native answers, legacy on decline or fallback",
            Self::Verify => "native answers, legacy is asked too and compared",
            Self::Retired => "native answers, legacy is never called",
        })
    }
}

impl fmt::Display for Decision<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.plan_text(), self.why_text())
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;

#[cfg(test)]
pub(crate) mod testing {
    //! A request that says just what a test needs.

    use std::net::IpAddr;

    use crate::route::explain::Forced;
    use crate::route::{Asked, Values};

    /// A request.
    #[derive(Clone, Debug)]
    pub(crate) struct Request {
        pub method: Vec<u8>,
        pub path: Vec<u8>,
        pub host: Option<String>,
        pub fields: Vec<(String, Vec<u8>)>,
        pub draw: f64,
        pub forced: Option<Forced>,
    }

    impl Request {
        pub(crate) fn new(method: &str, path: impl AsRef<[u8]>) -> Self {
            let (method, path) = (method.into(), path.as_ref().to_vec());
            Self { method, path, host: None, fields: Vec::new(), draw: 0.5, forced: None }
        }

        pub(crate) fn get(path: impl AsRef<[u8]>) -> Self {
            Self::new("GET", path)
        }

        pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
            self.fields.push((name.to_owned(), value.into()));
            self
        }

        pub(crate) fn host(mut self, host: &str) -> Self {
            self.host = Some(host.to_owned());
            self
        }
    }

    impl Asked for Request {
        fn method(&self) -> &[u8] {
            &self.method
        }

        fn path(&self) -> &[u8] {
            &self.path
        }

        fn host(&self) -> Option<&[u8]> {
            self.host.as_deref().map(str::as_bytes)
        }

        fn field(&self, name: &str) -> Values<'_> {
            let mut values =
                self.fields.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_slice());
            match (values.next(), values.next()) {
                (None, _) => Values::Absent,
                (Some(one), None) => Values::One(one),
                (Some(first), Some(_)) => Values::Several(first),
            }
        }

        fn peer(&self) -> Option<IpAddr> {
            None
        }

        fn draw(&self) -> f64 {
            self.draw
        }

        fn forced(&self) -> Option<Forced> {
            self.forced
        }
    }
}
