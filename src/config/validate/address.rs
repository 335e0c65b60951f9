//! Where a legacy is: Unix sockets, hosts and ports, origins.

use crate::legacy::spec::Address;

/// The longest path of a Unix socket (`sun_path` has 108 bytes, the last one zero).
pub(super) const SOCKET_PATH_MAX: usize = 107;

/// `unix:PATH` or `HOST:PORT`.
pub(super) fn socket(text: &str) -> Result<Address, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        return unix(path);
    }
    is_host_and_port(text)
        .then(|| Address::Tcp(text.to_owned()))
        .ok_or_else(|| format!("`{text}` is no socket's address"))
}

/// `http://HOST[:PORT]` or `unix:PATH`.
pub(super) fn origin(text: &str) -> Result<Address, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        return unix(path);
    }
    if text.starts_with("https://") {
        return Err("TLS to a legacy is not there yet".to_owned());
    }
    let no_origin = || format!("`{text}` is no HTTP backend's address");
    let authority = text.strip_prefix("http://").ok_or_else(no_origin)?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    if authority.contains('/') {
        return Err("a path behind the address: paths reach legacy as clients send them".to_owned());
    }
    let with_port = format!("{authority}:80");
    [authority, &with_port]
        .into_iter()
        .find(|address| is_host_and_port(address))
        .map(|address| Address::Tcp(address.to_owned()))
        .ok_or_else(no_origin)
}

pub(super) fn unix(path: &str) -> Result<Address, String> {
    match path {
        "" => Err("`unix:` without a path".to_owned()),
        path if path.len() > SOCKET_PATH_MAX => Err("a Unix socket's path has at most 107 bytes".to_owned()),
        path if !path.starts_with('/') => Err("a Unix socket's path is absolute".to_owned()),
        path => Ok(Address::Unix(path.into())),
    }
}

/// `name:port`, `1.2.3.4:port` or `[::1]:port`.
pub(super) fn is_host_and_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let host_fits = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|ip| ip.parse::<std::net::Ipv6Addr>().is_ok()),
        None => super::is_host(host),
    };
    host_fits && port.parse::<u16>().is_ok_and(|port| port > 0) && !port.starts_with('+')
}
