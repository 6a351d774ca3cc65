//! Counters and timings in Prometheus' text format.
//!
//! Code counts through the `metrics` facade, whose recorder is one per process by design; [`install`] sets it once and
//! [`Metrics`] renders it. There is no listener here: `/metrics` is a route like any other, with a permission.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Bounds in seconds of the histogram of request times.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Renders what has been counted. Clones share it.
#[derive(Clone, Debug)]
pub struct Metrics(PrometheusHandle);

static INSTALLED: OnceLock<PrometheusHandle> = OnceLock::new();

/// Makes the process count. Calling it again returns the same thing.
///
/// # Errors
/// When the bounds of a histogram are unusable, which a test rules out.
pub fn install() -> Result<Metrics, BuildError> {
    if let Some(handle) = INSTALLED.get() {
        return Ok(Metrics(handle.clone()));
    }
    let recorder =
        PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)?.build_recorder();
    let handle = INSTALLED.get_or_init(move || {
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::error!("another metrics recorder is in place; /metrics stays empty");
        }
        metrics::describe_counter!("plenum_http_requests_total", "HTTP requests answered");
        metrics::describe_histogram!("plenum_http_request_seconds", "Time to answer an HTTP request");
        handle
    });
    Ok(Metrics(handle.clone()))
}

impl Metrics {
    /// Everything counted so far, as text.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds the samples of histograms together. Without it they pile up in memory until the next [`Metrics::render`].
    pub fn fold(&self) {
        self.0.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_rendered() {
        let metrics = install().unwrap();
        let again = install().unwrap();
        metrics::counter!("plenum_test_total", "kind" => "a").increment(3);
        metrics::histogram!("plenum_test_seconds").record(0.003);
        again.fold();
        let text = metrics.render();
        assert!(text.contains("plenum_test_total{kind=\"a\"} 3"), "{text}");
        assert!(text.contains("plenum_test_seconds_bucket{le=\"0.005\"} 1"), "{text}");
    }
}
