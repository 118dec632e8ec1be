//! Instants as text, writing and reading.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;

use crate::time::Zone;
use crate::time::{parse, write};
use crate::wire::fuzz;

fn text(time: SystemTime) -> String {
    let mut out = Vec::new();
    write(time, &mut out);
    String::from_utf8(out).unwrap()
}

fn at(seconds: i64, nanos: u32) -> SystemTime {
    let second = Duration::from_secs(seconds.unsigned_abs());
    (if seconds < 0 { UNIX_EPOCH - second } else { UNIX_EPOCH + second }) + Duration::from_nanos(nanos.into())
}

#[test]
fn written_as_python_reads_it() {
    for (time, expected) in [
        (at(0, 0), "1970-01-01T00:00:00.000000+00:00"),
        (at(1_795_328_048, 602_474_000), "2026-11-22T06:14:08.602474+00:00"),
        (at(1_795_328_048, 602_474_001), "2026-11-22T06:14:08.602474001+00:00"),
        (at(-1, 999_999_000), "1969-12-31T23:59:59.999999+00:00"),
        (at(951_782_400, 0), "2000-02-29T00:00:00.000000+00:00"),
        (at(-62_135_596_800, 0), "0001-01-01T00:00:00.000000+00:00"),
        (at(253_402_300_799, 999_999_999), "9999-12-31T23:59:59.999999999+00:00"),
        // A year that does not fit into four digits becomes the nearest that does.
        (at(-62_135_596_801, 0), "0001-01-01T00:00:00.000000+00:00"),
        (at(253_402_300_800, 0), "9999-12-31T23:59:59.999999999+00:00"),
    ] {
        assert_eq!(text(time), expected);
    }
}

#[test]
fn every_day_of_the_calendar_comes_back() {
    for day in (-719_162..=(400 * 366)).step_by(7) {
        let time = at(i64::from(day) * 86_400 + 43_210, 1_000);
        assert_eq!(parse(&text(time), &Zone::UTC), Ok(time), "{}", text(time));
    }
}

#[test]
fn the_forms_that_python_and_rfc_3339_have() {
    let noon = at(1_795_328_048, 0);
    for form in [
        "2026-11-22T06:14:08",
        "2026-11-22 06:14:08",
        "2026-11-22T06:14:08Z",
        "2026-11-22t06:14:08z",
        "2026-11-22T06:14:08.000",
        "2026-11-22T06:14:08,0",
        "2026-11-22T08:14:08+02:00",
        "2026-11-22T08:14:08+0200",
        "2026-11-22T08:14:08+02",
        "2026-11-22T02:44:08-03:30",
        "2026-11-22T06:14:38+00:00:30",
        "2026-11-22T06:14:08.000000000-00:00",
    ] {
        assert_eq!(parse(form, &Zone::UTC), Ok(noon), "{form}");
    }
    assert_eq!(parse("2026-11-22T06:14", &Zone::UTC), Ok(noon - Duration::from_secs(8)));
    assert_eq!(
        parse("2026-11-22T06:14:08.123456789999", &Zone::UTC),
        Ok(noon + Duration::from_nanos(123_456_789))
    );
}

#[test]
fn the_error_of_an_invalid_time_shows_the_form() {
    for bad in [
        "",
        "now",
        "1763792048",
        "2026-11-22",
        "2026-13-01T00:00:00",
        "2026-02-29T00:00:00",
        "2026-00-10T00:00:00",
        "2026-11-22T24:00:00",
        "2026-11-22T06:60:00",
        "2026-11-22T06:14:60",
        "2026-11-22T06:14:08.",
        "2026-11-22T06:14:08.x",
        "2026-11-22T06:14:08+",
        "2026-11-22T06:14.5",
        "2026-11-22T06:14:08+25:00",
        "2026-11-22T06:14:08+1:00",
        "2026-11-22T06:14:08 Z",
        "0000-01-01T00:00:00",
        "+2026-11-22T06:14:08",
        "2026-11-22T06:14:08é",
        "2026-1é-22T06:14:08",
        "2026_11_22T06:14:08",
    ] {
        let reason = parse(bad, &Zone::UTC).unwrap_err();
        assert_eq!(reason, "is not a time: write it as 2026-11-22T06:14:08.602474+00:00", "{bad}");
    }
    for out in ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"] {
        assert_eq!(parse(out, &Zone::UTC), Err("is outside the years 1 to 9999"));
    }
}

#[test]
fn a_naive_time_is_in_the_zone_it_is_said_to_be_in() {
    let naive = "2026-11-22T06:14:08.602474";
    let utc = parse(naive, &Zone::UTC).unwrap();
    let east = Zone::offset(120).unwrap();
    assert_eq!(parse(naive, &east), Ok(utc - Duration::from_hours(2)));
    assert_eq!(parse(naive, &"-03:30".parse().unwrap()), Ok(utc + Duration::from_mins(210)));
    // A time with a zone is in that zone.
    assert_eq!(parse("2026-11-22T06:14:08.602474Z", &east), Ok(utc));
    assert!(Zone::offset(24 * 60).is_err());
    assert!("+24:00".parse::<Zone>().is_err());
}

/// Like Python's `datetime(..., fold=0).astimezone()`.
#[test]
fn a_named_zone_has_summer() {
    let Ok(berlin) = Zone::named("Europe/Berlin") else {
        eprintln!("skipped: this computer has no IANA database");
        return;
    };
    for (local, utc) in [
        ("2026-01-15T12:00:00.5", "2026-01-15T11:00:00.5Z"),
        ("2026-07-15T12:00:00.5", "2026-07-15T10:00:00.5Z"),
        ("2026-03-29T02:30:00", "2026-03-29T01:30:00Z"), // never was: clocks went from 02:00 to 03:00
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00Z"), // was twice: the earlier
    ] {
        assert_eq!(parse(local, &berlin), parse(utc, &Zone::UTC), "{local}");
    }
    assert_eq!(format!("{berlin:?}"), "Zone(Europe/Berlin)");
}

proptest! {
    #[test]
    fn instants_come_back(seconds in any::<u32>(), nanos in any::<u32>()) {
        fuzz::instant(seconds, nanos).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn no_text_panics(text in "[0-9TtZz:., +é-]{0,40}") {
        fuzz::timestamp(&text).map_err(TestCaseError::fail)?;
    }
}
