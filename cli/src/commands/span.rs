//! Spans of time on the command line.

use crate::failure::Failure;

/// The seconds of `45s`, `30m`, `12h`, `90d`.
pub(crate) fn seconds(option: &str, span: &str) -> Result<f64, Failure> {
    let unit = match span.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 86_400,
        _ => 0,
    };
    let count = span.get(..span.len().saturating_sub(1));
    match count.and_then(|count| count.parse::<u32>().ok()) {
        Some(count) if unit > 0 => Ok(f64::from(count) * f64::from(unit)),
        _ => Err(Failure::usage(format!("{option} does not understand '{span}'."))
            .next("give a number and a unit: 45s, 30m, 12h, 90d")),
    }
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::seconds;
    use crate::exit_status::ExitStatus;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        let read = |text| seconds("--older-than", text);
        assert_eq!(read("90d").unwrap(), 7_776_000.0);
        assert_eq!(read("12h").unwrap(), 43_200.0);
        assert_eq!(read("0s").unwrap(), 0.0);
        for text in ["", "d", "90", "-1d", "1w", "1.5d", "99999999999d", "é"] {
            let failure = read(text).unwrap_err();
            assert_eq!(failure.status, ExitStatus::Usage, "{text}");
        }
    }
}
