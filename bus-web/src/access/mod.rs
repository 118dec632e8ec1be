//! The right to read: no caller sees more than its filter.

mod token;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bus_core::Filter;

use crate::reply::line;
use crate::shared::Shared;

pub(crate) use token::Token;

/// A caller that was let in, and what it may see. A handler takes it as an `Extension`.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Every event that the caller gets fits this, whatever it asks for.
    pub(crate) filter: Filter,
}

type Check = dyn Fn(&Parts) -> Result<Filter, Refused> + Send + Sync;

/// The answer to a caller that is not let in.
type Refused = Box<Response>;

/// The callers that may read the events of a bus. There is no default.
#[derive(Clone)]
pub struct Access(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    Loopback,
    Token(Token),
    Check(Arc<Check>),
}

impl Access {
    /// Lets in who calls from this machine by a loopback name, without a proxy between.
    ///
    /// [`Web::serve`](crate::Web::serve) refuses any other address then. A router that a program
    /// serves itself knows the address of a caller only with axum's
    /// `into_make_service_with_connect_info::<SocketAddr>()`; without it, bind to a loopback
    /// address. Every user of the machine is let in.
    pub fn loopback() -> Self {
        Self(Kind::Loopback)
    }

    /// Lets in who has this token, in one of two ways:
    ///
    /// * `Authorization: Bearer TOKEN`, for programs;
    /// * the cookie that `POST login` sets when the token is its body, for pages. A link has the
    ///   token behind `#`, where no server and no log of a proxy sees it.
    ///
    /// # Panics
    /// If the token has fewer than 16 characters, or others than visible ASCII without `;`, `,`,
    /// `"` and `\`.
    pub fn token(token: impl Into<String>) -> Self {
        Self(Kind::Token(Token::new(token.into())))
    }

    /// Asks a function about each request, before anything is read of its body. The filter that it
    /// returns narrows all that this caller sees, and no parameter widens it; an empty one is
    /// everything. An answer that it returns instead, such as a status with a text, is sent as it
    /// is.
    ///
    /// ```
    /// use axum::http::StatusCode;
    /// use bus_core::Filter;
    /// use bus_web::Access;
    ///
    /// let access = Access::check(|parts| match parts.headers.get("x-user") {
    ///     // Set by the program's own login.
    ///     Some(user) => Ok(Filter::new().attribute("user", user.to_str().unwrap_or_default())),
    ///     None => Err((StatusCode::UNAUTHORIZED, "log in first\n")),
    /// });
    /// ```
    pub fn check<R: IntoResponse>(
        check: impl Fn(&Parts) -> Result<Filter, R> + Send + Sync + 'static,
    ) -> Self {
        Self(Kind::Check(Arc::new(move |parts| {
            check(parts).map_err(|refused| Box::new(refused.into_response()))
        })))
    }

    /// Returns the caller of a request, or the answer that refuses it.
    fn caller(&self, parts: &Parts) -> Result<Caller, Refused> {
        let filter = match &self.0 {
            Kind::Loopback => check_loopback(parts).map(|()| Filter::new()),
            Kind::Token(token) => token.check(&parts.headers).map(|()| Filter::new()),
            Kind::Check(check) => check(parts),
        };
        filter.map(|filter| Caller { filter })
    }
}

/// Does not show the token.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Loopback => "Access::loopback()",
            Kind::Token(_) => "Access::token(..)",
            Kind::Check(_) => "Access::check(..)",
        })
    }
}

/// The headers by which a proxy says that it passes on a request of somebody else.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

fn check_loopback(parts: &Parts) -> Result<(), Refused> {
    let refuse = |text: &str| Err(Box::new(line(StatusCode::FORBIDDEN, text)));
    if let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>()
        && !peer.ip().to_canonical().is_loopback()
    {
        return refuse(
            "only callers on this machine are let in: use Access::token or Access::check for others",
        );
    }
    if FORWARDED.iter().any(|name| parts.headers.contains_key(*name)) {
        return refuse(
            "a proxy passed this request on, and only callers on this machine are let in: use Access::token or Access::check",
        );
    }
    Ok(())
}

/// Lets in who may read events.
pub(crate) fn around(router: Router, shared: &Arc<Shared>) -> Router {
    router.layer(from_fn_with_state(Arc::clone(shared), let_in))
}

/// Lets in who may load the page: with a token everybody, because the page has no events in it and
/// is what gives the token to the login.
pub(crate) fn around_page(router: Router, shared: &Arc<Shared>) -> Router {
    if matches!(shared.access.0, Kind::Token(_)) { router } else { around(router, shared) }
}

async fn let_in(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match shared.access.caller(&parts) {
        Ok(caller) => {
            let mut request = Request::from_parts(parts, body);
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refused) => *refused,
    }
}

/// Returns the route that turns a token into a cookie.
pub(crate) fn router(shared: &Arc<Shared>) -> Router {
    Router::new().route("/login", post(login)).with_state(Arc::clone(shared))
}

async fn login(State(shared): State<Arc<Shared>>, method: Method, body: String) -> Response {
    match &shared.access.0 {
        Kind::Token(token) if method == Method::POST => token.login(&body),
        _ => line(StatusCode::NOT_FOUND, "no token is needed here"),
    }
}
