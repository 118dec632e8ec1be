//! The short examples print their expected lines.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

/// Runs an example, which must succeed and print these lines in this order.
#[track_caller]
fn prints(name: &str, lines: &[&str]) {
    let out = support::run(name, &[] as &[&str]).ok();
    let mut rest = out.as_str();
    for line in lines {
        let at = rest.find(line).unwrap_or_else(|| panic!("no {line:?} (in this place) in:\n{out}"));
        rest = &rest[at + line.len()..];
    }
}

#[test]
fn quickstart_is_short_and_works() {
    prints("quickstart", &["table 4: onion soup after 12 minutes", "1 handler knows of it"]);
    let lines = std::fs::read_to_string(support::data("quickstart.rs")).unwrap().lines().count();
    assert!(lines <= 30, "{lines} lines");
}

#[test]
fn define_events_shows_the_output_of_an_enum() {
    prints(
        "define_events",
        &[
            "crossing 7 with [\"red van\"]",
            "at {",
            "crossing 7 is over",
            "\"type\":\"ferry.departed\"",
            "\"ticket_key\":\"[redacted]\"",
            "\"type\":\"ferry.docked\"",
            "ferry.departed v2: The ramp is up.",
            "captain",
        ],
    );
}

#[test]
fn scopes_narrow_a_subscription() {
    prints(
        "scopes",
        &[
            "north building: job_accepted of job-2",
            "job-2: page 1 at press-a",
            "job-2: page 2 at press-a",
            "6 events belong to order-99",
        ],
    );
}

#[test]
fn streams_and_lag_shows_the_gap() {
    prints(
        "streams_and_lag",
        &["missed", "since event", "9 events", "the patient reader: [20, 21, 22, 23, 24]"],
    );
}

#[test]
fn wait_for_misses_nothing_and_ends() {
    prints("wait_for", &["1050 degrees", "kiln-2:", "36 pots", "order-5: 12 pots"]);
}

#[test]
fn latest_shows_what_is_true_now() {
    prints(
        "latest",
        &[
            "0 measurements in history",
            "tomatoes: 24 degrees",
            "display: orchids at 26",
            "display: tomatoes at 24",
            "display: orchids at 27",
            "1 value forgotten, 1 left",
        ],
    );
}

#[test]
fn approvals_ask_before_a_tool_runs() {
    prints(
        "approvals",
        &[
            "ls: no handler that answers `tool_requested`",
            "grep: runs (rules Allow, person Allow)",
            "rm: does not run (rules Deny, person Allow)",
            "mkfs: nobody was asked, because the event was refused: the interceptor `approvals::never_format` refused it",
        ],
    );
}

#[test]
fn custom_events_go_through() {
    prints(
        "custom_events",
        &["by kind:", "vendor.scored", "as Custom:", "curious", "does not fit its type", "tool_use_id"],
    );
}

#[test]
fn graceful_shutdown_reports() {
    prints(
        "graceful_shutdown",
        &[
            "delivered to Ada",
            "delivered to Grace",
            "to Edsger",
            "everything delivered: true",
            "Alan was refused",
            "stuck: 1 at work, 1 waiting",
        ],
    );
}

#[test]
fn consumer_misses_nothing_and_parks_what_fails() {
    prints("consumer", &["the warehouse has: books, bread, a lamp", "parked: no such article"]);
}

#[test]
fn a_login_narrows_what_its_users_see() {
    prints(
        "axum_login",
        &[
            "ann asks for /bus/events.json: 2 events",
            "ann asks for /bus/events.json?stream=ann: 2 events",
            "bob asks for /bus/events.json: 2 events",
            "bob asks for /bus/events.json?stream=ann: 0 events",
            "without a login: log in first",
        ],
    );
}

#[test]
fn journal_goes_on_where_the_crash_was() {
    prints(
        "journal",
        &[
            "the first courier ended with success: false",
            "the journal reports: the run ended without being closed",
            "5 parcels are delivered",
            "parcel_delivered: \"a lamp\"",
            "gap: the run ended without being closed",
            "parcel_delivered: \"seeds\"",
            "parcel_delivered: \"a violin\"",
        ],
    );
}

#[test]
fn regression_names_what_another_tool_changes() {
    for _ in 0..8 {
        prints(
            "regression",
            &[
                "the agent does what was recorded",
                "differs in 2 places:",
                "node look_up, event 2 of 5, tool_call_started: data.tool_name\n  - \"timetable\"\n  + \"weather\"\n",
                "node look_up, event 3 of 5, tool_call_completed: data.tool_name\n",
            ],
        );
    }
}
