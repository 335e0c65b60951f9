//! Who is in a canary's share: a hash of something that stays the same for a client.
//!
//! The hash is SHA-256 of the route's name and the client's value, so that every process of every version gives the
//! same answer, and a larger share contains every smaller one.

use std::net::IpAddr;

use ring::digest::{Context, SHA256};

use super::Asked;

/// A share of something, from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub(crate) struct Share(f64);

impl Share {
    /// One of ten.
    pub(crate) const TENTH: Self = Self(0.1);
    /// One of two.
    pub(crate) const HALF: Self = Self(0.5);

    /// All of it.
    pub(crate) const ALL: Self = Self(1.0);

    /// What of this share is left when that share of it has gone.
    pub(crate) fn without(self, gone: Self) -> Self {
        Self(self.0 * (1.0 - gone.0))
    }

    /// The larger one.
    pub(crate) fn max(self, other: Self) -> Self {
        if self >= other { self } else { other }
    }

    /// The share, when it is one.
    pub(crate) fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// The number, from 0 to 1.
    pub(crate) const fn get(self) -> f64 {
        self.0
    }

    /// Whether a point from 0 to 1 (excluded) lies in the share.
    pub(crate) fn contains(self, point: f64) -> bool {
        point < self.0
    }
}

/// A canary's share, and what keeps a client on its side of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Canary {
    /// The share that native answers.
    pub share: Share,
    /// What stays the same for a client.
    pub sticky: Sticky,
}

/// What stays the same for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sticky {
    /// A cookie of that name.
    Cookie(String),
    /// A header field of that name, in lower case.
    Header(String),
    /// The client's address.
    Ip,
}

/// On which side of a canary a request falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// In the share: native.
    In,
    /// Outside of it: legacy.
    Out,
    /// The request does not carry what the share is drawn by: legacy.
    Unknown,
}

impl Canary {
    /// On which side a request of that route falls, were that the share.
    pub(crate) fn side(&self, share: Share, route: &str, asked: &impl Asked) -> Side {
        if share.get() >= 1.0 {
            return Side::In;
        }
        let point = match &self.sticky {
            Sticky::Cookie(name) => asked
                .field("cookie")
                .first()
                .and_then(|cookies| cookie(cookies, name.as_bytes()))
                .map(|v| point(route, v)),
            Sticky::Header(name) => asked.field(name).first().map(|value| point(route, value)),
            Sticky::Ip => asked.peer().map(|ip| match ip.to_canonical() {
                IpAddr::V4(ip) => point(route, &ip.octets()),
                IpAddr::V6(ip) => point(route, &ip.octets()),
            }),
        };
        match point {
            None => Side::Unknown,
            Some(point) if share.contains(point) => Side::In,
            Some(_) => Side::Out,
        }
    }
}

/// Where a value stands from 0 to 1 (excluded), for that route.
fn point(route: &str, value: &[u8]) -> f64 {
    let mut hash = Context::new(&SHA256);
    [route.as_bytes(), &[0], value].into_iter().for_each(|part| hash.update(part));
    let high = hash.finish().as_ref().iter().take(8).fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    (high >> 11) as f64 / (1_u64 << 53) as f64
}

/// The first cookie of that name in a Cookie field (RFC 6265 §5.4).
fn cookie<'a>(field: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    field.split(|b| *b == b';').find_map(|pair| {
        let rest = pair.trim_ascii().strip_prefix(name)?;
        rest.strip_prefix(b"=")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::decide::testing::Request;

    fn side(share: f64, sticky: Sticky, asked: &Request) -> Side {
        let share = Share::new(share).unwrap();
        Canary { share, sticky }.side(share, "r", asked)
    }

    fn with_session(id: usize) -> Request {
        Request::get("/").with("cookie", &format!("a=b; PHPSESSID=s{id}; c=d"))
    }

    #[test]
    fn a_client_stays_on_its_side_and_shares_are_nested() {
        let sticky = || Sticky::Cookie("PHPSESSID".into());
        let within = |share| {
            (0..2000).filter(|id| side(share, sticky(), &with_session(*id)) == Side::In).collect::<Vec<_>>()
        };
        let (small, large) = (within(0.05), within(0.25));
        assert!(small.iter().all(|id| large.contains(id)));
        assert!((60..140).contains(&small.len()), "{}", small.len());
        assert!((430..570).contains(&large.len()), "{}", large.len());
        assert!(within(0.0).is_empty());
    }

    #[test]
    fn the_hash_is_the_same_in_every_version() {
        // From `printf 'create-flight\0s1' | sha256sum`.
        assert_eq!(point("create-flight", b"s1"), (0x6635_7b34_bf84_2b08_u64 >> 11) as f64 / 2_f64.powi(53));
    }

    #[test]
    fn who_cannot_be_told_apart_stays_with_legacy() {
        assert_eq!(side(0.99, Sticky::Cookie("x".into()), &Request::get("/")), Side::Unknown);
        assert_eq!(side(0.99, Sticky::Header("x-user".into()), &Request::get("/")), Side::Unknown);
        assert_eq!(side(1.0, Sticky::Cookie("x".into()), &Request::get("/")), Side::In);
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        assert_eq!(cookie(b"xid=1; id2=2;id=3", b"id"), Some(b"3".as_slice()));
        assert_eq!(cookie(b"id", b"id"), None);
    }
}
