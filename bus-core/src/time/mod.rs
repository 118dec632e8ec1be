//! Instants as text.
//!
//! Written: `2026-11-22T06:14:08.602474+00:00`, always UTC, six digits of a second, or nine if the
//! last three are not zero. `datetime.fromisoformat` of Python 3.11 reads that, and this reader
//! reads it as the same instant. Read: that, RFC 3339, and the output of Python's `isoformat()`: no
//! zone, no fraction, an offset with seconds.

mod zone;

pub use zone::{Zone, ZoneError};

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::civil::DateTime;

/// 0001-01-01T00:00:00Z and the last second of 9999, in seconds of Unix: the range of years with
/// four digits.
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;

const FORM: &str = "is not a time: write it as 2026-11-22T06:14:08.602474+00:00";
const RANGE: &str = "is outside the years 1 to 9999";

/// Reads a time as text, in UTC if it has no zone.
pub(crate) fn parse_utc(text: &str) -> Option<SystemTime> {
    parse(text, &Zone::UTC).ok()
}

/// Appends the text of an instant. One outside the years 1 to 9999 is written as the first or last
/// of them.
pub(crate) fn write(time: SystemTime, out: &mut Vec<u8>) {
    let (seconds, nanos) = parts(time);
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let nanos = i64::from(nanos);
    let mut text = *b"0000-00-00T00:00:00.000000000";
    text[..10].copy_from_slice(&date_text(day));
    pair(&mut text[11..], second / 3600);
    pair(&mut text[14..], second / 60 % 60);
    pair(&mut text[17..], second % 60);
    pair(&mut text[20..], nanos / 10_000_000);
    pair(&mut text[22..], nanos / 100_000 % 100);
    pair(&mut text[24..], nanos / 1000 % 100);
    pair(&mut text[26..], nanos / 10 % 100);
    text[28] += (nanos % 10).to_le_bytes()[0];
    let end = if nanos % 1000 == 0 { 26 } else { 29 };
    out.extend_from_slice(&text[..end]);
    out.extend_from_slice(b"+00:00");
}

thread_local! {
    /// The day that was written last, and its text, because the calendar takes longer than the rest
    /// of a time.
    static DAY: Cell<(i64, [u8; 10])> = const { Cell::new((0, *b"1970-01-01")) };
}

fn date_text(day: i64) -> [u8; 10] {
    let (known, text) = DAY.try_with(Cell::get).unwrap_or((0, *b"1970-01-01"));
    if known == day {
        return text;
    }
    let (year, month, of_month) = date(day);
    let mut text = *b"0000-00-00";
    pair(&mut text[0..], year / 100);
    pair(&mut text[2..], year % 100);
    pair(&mut text[5..], month);
    pair(&mut text[8..], of_month);
    let _ = DAY.try_with(|last| last.set((day, text))); // fails at the end of the thread, when it is not needed
    text
}

/// Adds the two digits of a number below 100 to two zeros.
fn pair(zeros: &mut [u8], number: i64) {
    let number = number.to_le_bytes()[0];
    zeros[0] += number / 10;
    zeros[1] += number % 10;
}

/// Reads the text of an instant; `zone` is for a text without one. More than nine digits of a
/// second are cut off.
pub(crate) fn parse(text: &str, zone: &Zone) -> Result<SystemTime, &'static str> {
    let (local, nanos, rest) = civil(text.as_bytes()).ok_or(FORM)?;
    let offset = match rest {
        [] => match zone.fixed() {
            Some(seconds) => seconds,
            None => calendar(local).and_then(|local| zone.seconds_at(local)).ok_or(RANGE)?,
        },
        b"Z" | b"z" => 0,
        _ => std::str::from_utf8(rest).ok().and_then(offset).ok_or(FORM)?,
    };
    let seconds = local - i64::from(offset);
    if (FIRST..=LAST).contains(&seconds) { instant(seconds, nanos).ok_or(RANGE) } else { Err(RANGE) }
}

