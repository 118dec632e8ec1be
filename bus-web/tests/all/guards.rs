//! Guards: each refusal has its status and one line of text.

use axum::http::StatusCode;
use bus_agent::AgentEventsEmit;
use bus_core::{EventBus, Filter};
use bus_web::Access;
use serde_json::json;

use super::client::{Answer, get, json as ask, send, serve};

const TOKEN: &str = "0123456789abcdef-secret";

async fn refused(answer: Answer, status: u16, part: &str) {
    let head = answer.head.to_lowercase();
    let found = answer.status;
    let text = answer.text().await;
    assert_eq!(found, status, "{text}");
    assert!(text.contains(part) && text.lines().count() == 1, "{text}");
    assert!(
        head.contains("x-content-type-options: nosniff") && head.contains("referrer-policy: no-referrer")
    );
    assert!(head.contains("content-security-policy: default-src 'none'"));
}

#[tokio::test]
async fn a_foreign_host_is_refused_before_anything_is_looked_up() {
    let bus = EventBus::new();
    let server = serve(&bus).await;
    let address = server.address();
    for path in ["/events", "/stats", "/nothing", "/login"] {
        let answer = send(address, &format!("GET {path}"), &[("Host", "evil.example")], "").await;
        refused(answer, 403, "the host `evil.example` is not served here").await;
    }
    let other_port = format!("127.0.0.1:{}", address.port().wrapping_add(1));
    refused(send(address, "GET /stats", &[("Host", &other_port)], "").await, 403, "is not served here").await;
    let named = format!("localhost:{}", address.port());
    assert_eq!(send(address, "GET /stats", &[("Host", &named)], "").await.status, 200);
    refused(send(address, "GET /stats", &[("Host", &named), ("Host", &named)], "").await, 400, "twice").await;
}

#[tokio::test]
async fn a_page_of_another_site_is_refused() {
    let bus = EventBus::new();
    let server = serve(&bus).await;
    let (address, own) = (server.address(), format!("http://{}", server.address()));
    for line in ["GET /events", "GET /stats", "POST /login"] {
        for origin in ["http://evil.example", "null", "http://localhost:3000"] {
            let answer = send(address, line, &[("Origin", origin)], "").await;
            refused(answer, 403, &format!("the origin `{origin}` is another site")).await;
        }
    }
    assert_eq!(send(address, "GET /stats", &[("Origin", &own)], "").await.status, 200);
    let answer = send(address, "GET /stats", &[("Sec-Fetch-Site", "cross-site")], "").await;
    refused(answer, 403, "a page of another site").await;
    assert_eq!(send(address, "GET /stats", &[("Sec-Fetch-Site", "same-origin")], "").await.status, 200);
}

#[tokio::test]
async fn a_name_behind_a_proxy_is_let_in_once_it_is_added() {
    let bus = EventBus::new();
    let access = || Access::token(TOKEN);
    let server =
        bus_web::web(&bus, access()).hosts(["agents.example.org"]).serve("127.0.0.1:0").await.unwrap();
    let bearer = format!("Bearer {TOKEN}");
    let headers = [
        ("Host", "agents.example.org"),
        ("Origin", "https://agents.example.org"),
        ("Authorization", &bearer),
    ];
    assert_eq!(send(server.address(), "GET /stats", &headers, "").await.status, 200);
}

#[tokio::test]
async fn a_token_is_needed_and_becomes_a_cookie() {
    let bus = EventBus::new();
    let server = bus_web::web(&bus, Access::token(TOKEN)).serve("127.0.0.1:0").await.unwrap();
    let address = server.address();
    for path in ["/events", "/events.json", "/events/00c0ffee00c0ffee-1", "/stats", "/catalogue"] {
        refused(get(address, path).await, 401, "a token is needed").await;
        let wrong = [("Authorization", "Bearer 0123456789abcdef-secreT")];
        refused(send(address, &format!("GET {path}"), &wrong, "").await, 401, "the token is wrong").await;
        // In the address it would be in logs.
        refused(get(address, &format!("{path}?token={TOKEN}")).await, 401, "a token is needed").await;
    }
    refused(send(address, "POST /login", &[], "wrong").await, 401, "the token is wrong").await;
    let answer = send(address, "POST /login", &[], TOKEN).await;
    assert_eq!(answer.status, 204);
    let cookie = answer.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let pair = format!("other=1; {}", cookie.split(';').next().unwrap());
    assert_eq!(send(address, "GET /stats", &[("Cookie", &pair)], "").await.status, 200);
}

#[tokio::test]
async fn dev_prints_a_link_that_no_server_sees_the_token_of() {
    let bus = EventBus::new();
    let dev = bus_web::dev(&bus).await.unwrap();
    let (page, token) = dev.link.split_once("#token=").unwrap();
    assert_eq!(page, format!("http://{}/", dev.server.address()));
    assert_eq!(token.len(), 32);
    assert_eq!(get(dev.server.address(), "/stats").await.status, 401);
    assert_eq!(send(dev.server.address(), "POST /login", &[], token).await.status, 204);
}

