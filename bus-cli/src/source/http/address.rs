//! The address of a server of events.

use hyper::Uri;

use crate::Failure;

/// The address of a server of events: `http://127.0.0.1:8080/bus`, with the token behind `#` where
/// the server printed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// The name and the port.
    pub(super) host: String,
    /// The path of the events, with its parameters.
    pub(super) path: String,
    pub(super) token: Option<String>,
    /// As it was given, without the token.
    pub(super) shown: String,
}

impl Address {
    /// Reads the address; `None` for a word that is none.
    pub(crate) fn parse(word: &str) -> Option<Result<Self, Failure>> {
        if word.starts_with("https://") {
            let fix = "only http:// is spoken: forward a local port to the server, as `ssh -L` does";
            return Some(Err(Failure::usage(format!("`{word}`: {fix}"))));
        }
        word.starts_with("http://").then(|| Self::read(word))
    }

    fn read(word: &str) -> Result<Self, Failure> {
        let (shown, fragment) = word.split_once('#').unwrap_or((word, ""));
        let wrong = |error: &dyn std::fmt::Display| {
            let fix = "write it as `http://127.0.0.1:8080/bus`";
            Failure::usage(format!("`{shown}`: {error}: {fix}"))
        };
        let uri: Uri = shown.parse().map_err(|error: hyper::http::uri::InvalidUri| wrong(&error))?;
        let host = uri.authority().ok_or_else(|| wrong(&"no host"))?.as_str().to_owned();
        let path = uri.path().trim_end_matches('/');
        let path = path.strip_suffix("/events").unwrap_or(path);
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = format!("{path}/events{query}");
        let token = fragment.strip_prefix("token=").filter(|token| !token.is_empty()).map(str::to_owned);
        Ok(Self { host, path, token, shown: shown.to_owned() })
    }

    /// The path with more parameters; one that the address has stays as it is.
    pub(super) fn with(&self, parameters: &[(&str, &str)]) -> String {
        let mut path = self.path.clone();
        for (name, value) in parameters {
            let has = |sign: char| self.path.contains(&format!("{sign}{name}="));
            if !value.is_empty() && !has('?') && !has('&') {
                let sign = if path.contains('?') { '&' } else { '?' };
                let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
                path.extend([&sign.to_string(), *name, "=", &value]);
            }
        }
        path
    }

    /// The host and the port to connect to.
    pub(super) fn target(&self) -> String {
        let host = self.host.rsplit_once('@').map_or(&*self.host, |(_, host)| host);
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        if has_port { host.to_owned() } else { format!("{host}:80") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(word: &str) -> Address {
        Address::parse(word).and_then(Result::ok).unwrap_or_else(|| panic!("{word}"))
    }

    #[test]
    fn events_are_below_the_address_and_a_token_stays_behind() {
        let bus = address("http://127.0.0.1:8080/bus/#token=abc");
        assert_eq!(
            (&*bus.path, &*bus.target(), bus.token.as_deref()),
            ("/bus/events", "127.0.0.1:8080", Some("abc"))
        );
        assert_eq!(bus.shown, "http://127.0.0.1:8080/bus/");
        assert_eq!(address("http://host").path, "/events");
        assert_eq!(address("http://host").target(), "host:80");
        let asked = address("http://host/bus/events?since=15m&node=a");
        assert_eq!(asked.with(&[("since", "beginning"), ("q", "")]), "/bus/events?since=15m&node=a");
        assert_eq!(
            address("http://[::1]:80/").with(&[("q", "kind:a* \"x y\"")]),
            "/events?q=kind%3Aa*+%22x+y%22"
        );
    }

    #[test]
    fn a_wrong_address_says_how_to_write_one() {
        let error = |word: &str| Address::parse(word).and_then(Result::err).map(|error| error.text);
        assert!(error("https://host/bus").is_some_and(|text| text.contains("only http://")));
        assert!(error("http://").is_some_and(|text| text.contains("http://127.0.0.1:8080/bus")));
        assert!(Address::parse("run.db").is_none());
    }
}
