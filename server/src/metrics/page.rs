//! What is answered: values of the declared metrics, and the two ways to write them.

use super::families::{ALL, Family};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, prometheus_text, text};
use prometheus_client::registry::Registry;
use std::collections::HashMap;
use std::fmt;
use tasker_core::metrics::HistogramReading;

/// A value of a metric.
#[derive(Debug)]
enum Value {
    Counter(u64),
    Gauge(f64),
    Histogram(HistogramReading),
}

#[derive(Debug)]
struct Sample {
    labels: Vec<(&'static str, String)>,
    value: Value,
}

/// The values of the declared metrics, at one moment.
#[derive(Debug, Default)]
pub(super) struct Page(HashMap<&'static str, Vec<Sample>>);

impl Page {
    pub(super) fn counter(&mut self, family: &Family, labels: &[&str], value: u64) {
        self.add(family, labels, Value::Counter(value));
    }

    #[allow(clippy::cast_precision_loss)] // What Prometheus has is floating.
    pub(super) fn count(&mut self, family: &Family, labels: &[&str], value: u64) {
        self.gauge(family, labels, value as f64);
    }

    pub(super) fn gauge(&mut self, family: &Family, labels: &[&str], value: f64) {
        self.add(family, labels, Value::Gauge(value));
    }

    pub(super) fn histogram(&mut self, family: &Family, labels: &[&str], value: HistogramReading) {
        self.add(family, labels, Value::Histogram(value));
    }

    fn add(&mut self, family: &Family, labels: &[&str], value: Value) {
        debug_assert_eq!(labels.len(), family.labels.len(), "{}", family.bare_name());
        let labels = family
            .labels
            .iter()
            .copied()
            .zip(labels.iter().map(|label| (*label).to_owned()));
        self.0.entry(family.bare_name()).or_default().push(Sample {
            labels: labels.collect(),
            value,
        });
    }

    /// The text of the page, in one of the two formats.
    pub(super) fn write(self, format: Format) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self));
        let mut written = String::new();
        match format {
            Format::Prometheus => prometheus_text::encode(&mut written, &registry)?,
            Format::OpenMetrics => text::encode(&mut written, &registry)?,
        }
        Ok(written)
    }
}

/// A metric without a value is told of, too, so that whoever looks finds all that there may be.
impl Collector for Page {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for family in ALL {
            let mut metric = encoder.encode_descriptor(
                family.bare_name(),
                family.help,
                family.unit.as_ref(),
                family.kind,
            )?;
            for sample in self.0.get(family.bare_name()).into_iter().flatten() {
                let mut one = metric.encode_family(&sample.labels)?;
                match &sample.value {
                    Value::Counter(value) => one.encode_counter::<NoLabelSet, _, u64>(value, None)?,
                    Value::Gauge(value) => one.encode_gauge(value)?,
                    Value::Histogram(read) => {
                        one.encode_histogram::<NoLabelSet>(read.sum, read.count, &read.buckets, None)?
                    }
                }
            }
        }
        Ok(())
    }
}

/// How a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// The text format of Prometheus, version 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

const OPENMETRICS: &str = "application/openmetrics-text";

impl Format {
    /// What a request accepts: OpenMetrics where it says so and does not rather have plain text.
    pub(super) fn accepted(accept: &str) -> Self {
        let weight = |wanted: &str| {
            let ranges = accept.split(',').map(|range| range.split(';').map(str::trim));
            let weights = ranges.filter_map(|mut parts| {
                let is_it = parts.next()?.eq_ignore_ascii_case(wanted);
                let weight = parts.find_map(|part| part.strip_prefix("q="));
                is_it.then(|| weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)))
            });
            weights.fold(0.0, f64::max)
        };
        let open = weight(OPENMETRICS);
        if open > 0.0 && open >= weight("text/plain") {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::families;
    use super::{Format, Page};

    #[test]
    fn a_label_stays_on_its_line() {
        for format in [Format::Prometheus, Format::OpenMetrics] {
            let mut page = Page::default();
            page.count(&families::READY_STEPS, &["a\n\"b\"\\"], 1);
            let text = page.write(format).unwrap_or_default();
            let line = r#"tasker_ready_steps{namespace="a\n\"b\"\\"} 1.0"#;
            assert!(text.lines().any(|one| one == line), "{text}");
        }
    }

    #[test]
    fn openmetrics_is_for_who_says_so() {
        for (accept, wanted) in [
            ("", Format::Prometheus),
            ("*/*", Format::Prometheus),
            ("text/plain", Format::Prometheus),
            ("application/openmetrics-text;q=0", Format::Prometheus),
            (
                "text/plain, application/openmetrics-text; version=1.0.0; q=0.4",
                Format::Prometheus,
            ),
            ("application/openmetrics-text", Format::OpenMetrics),
            ("Application/OpenMetrics-Text; version=1.0.0", Format::OpenMetrics),
            // Prometheus 2.53.
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
                 text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                Format::OpenMetrics,
            ),
        ] {
            assert_eq!(Format::accepted(accept), wanted, "{accept}");
        }
    }
}