#[tokio::test]
async fn loopback_is_for_this_machine_only() {
    let bus = EventBus::new();
    let error = bus_web::web(&bus, Access::loopback()).serve("0.0.0.0:0").await.unwrap_err();
    assert!(error.to_string().contains("reachable from other machines"), "{error}");
    let server = serve(&bus).await;
    let answer = send(server.address(), "GET /stats", &[("X-Forwarded-For", "10.0.0.7")], "").await;
    refused(answer, 403, "a proxy passed this request on").await;
}

/// A login that lets users see their own executions.
fn users() -> Access {
    Access::check(|parts| match parts.headers.get("x-user").and_then(|user| user.to_str().ok()) {
        Some("root") => Ok(Filter::new()),
        Some(user) => Ok(Filter::new().stream(user)),
        None => Err((StatusCode::UNAUTHORIZED, "log in first\n")),
    })
}

#[tokio::test]
async fn no_parameter_widens_the_filter_of_a_caller() {
    let bus = EventBus::new();
    for user in ["ann", "bob"] {
        let execution = bus.stream(user).execution(format!("exec-{user}"));
        execution.emit_execution_started().await;
        execution.emit_execution_completed().await;
    }
    let server = bus_web::web(&bus, users()).serve("127.0.0.1:0").await.unwrap();
    let address = server.address();
    let ann = async |path: &str| send(address, &format!("GET {path}"), &[("X-User", "ann")], "").await;
    refused(get(address, "/stats").await, 401, "log in first").await;

    for query in ["", "?q=stream:bob", "?stream=bob", "?stream=ann,bob", "?execution=exec-bob", "?newest=1"] {
        let text = ann(&format!("/events.json{query}")).await.text().await;
        assert!(!text.contains("bob"), "{query}: {text}");
    }
    assert!(ann("/events.json").await.text().await.contains("exec-ann"));
    refused(ann("/events?execution=exec-bob").await, 404, "no execution `exec-bob` is known").await;
    refused(ann("/stats").await, 403, "this caller may see a part of it").await;
    let bobs = &bus.history().stream("bob").collect()[0];
    refused(ann(&format!("/events/{}", bobs.cursor())).await, 404, "no such event").await;

    let mut stream = ann("/events?since=beginning&q=stream:bob").await;
    assert_eq!(stream.until("live").await.len(), 1);
    let mut stream = ann("/events?since=beginning").await;
    assert!(stream.until("live").await.iter().all(|frame| !frame.data.contains("bob")));
    let all = send(address, "GET /events.json", &[("X-User", "root")], "").await.text().await;
    assert!(all.contains("exec-bob"));
}

#[tokio::test]
async fn tricks_with_paths_and_methods_find_nothing() {
    let bus = EventBus::new();
    let server = serve(&bus).await;
    let address = server.address();
    for path in
        ["/../etc/passwd", "/%2e%2e/Cargo.toml", "//events", "/events/../stats", "/assets/../../Cargo.toml"]
    {
        refused(get(address, path).await, 404, "nothing is here").await;
    }
    for path in ["/events/..%2f..%2fetc%2fpasswd", "/events/%00", "/events/1"] {
        refused(get(address, path).await, 400, "is not an event id").await;
    }
    refused(send(address, "DELETE /events", &[], "").await, 405, "no such method").await;
    refused(send(address, "POST /stats", &[], "").await, 405, "no such method").await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let bus = EventBus::new();
    let server = bus_web::web(&bus, Access::token(TOKEN)).serve("127.0.0.1:0").await.unwrap();
    let length = (5 << 20).to_string();
    // The head says it, so nothing is read.
    let answer = send(server.address(), "POST /login", &[("Content-Length", &length)], "").await;
    refused(answer, 413, "the body is longer than").await;
}

#[tokio::test]
async fn redacted_fields_are_in_no_answer() {
    let bus = EventBus::new();
    let execution = bus.stream("desk").execution("exec-1");
    execution.emit_dynamic("plain", json!({ "n": 1 })).await;
    super::pages::log_in(&bus).await;
    let server = serve(&bus).await;
    let address = server.address();
    let id = bus.history().limit(1).collect()[0].cursor();
    let mut texts = vec![ask(address, &format!("/events/{id}")).await.to_string()];
    for path in ["/events.json", "/events.json?view=row", "/events.json?newest=1", "/stats", "/catalogue"] {
        texts.push(ask(address, path).await.to_string());
    }
    for path in ["/events?since=beginning", "/events?since=beginning&view=row"] {
        texts.push(format!("{:?}", get(address, path).await.until("live").await));
    }
    assert!(texts[0].contains("[redacted]"));
    for text in &texts {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn nested_routes_work_below_their_prefix() {
    let bus = EventBus::new();
    let app = axum::Router::new().nest("/tools/bus", bus_web::web(&bus, Access::token(TOKEN)).into_router());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, app).into_future());
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(send(address, "GET /tools/bus/stats", &[("Authorization", &bearer)], "").await.status, 200);
    refused(send(address, "GET /tools/bus/stats", &[], "").await, 401, "a token is needed").await;
    refused(send(address, "GET /tools/bus/nothing", &[], "").await, 404, "nothing is here").await;
    let login = send(address, "POST /tools/bus/login", &[], TOKEN).await;
    // Without a path the cookie is for the folder of the login, as the browser sees it.
    assert!(login.status == 204 && !login.head.to_lowercase().contains("path="), "{}", login.head);
}
