//! Where log lines go: standard error, as text or JSON; explanations of denials as JSON alone, as they are for programs.
//! Where spans go: to the layer that collects them, if there is one.

use std::io::IsTerminal;

use admission_server::EXPLANATION_TARGET;
use trace_export::TraceLayer;
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::arguments::{LogFormat, LogLevel};

/// Starts logging for the process, and tracing where `traces` collects. A second start changes nothing: the first stays.
pub(crate) fn start(format: LogFormat, level: LogLevel, traces: Option<TraceLayer>) {
    let level = match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
    };
    let lines = layer().with_target(false).with_writer(std::io::stderr);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Text => Box::new(lines.with_ansi(std::io::stderr().is_terminal())),
        LogFormat::Json => Box::new(lines.json().flatten_event(true)),
    };
    // Spans are for traces alone: without a layer that takes them, each costs one comparison.
    let is_for_people = matches!(format, LogFormat::Text);
    let is_line = move |metadata: &tracing::Metadata<'_>| {
        let is_told = !(is_for_people && metadata.target() == EXPLANATION_TARGET);
        metadata.is_event() && *metadata.level() <= level && is_told
    };
    let lines = lines.with_filter(filter_fn(is_line).with_max_level_hint(level));
    let registry = tracing_subscriber::registry().with(lines);
    let started = match traces {
        None => registry.try_init(),
        Some(traces) => {
            let ours = filter_fn(TraceLayer::takes).with_max_level_hint(LevelFilter::INFO);
            registry.with(traces.with_filter(ours)).try_init()
        }
    };
    if let Err(cause) = started {
        tracing::debug!(%cause, "logging had been started before");
    }
}
