//! The token, and the cookie that a page gets for it.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Refused;
use crate::reply::line;

/// The name of the cookie. It has no `Path`, so a browser returns it below the folder of the login,
/// also where a proxy adds a prefix that this server does not see.
const COOKIE: &str = "bus_token";

const LEAST: usize = 16;

const WRONG: &str = "the token is wrong: open the link that the program printed last";

/// A secret that a caller has to know.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    /// # Panics
    /// If it is too short, or no value of a cookie.
    pub(crate) fn new(text: String) -> Self {
        let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b';' | b',' | b'"' | b'\\');
        assert!(
            text.len() >= LEAST && text.bytes().all(fits),
            "a token needs at least {LEAST} characters of visible ASCII, without `;`, `,`, `\"` and `\\`"
        );
        Self(text)
    }

    /// Makes a token of 128 random bits.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(format!("{:032x}", u128::from_ne_bytes(bytes))))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let given = bearer(headers).or_else(|| cookie(headers));
        match given {
            Some(given) if self.is(given) => Ok(()),
            Some(_) => Err(Box::new(unauthorized(WRONG))),
            None => Err(Box::new(unauthorized(
                "a token is needed: open the link that the program printed, or send `Authorization: Bearer TOKEN`",
            ))),
        }
    }

    /// Answers with the cookie if the text is the token.
    pub(super) fn login(&self, given: &str) -> Response {
        if !self.is(given.trim()) {
            return unauthorized(WRONG);
        }
        let cookie = format!("{COOKIE}={}; HttpOnly; SameSite=Strict", self.0);
        match HeaderValue::from_str(&cookie) {
            Ok(cookie) => (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response(),
            Err(_) => line(StatusCode::INTERNAL_SERVER_ERROR, "the token is no value of a cookie"),
        }
    }

    /// Compares all bytes, so that the time says nothing about where the first difference is.
    fn is(&self, given: &str) -> bool {
        let (own, given) = (self.0.as_bytes(), given.as_bytes());
        let differs = own.iter().zip(given).fold(0, |differs, (own, given)| differs | (own ^ given));
        own.len() == given.len() && std::hint::black_box(differs) == 0
    }
}

fn unauthorized(text: &str) -> Response {
    let mut refused = line(StatusCode::UNAUTHORIZED, text);
    refused.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    refused
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}
