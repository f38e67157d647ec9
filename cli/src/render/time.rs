//! Durations and instants in words.

use chrono::{DateTime, TimeDelta, Utc};

/// `350 ms`, `1.2 s`, `3m 04s`, `2h 05m`, `3d 4h`. Negative time (two clocks that differ) is none.
pub(crate) fn duration(time: TimeDelta) -> String {
    let milliseconds = time.num_milliseconds().max(0);
    let whole = milliseconds / 1000;
    match whole {
        _ if milliseconds < 1000 => format!("{milliseconds} ms"),
        0..60 => format!("{}.{} s", whole, milliseconds % 1000 / 100),
        60..3600 => format!("{}m {:02}s", whole / 60, whole % 60),
        3600..86_400 => format!("{}h {:02}m", whole / 3600, whole % 3600 / 60),
        _ => format!("{}d {}h", whole / 86_400, whole % 86_400 / 3600),
    }
}

/// `just now`, `42 s ago`, `3 min ago`, `5 h ago`, `2 d ago`, and the date beyond a month.
pub(crate) fn ago(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - then).num_seconds();
    match seconds {
        ..2 => "just now".to_owned(),
        2..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        86_400..2_592_000 => format!("{} d ago", seconds / 86_400),
        _ => then.format("%Y-%m-%d").to_string(),
    }
}

/// `in 1.2 s`, or `now` when the instant has come.
pub(crate) fn until(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let left = then - now;
    if left <= TimeDelta::zero() {
        "now".to_owned()
    } else {
        format!("in {}", duration(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_use_the_two_units_that_people_would_say() {
        let said = [
            0,
            350,
            1_000,
            1_249,
            59_999,
            60_000,
            184_000,
            7_500_000,
            273_600_000,
        ]
        .map(|milliseconds| duration(TimeDelta::milliseconds(milliseconds)));
        assert_eq!(
            said,
            [
                "0 ms", "350 ms", "1.0 s", "1.2 s", "59.9 s", "1m 00s", "3m 04s", "2h 05m", "3d 4h"
            ]
        );
    }

    #[test]
    fn an_instant_of_a_clock_that_is_ahead_of_ours_is_now() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        assert_eq!(ago(now + TimeDelta::seconds(3), now), "just now");
        assert_eq!(until(now - TimeDelta::seconds(3), now), "now");
        assert_eq!(duration(TimeDelta::seconds(-3)), "0 ms");
    }
}
