//! The page and its files, also below a prefix.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use bus_core::EventBus;
use bus_web::Access;
use tower::ServiceExt;

async fn get(path: &str) -> Response {
    let routes = bus_web::web(&EventBus::new(), Access::loopback()).into_router();
    let app = Router::new().nest("/bus", routes);
    let request = Request::get(path).header(header::HOST, "localhost").body(Body::empty()).unwrap();
    app.oneshot(request).await.unwrap()
}

fn location(answer: &Response) -> &str {
    answer.headers()[header::LOCATION].to_str().unwrap()
}

#[tokio::test]
async fn the_page_and_its_files_are_below_the_prefix() {
    for (path, kind) in [
        ("/bus/index.html", "text/html"),
        ("/bus/monitor.js", "text/javascript"),
        ("/bus/monitor.css", "text/css"),
    ] {
        let answer = get(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert!(answer.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with(kind), "{path}");
        assert!(answer.headers().contains_key(header::CONTENT_SECURITY_POLICY), "{path}");
    }
}

#[tokio::test]
async fn the_root_is_the_page() {
    let app = bus_web::web(&EventBus::new(), Access::loopback()).into_router();
    let request = Request::get("/").header(header::HOST, "localhost").body(Body::empty()).unwrap();
    assert_eq!(app.oneshot(request).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn an_address_without_the_last_slash_leads_to_the_page() {
    let answer = get("/bus?q=error").await;
    assert_eq!((answer.status(), location(&answer)), (StatusCode::SEE_OTHER, "bus/index.html?q=error"));
}

#[tokio::test]
async fn the_link_of_an_event_leads_to_the_page_that_shows_it() {
    let answer = get("/bus/e/00000000000000ab-7").await;
    assert_eq!(
        (answer.status(), location(&answer)),
        (StatusCode::SEE_OTHER, "../index.html?e=00000000000000ab-7")
    );
    assert_eq!(get("/bus/e/%2F%2Fexample.org").await.status(), StatusCode::NOT_FOUND);
}
