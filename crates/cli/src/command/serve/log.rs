//! Where log lines go: standard error, as text or JSON. Explanations of denials go into JSON alone: they are for programs.

use std::io::IsTerminal;

use admission_server::EXPLANATION_TARGET;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::arguments::{LogFormat, LogLevel};

/// Starts logging for the process. A second start changes nothing: the first stays.
pub(crate) fn start(format: LogFormat, level: LogLevel) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let lines = fmt()
        .with_max_level(level)
        .with_target(false)
        .with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => {
            let lines = lines.with_ansi(std::io::stderr().is_terminal()).finish();
            let explanations = Targets::new()
                .with_default(LevelFilter::TRACE)
                .with_target(EXPLANATION_TARGET, LevelFilter::OFF);
            lines.with(explanations).try_init().map_err(Into::into)
        }
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    if let Err(cause) = started {
        tracing::debug!(%cause, "logging had been started before");
    }
}
