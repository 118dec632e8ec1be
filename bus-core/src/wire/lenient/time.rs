//! Times of other systems.

use std::time::SystemTime;

use crate::time;
use crate::time::Zone;

/// The keys under which other systems have the time of a line, the most exact first.
pub(super) const KEYS: &[&str] = &[
    "timestamp",
    "time",
    "ts",
    "@timestamp",
    "timeUnixNano",
    "created_at",
    "createdAt",
    "created",
    "datetime",
    "date",
];

/// Reads a time: a text, or the seconds, milliseconds, microseconds or nanoseconds since 1970.
pub(super) fn read(text: &str, zone: &Zone) -> Option<SystemTime> {
    match nanos(text) {
        Some(nanos) => time::since_1970(nanos),
        None => time::parse(text, zone).ok(),
    }
}

/// The unit is known by the size of the number: seconds have at most eleven digits until the year
/// 5138, milliseconds at least twelve since 1973.
fn nanos(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = whole.strip_prefix('-').unwrap_or(whole).bytes().all(|byte| byte.is_ascii_digit());
    let whole: i128 = whole.parse().ok().filter(|_| is_number)?;
    let digits = match whole.unsigned_abs() {
        0..100_000_000_000 => 9,
        100_000_000_000..100_000_000_000_000 => 6,
        100_000_000_000_000..100_000_000_000_000_000 => 3,
        _ => 0,
    };
    let mut part = 0;
    for place in 0..digits {
        let digit = fraction.as_bytes().get(place).map_or(b'0', |byte| *byte);
        part = part * 10 + i128::from(char::from(digit).to_digit(10)?);
    }
    let scale = 10_i128.pow(u32::try_from(digits).ok()?);
    let sign = if text.starts_with('-') { -1 } else { 1 };
    whole.checked_mul(scale)?.checked_add(sign * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_known_by_the_size_and_no_digit_is_lost() {
        let written = |text: &str| {
            let mut out = Vec::new();
            time::write(read(text, &Zone::UTC)?, &mut out);
            String::from_utf8(out).ok()
        };
        let expected = Some("2026-11-22T06:14:08.602474123+00:00".to_owned());
        for text in
            ["1795328048.602474123", "1795328048602.474123", "1795328048602474.1239", "1795328048602474123"]
        {
            assert_eq!(written(text), expected, "{text}");
        }
        assert_eq!(written("-1.5").as_deref(), Some("1969-12-31T23:59:58.500000+00:00"));
        assert_eq!(written("0").as_deref(), Some("1970-01-01T00:00:00.000000+00:00"));
        for text in ["", "-", "+5", "1e9", "5 h", "1.x", "noon", "99999999999999999999999999", "-99999999999"]
        {
            assert_eq!(written(text), None, "{text}");
        }
    }
}
