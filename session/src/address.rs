//! `session.save_path` of the handlers that reach a server: `tcp://HOST:PORT?name=value`, `unix:///path?…`, `HOST:PORT`.

use legacy_compat::request::rawurldecode;

/// One server's address, and what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) at: At,
    /// The names and values behind the `?`, decoded.
    values: Vec<(String, String)>,
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Tcp(String),
    Unix(String),
}

/// No `session.save_path` for a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no save path for one server: write `tcp://HOST:PORT`, `unix:///path`, or for memcached `HOST:PORT`"
)]
pub struct ParseAddressError(String);

impl ParseAddressError {
    /// What stands behind the `?` may be a secret.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.split('?').next().unwrap_or_default().to_owned())
    }
}

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Self, ParseAddressError> {
        let fault = || ParseAddressError::new(text);
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let at = match place.split_once("://") {
            Some(("tcp", server)) => At::Tcp(server.trim_end_matches('/').to_owned()),
            Some(("unix", path)) => At::Unix(path.to_owned()),
            None if place.starts_with('/') => At::Unix(place.to_owned()),
            None => At::Tcp(place.to_owned()),
            Some(_) => return Err(fault()),
        };
        let fits = match &at {
            At::Tcp(server) => server.rsplit_once(':').is_some_and(|(host, port)| {
                !host.is_empty() && !host.contains(['/', ',', ' ']) && port.parse::<u16>().is_ok()
            }),
            At::Unix(path) => path.starts_with('/') && !path.contains(','),
        };
        let decoded = |text: &str| String::from_utf8(rawurldecode(text.as_bytes())).map_err(|_| fault());
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let values = pairs.map(|(name, value)| Ok((decoded(name)?, decoded(value)?)));
        let values = values.collect::<Result<_, ParseAddressError>>()?;
        if fits { Ok(Self { at, values }) } else { Err(fault()) }
    }

    /// The value of that name.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The same as the Redis client takes it.
    #[cfg(feature = "redis")]
    pub(crate) fn redis(&self) -> Result<redis::ConnectionInfo, ParseAddressError> {
        use redis::{ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo};
        let address = match &self.at {
            At::Unix(path) => ConnectionAddr::Unix(path.into()),
            At::Tcp(server) => {
                let (host, port) = server.rsplit_once(':').ok_or_else(|| ParseAddressError::new(server))?;
                let port = port.parse().map_err(|_| ParseAddressError::new(server))?;
                ConnectionAddr::Tcp(host.trim_matches(['[', ']']).to_owned(), port)
            }
        };
        let fault = || ParseAddressError("database".to_owned());
        let database = self.value("database").map_or(Ok(0), str::parse).map_err(|_| fault())?;
        let mut login = RedisConnectionInfo::default().set_db(database);
        if let Some(secret) = self.value("auth") {
            login = login.set_password(secret);
        }
        let info = address.into_connection_info().map_err(|_| fault())?;
        Ok(info.set_redis_settings(login))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_is_read_as_php_writes_it() {
        let address = Address::parse("tcp://127.0.0.1:6379?auth=a%26b&database=2").unwrap();
        assert_eq!(address.at, At::Tcp("127.0.0.1:6379".to_owned()));
        assert_eq!((address.value("auth"), address.value("database")), (Some("a&b"), Some("2")));
        assert_eq!(Address::parse("localhost:11211").unwrap().at, At::Tcp("localhost:11211".to_owned()));
        for path in ["unix:///run/redis.sock", "/run/redis.sock"] {
            assert_eq!(Address::parse(path).unwrap().at, At::Unix("/run/redis.sock".to_owned()));
        }
    }

    #[test]
    fn several_servers_and_other_texts_are_refused_without_their_secrets() {
        for text in ["", "localhost", "a:1,b:2", "tcp://:1", "http://a:1", "/a,/b", "tcp://a:x?auth=secret"] {
            let said = Address::parse(text).unwrap_err().to_string();
            assert!(!said.contains("secret"), "{said}");
        }
    }
}
