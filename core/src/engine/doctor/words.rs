//! Numbers and names in the sentences of a doctor.

/// `1 step`, `2 steps`.
pub(super) fn counted(count: i64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// `512 bytes`, `8.0 MiB`.
pub(super) fn bytes(count: i64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return counted(count, "byte");
    }
    #[allow(clippy::cast_precision_loss)] // one digit behind the point is told
    let mut left = count as f64 / 1024.0;
    let mut unit = 0;
    while left >= 1024.0 && unit + 1 < UNITS.len() {
        left /= 1024.0;
        unit += 1;
    }
    format!("{left:.1} {}", UNITS[unit])
}

/// `350 ms`, `12 s`, `5 min`, `3 h`, `2 d`.
pub(super) fn seconds(time: f64) -> String {
    match time {
        ..1.0 => format!("{:.0} ms", time.max(0.0) * 1000.0),
        ..120.0 => format!("{time:.0} s"),
        ..7200.0 => format!("{:.0} min", time / 60.0),
        ..172_800.0 => format!("{:.0} h", time / 3600.0),
        _ => format!("{:.0} d", time / 86_400.0),
    }
}

/// A fraction as a percentage.
pub(super) fn percent(share: f64) -> String {
    if share < 0.1 {
        format!("{:.1} %", share * 100.0)
    } else {
        format!("{:.0} %", share * 100.0)
    }
}

/// A part of a whole; nothing of nothing is nothing.
#[allow(clippy::cast_precision_loss)] // it becomes a percentage
pub(super) fn share(part: i64, whole: i64) -> f64 {
    if whole <= 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// The name of an SQL object, quoted where it has to be.
pub(super) fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// The first few of many names.
pub(super) fn listed(names: &[String]) -> String {
    const TOLD: usize = 5;
    let told = names
        .iter()
        .take(TOLD)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(TOLD) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_use_the_unit_that_people_would_say() {
        assert_eq!(
            [1, 900, 8 << 20, 3 << 40].map(bytes),
            ["1 byte", "900 bytes", "8.0 MiB", "3.0 TiB"]
        );
        assert_eq!(
            [-1.0, 0.35, 12.0, 300.0, 10_800.0, 400_000.0].map(seconds),
            ["0 ms", "350 ms", "12 s", "5 min", "3 h", "5 d"]
        );
        assert_eq!([0.001, 0.5].map(percent), ["0.1 %", "50 %"]);
        assert!(share(1, 0).abs() < f64::EPSILON);
    }

    #[test]
    fn names_are_quoted_where_they_have_to_be() {
        assert_eq!(
            ["app_1", "App", "a\"b"].map(quoted),
            ["app_1", "\"App\"", "\"a\"\"b\""]
        );
        let many: Vec<String> = (0..7).map(|n| n.to_string()).collect();
        assert_eq!(listed(&many), "0, 1, 2, 3, 4 and 2 more");
    }
}
