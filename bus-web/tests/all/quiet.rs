//! Quiet minutes, in paused time: the routes without a socket, whose bytes would need real time.

use axum::body::Body;
use axum::http::Request;
use bus_core::EventBus;
use bus_web::Access;
use tower::ServiceExt;

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_has_a_comment_every_four_seconds() {
    use http_body_util::BodyExt;

    let bus = EventBus::new();
    let routes = bus_web::web(&bus, Access::loopback()).into_router();
    let request = Request::get("/events").header("host", "localhost").body(Body::empty()).unwrap();
    let mut body = routes.oneshot(request).await.unwrap().into_body();
    let begin = tokio::time::Instant::now();
    let mut text = String::new();
    for _ in 0..17 {
        let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
        text.push_str(std::str::from_utf8(&piece).unwrap());
    }
    // No empty line behind a comment: some clients take it for an event.
    assert_eq!(
        text,
        format!(": events of a bus\nretry: 1000\nevent: live\ndata: {{}}\n\n{}", ": \n".repeat(15))
    );
    assert_eq!(begin.elapsed(), std::time::Duration::from_mins(1));
}
