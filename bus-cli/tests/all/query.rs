//! `bus query`: counts and durations.

use crate::support::{bus, calls, session, with_both};

#[test]
fn counts_come_largest_first() {
    with_both(&session(), |source| {
        let rows = |by: &str| {
            let ran = bus(&["query", source, "--by", by], "");
            ran.out.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(
            rows("data.tool_name"),
            ["{\"count\":2,\"data.tool_name\":\"grep\"}", "{\"count\":1,\"data.tool_name\":\"read_file\"}"]
        );
        assert_eq!(rows("kind")[0], r#"{"count":3,"kind":"tool_asked"}"#);
        assert_eq!(rows("execution")[0], r#"{"count":2,"execution":"exec-a"}"#);
        assert_eq!(rows("node"), [r#"{"count":4,"node":"plan"}"#]);
        assert_eq!(rows("kind,tool_name")[0], r#"{"count":2,"kind":"tool_asked","tool_name":"grep"}"#);
        let ran = bus(&["query", source, "execution:exec-b", "-node:other"], "");
        assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
        assert_eq!(bus(&["query", source, "kind:none"], "").code, 1);
    });
    assert_eq!(bus(&["query", "-", "--by", ","], "").code, 2);
}

#[test]
fn durations_are_from_the_beginning_to_the_end_of_a_call() {
    with_both(&calls(), |source| {
        let query = |arguments: &[&str]| bus(&[&["query", source, "kind:tool_call"], arguments].concat(), "");
        let ran = query(&["--by", "tool_name", "--p50", "--p99"]);
        let rows = [
            r#"{"calls":2,"errors":1,"open":0,"p50_us":2000000,"p99_us":7000000,"tool_name":"grep"}"#,
            r#"{"calls":1,"errors":0,"open":1,"p50_us":null,"p99_us":null,"tool_name":"read_file"}"#,
        ];
        assert_eq!(ran.out.lines().collect::<Vec<_>>(), rows);
        assert_eq!(ran.err, "! 1 events end something that did not begin in this recording\n");
        let ran = query(&["--by", "tool_name", "--p50", "error", "data.tool_name:grep"]);
        assert!(ran.out.starts_with(r#"{"calls":1,"errors":1,"open":0,"p50_us":7000000"#), "{}", ran.out);
        let ran = query(&["--p50", "-error"]);
        assert!(
            ran.out.starts_with(r#"{"calls":2,"errors":0,"kind":"tool_call_started","open":1"#),
            "{}",
            ran.out
        );
        let ran = query(&["dur:>3s", "--by", "execution"]);
        assert_eq!(ran.out, "{\"calls\":1,\"errors\":1,\"execution\":\"exec-a\",\"open\":0}\n");
        let ran = query(&["--by", "tool_name", "--p50", "--width", "80"]);
        let rows: Vec<Vec<_>> = ran.out.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[0], ["TOOL_NAME", "CALLS", "OPEN", "ERRORS", "P50"]);
        assert_eq!(rows[1], ["grep", "2", "0", "1", "2.0", "s"]);
    });
    let ran = bus(&["query", "-", "kind:tool_asked", "--p50"], "");
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("no definition declares what begins and ends for `kind:tool_asked`"),
        "{}",
        ran.err
    );
}
