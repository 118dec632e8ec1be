//! The names that a server is reached by.

use std::net::{IpAddr, SocketAddr};

use axum::http::header;
use axum::http::request::Parts;
use axum::http::uri::Authority;

/// The names that callers may use, as in the header `Host`.
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    /// In small letters, each with a port or for any port.
    added: Vec<String>,
    /// The address that the server itself listens on, where it is known.
    own: Option<SocketAddr>,
}

impl Hosts {
    pub(crate) fn add(&mut self, names: impl IntoIterator<Item = String>) {
        self.added.extend(names.into_iter().map(|name| plain(&name)));
    }

    pub(crate) fn listens(&mut self, own: SocketAddr) {
        self.own = Some(own);
    }

    /// Whether callers may use this name.
    pub(super) fn has(&self, host: &str) -> bool {
        let host = plain(host);
        self.is_added(&host) || self.is_own(&host)
    }

    /// Whether a page of this origin may send requests: one that came by the same name, or by one
    /// that was added.
    pub(super) fn has_origin(&self, origin: &str, host: &str) -> bool {
        let Some((_, name)) = origin.split_once("://") else { return false };
        let name = plain(name);
        name == plain(host) || self.is_added(&name)
    }

    fn is_added(&self, host: &str) -> bool {
        let (name, _) = split(host);
        self.added.iter().any(|added| added == host || added == name)
    }

    fn is_own(&self, host: &str) -> bool {
        let (name, port) = split(host);
        let ip = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        let is_loopback = name == "localhost" || ip.is_some_and(|ip| ip.is_loopback());
        match self.own {
            Some(own) => {
                let is_here = is_loopback || ip.is_some_and(|ip| ip == own.ip().to_canonical());
                is_here && port.unwrap_or(80) == own.port()
            }
            // The program that mounts the routes knows its port; loopback names are its own.
            None => is_loopback,
        }
    }
}

/// The name that a request came by.
pub(super) fn of(parts: &Parts) -> Result<String, &'static str> {
    let mut lines = parts.headers.get_all(header::HOST).iter();
    let named = match (lines.next(), lines.next()) {
        (Some(host), None) => Some(host.to_str().map_err(|_| "the header `Host` is no name")?),
        (None, _) => None,
        (Some(_), Some(_)) => return Err("the header `Host` comes twice"),
    };
    let asked = parts.uri.authority().map(Authority::as_str);
    match (named, asked) {
        (Some(named), Some(asked)) if !named.eq_ignore_ascii_case(asked) => {
            Err("the header `Host` and the address of the request differ")
        }
        (Some(host), _) | (None, Some(host)) => Ok(host.to_owned()),
        (None, None) => Err("the header `Host` is missing"),
    }
}

/// In small letters, without the dot at the end and without the usual ports.
fn plain(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let (name, port) = split(&host);
    let name = name.trim_end_matches('.');
    match port {
        None | Some(80 | 443) => name.to_owned(),
        Some(port) => format!("{name}:{port}"),
    }
}

/// The name and the port.
fn split(host: &str) -> (&str, Option<u16>) {
    match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (host, None),
        },
        _ => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(added: &[&str], own: Option<&str>) -> Hosts {
        let mut hosts = Hosts::default();
        hosts.add(added.iter().map(|&name| name.to_owned()));
        if let Some(own) = own {
            hosts.listens(own.parse().unwrap());
        }
        hosts
    }

    #[test]
    fn a_server_knows_its_own_port() {
        let own = hosts(&[], Some("127.0.0.1:8080"));
        for host in ["127.0.0.1:8080", "localhost:8080", "LOCALHOST.:8080", "[::1]:8080"] {
            assert!(own.has(host), "{host}");
        }
        for host in
            ["127.0.0.1", "localhost:81", "evil.example:8080", "localhost.evil.example:8080", "", "::1:8080"]
        {
            assert!(!own.has(host), "{host}");
        }
    }

    #[test]
    fn port_80_may_be_left_out() {
        assert!(hosts(&[], Some("127.0.0.1:80")).has("localhost"));
        assert!(!hosts(&[], Some("127.0.0.1:443")).has("localhost"));
    }

    #[test]
    fn added_names_have_a_port_or_any() {
        let added = hosts(&["Agents.example.org", "other.example:3000"], Some("10.0.0.7:8080"));
        for host in ["agents.example.org", "agents.example.org:9", "other.example:3000", "10.0.0.7:8080"] {
            assert!(added.has(host), "{host}");
        }
        for host in ["other.example", "other.example:30", "x.agents.example.org", "10.0.0.7"] {
            assert!(!added.has(host), "{host}");
        }
    }

    #[test]
    fn an_origin_is_that_of_the_host_or_an_added_one() {
        let added = hosts(&["agents.example.org"], None);
        for origin in ["http://localhost:8080", "https://agents.example.org"] {
            assert!(added.has_origin(origin, "localhost:8080"), "{origin}");
        }
        for origin in ["http://localhost:3000", "null", "", "https://evil.example", "http://localhost"] {
            assert!(!added.has_origin(origin, "localhost:8080"), "{origin}");
        }
    }
}