/// The instant so many nanoseconds after 1970; `None` outside of the years 1 to 9999.
pub(crate) fn since_1970(nanos: i128) -> Option<SystemTime> {
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
    let nanos = u32::try_from(nanos.rem_euclid(1_000_000_000)).ok()?;
    (FIRST..=LAST).contains(&seconds).then(|| instant(seconds, nanos)).flatten()
}

/// `+02:00`, `+0200`, `+02`, `+02:00:30` in seconds.
pub(super) fn offset(text: &str) -> Option<i32> {
    let (sign, rest) = match text.as_bytes() {
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes, seconds) = match *rest {
        [h1, h2, b':', m1, m2, b':', s1, s2] => (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?),
        [h1, h2, b':', m1, m2] | [h1, h2, m1, m2] => (two(h1, h2)?, two(m1, m2)?, 0),
        [h1, h2] => (two(h1, h2)?, 0, 0),
        _ => return None,
    };
    (hours < 24 && minutes < 60 && seconds < 60)
        .then(|| i32::try_from(sign * (hours * 3600 + minutes * 60 + seconds)).ok())
        .flatten()
}

/// Seconds since 1970 on the local clock, nanoseconds, and the rest of the text.
fn civil(text: &[u8]) -> Option<(i64, u32, &[u8])> {
    let (minute, rest) = text.split_first_chunk()?;
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T' | b't' | b' ', h1, h2, b':', n1, n2] = *minute
    else {
        return None;
    };
    let (year, month, day) = (two(y1, y2)? * 100 + two(y3, y4)?, two(m1, m2)?, two(d1, d2)?);
    let (hour, minute) = (two(h1, h2)?, two(n1, n2)?);
    let (second, nanos, rest) = match rest {
        [b':', a, b, b'.' | b',', rest @ ..] => {
            let (nanos, rest) = fraction(rest)?;
            (two(*a, *b)?, nanos, rest)
        }
        [b':', a, b, rest @ ..] => (two(*a, *b)?, 0, rest),
        _ => (0, 0, rest),
    };
    let sane = (1..=12).contains(&month) && (1..=length(year, month)).contains(&day);
    if !sane || hour > 23 || minute > 59 || second > 59 || year < 1 {
        return None;
    }
    Some((days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second, nanos, rest))
}

/// The digits of a second as nanoseconds, and the rest of the text.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let (mut nanos, mut count) = (0, 0);
    while let Some(digit) = text.get(count).filter(|byte| byte.is_ascii_digit()) {
        if count < 9 {
            nanos = nanos * 10 + u32::from(digit - b'0');
        }
        count += 1;
    }
    let scale = 10_u32.pow(9_u32.saturating_sub(u32::try_from(count).unwrap_or(9)));
    (count > 0).then(|| (nanos * scale, &text[count..]))
}

/// The number of two digits.
fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

fn length(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970. Years begin in March here, so that the leap day is the last day of a year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The inverse.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    (era * 400 + year, month, day)
}

/// For the zones that need a calendar.
fn calendar(local: i64) -> Option<DateTime> {
    let (year, month, day) = date(local.div_euclid(86_400));
    let second = local.rem_euclid(86_400);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let small = |number: i64| i8::try_from(number).ok();
    let year = i16::try_from(year).ok()?;
    DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, 0).ok()
}

/// Whole seconds, rounded down, and nanoseconds; held within the years 1 to 9999.
fn parts(time: SystemTime) -> (i64, u32) {
    let (seconds, nanos) = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (i64::try_from(after.as_secs()).unwrap_or(i64::MAX), after.subsec_nanos()),
        Err(before) => {
            let before = before.duration();
            let seconds = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
            match before.subsec_nanos() {
                0 => (-seconds, 0),
                nanos => (-seconds - 1, 1_000_000_000 - nanos),
            }
        }
    };
    match seconds {
        ..FIRST => (FIRST, 0),
        FIRST..=LAST => (seconds, nanos),
        _ => (LAST, 999_999_999),
    }
}

fn instant(seconds: i64, nanos: u32) -> Option<SystemTime> {
    let nanos = Duration::new(0, nanos);
    let whole = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        UNIX_EPOCH.checked_sub(whole)?.checked_add(nanos)
    } else {
        UNIX_EPOCH.checked_add(whole + nanos)
    }
}
