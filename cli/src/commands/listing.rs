//! What all lists have in common: how many, where the next page begins, instants and states as arguments.

use crate::failure::Failure;
use crate::printer::Printer;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use tasker_core::model::State;

/// How many a list shows.
#[derive(Debug, Clone, Args)]
pub(crate) struct Limit {
    /// How many at most.
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: u32,
}

impl Limit {
    /// Where the next page begins: after the last of a page that is full.
    pub(crate) fn next<T>(&self, page: &[T], cursor: impl FnOnce(&T) -> String) -> Option<String> {
        page.last()
            .filter(|_| page.len() >= self.limit as usize)
            .map(cursor)
    }
}

/// Tells people where the next page begins; programs find it as `next` in the document.
pub(crate) fn tell_next(next: Option<&str>, printer: &Printer) {
    if let Some(cursor) = next {
        printer.note(&printer.err.dim(&format!("There may be more: --after {cursor}")));
    }
}

/// The states that were named.
pub(crate) fn states(names: &[String]) -> Result<Vec<State>, Failure> {
    Ok(names
        .iter()
        .map(|name| name.parse::<State>())
        .collect::<Result<_, _>>()?)
}

/// An RFC 3339 time, or a span before now.
pub(crate) fn instant(option: &str, text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Failure> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    let refusal = || {
        Failure::usage(format!("{option} does not understand '{text}'."))
            .next("give a time such as 2026-07-01T08:00:00Z, or how long ago: 30s, 15m, 2h, 7d")
    };
    let unit = text.chars().last().ok_or_else(refusal)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(refusal()),
    };
    let count: i64 = text
        .strip_suffix(unit)
        .and_then(|count| count.parse().ok())
        .filter(|count| *count >= 0)
        .ok_or_else(refusal)?;
    let span = count
        .checked_mul(seconds)
        .and_then(TimeDelta::try_seconds)
        .ok_or_else(refusal)?;
    now.checked_sub_signed(span).ok_or_else(refusal)
}

#[cfg(test)]
mod tests {
    // Tests may panic: that is how they fail.
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::exit_status::ExitStatus;

    #[test]
    fn since_takes_a_time_or_a_span() {
        let now = DateTime::parse_from_rfc3339("2026-07-02T08:00:00Z")
            .unwrap()
            .to_utc();
        assert_eq!(
            instant("--since", "2h", now).unwrap().to_rfc3339(),
            "2026-07-02T06:00:00+00:00"
        );
        assert_eq!(
            instant("--since", "1d", now).unwrap().to_rfc3339(),
            "2026-07-01T08:00:00+00:00"
        );
        assert_eq!(
            instant("--since", "2026-07-01T10:00:00+02:00", now)
                .unwrap()
                .to_rfc3339(),
            "2026-07-01T08:00:00+00:00"
        );
    }

    #[test]
    fn since_refuses_what_it_does_not_understand_and_says_what_it_does() {
        for text in [
            "",
            "h",
            "2 weeks",
            "-2h",
            "99999999999999999999d",
            "9223372036854775807d",
            "yesterday",
        ] {
            let failure = instant("--since", text, Utc::now()).unwrap_err();
            assert_eq!(failure.status, ExitStatus::Usage, "{text}");
            assert!(failure.next.unwrap().contains("2h"), "{text}");
        }
    }
}
