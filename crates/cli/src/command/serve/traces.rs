//! Traces of a server: set by the variables of OpenTelemetry, exported beside its work.

use std::time::Duration;

use tokio::sync::oneshot;
use trace_export::{Exporter, Settings, SettingsError, SetupError, TraceCounts, TraceLayer};

/// Longest time that the spans which are left may take when the server ends.
const GRACE: Duration = Duration::from_secs(3);

/// Why traces can't be exported as they are to be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TracesError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// Exports spans beside a server's work; or does nothing, where no collector is set.
#[derive(Debug, Default)]
pub(crate) struct TraceExport(Option<Exporter>);

/// What the environment sets: a layer for the log's subscriber, and the export.
///
/// # Errors
/// [`TracesError`] where a variable can't be honoured.
pub(crate) fn of_environment() -> Result<(Option<TraceLayer>, TraceExport), TracesError> {
    let Some(settings) = Settings::of(variable)? else {
        return Ok((None, TraceExport::default()));
    };
    let (layer, exporter) = trace_export::tracing(settings)?;
    Ok((Some(layer), TraceExport(Some(exporter))))
}

/// A variable of the environment. What is no text can't be honoured, and is a fault of its variable by the characters that
/// stand for it.
fn variable(name: &str) -> Option<String> {
    Some(std::env::var_os(name)?.to_string_lossy().into_owned())
}

impl TraceExport {
    /// What becomes of the spans; none where they are not exported.
    pub(crate) fn counts(&self) -> Option<TraceCounts> {
        self.0.as_ref().map(Exporter::counts)
    }

    /// Does `work`, and exports until it is done and a little longer.
    pub(crate) async fn beside<T>(self, work: impl Future<Output = T>) -> T {
        let Some(exporter) = self.0 else {
            return work.await;
        };
        let (done, stopped) = oneshot::channel::<()>();
        let exporting = exporter.run(async move { drop(stopped.await) }, GRACE);
        let working = async move {
            let result = work.await;
            drop(done);
            result
        };
        tokio::join!(working, exporting).0
    }
}
