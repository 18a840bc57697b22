//! What is set by the variables of OpenTelemetry's specification.
//!
//! A variable that is empty counts as not set. One whose value can't be honoured is a fault, never passed over: whoever
//! set it would look for spans that do not come.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::limits::{CALL_TIMEOUT, LONGEST_CALL_TIMEOUT};
use crate::sampler::Sampler;

/// Name of this service where no variable gives one.
const SERVICE_NAME: &str = "vouchsafe";
/// Path of traces below `OTEL_EXPORTER_OTLP_ENDPOINT`.
const TRACES_PATH: &str = "v1/traces";

// Each variable of the exporter: that of traces comes before that of all signals.
const ENDPOINT: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];
const PROTOCOL: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
];
const COMPRESSION: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
    "OTEL_EXPORTER_OTLP_COMPRESSION",
];
const HEADERS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
const TIMEOUT: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
const CERTIFICATE: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
];

/// Why the variables can't be honoured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("environment variable {variable}: {fault}")]
pub struct SettingsError {
    variable: &'static str,
    fault: String,
}

/// The collector's address. It shows its origin alone: path and query may hold a key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Collector(pub(crate) Url);

impl fmt::Display for Collector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.origin().ascii_serialization())
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Where traces go, and which.
#[derive(Clone)]
pub struct Settings {
    pub(crate) endpoint: Collector,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) timeout: Duration,
    pub(crate) authorities: Option<PathBuf>,
    pub(crate) sampler: Sampler,
    /// Attributes of every span's resource; the service's name is among them.
    pub(crate) resource: Vec<(String, String)>,
}

impl fmt::Debug for Settings {
    /// Headers hold tokens: their values are not shown.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Settings({})", self.endpoint)
    }
}

impl Settings {
    /// What the variables that `variable` knows set; none where no endpoint is set, or tracing is switched off.
    ///
    /// # Errors
    /// [`SettingsError`] with the first variable that can't be honoured.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, SettingsError> {
        let variables = Variables(variable);
        let Some(endpoint) = variables.endpoint()? else {
            return Ok(None);
        };
        if variables.is_off()? {
            return Ok(None);
        }
        variables.format()?;
        Ok(Some(Self {
            endpoint: Collector(endpoint),
            headers: variables.headers()?,
            timeout: variables.timeout()?,
            authorities: variables.either(CERTIFICATE).map(|(_, file)| file.into()),
            sampler: variables.sampler()?,
            resource: variables.resource()?,
        }))
    }
}

/// Environment variables by name.
struct Variables<F>(F);

impl<F: Fn(&str) -> Option<String>> Variables<F> {
    fn one(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.trim().is_empty())
    }

    /// The first of two variables that is set, with its name.
    fn either(&self, names: [&'static str; 2]) -> Option<(&'static str, String)> {
        names
            .into_iter()
            .find_map(|name| self.one(name).map(|value| (name, value)))
    }

    fn endpoint(&self) -> Result<Option<Url>, SettingsError> {
        let Some((variable, text)) = self.either(ENDPOINT) else {
            return Ok(None);
        };
        let fault = || SettingsError {
            variable,
            fault: "expected http://HOST:PORT or https://HOST:PORT, without a user name".to_owned(),
        };
        let mut url = Url::parse(text.trim()).map_err(|_| fault())?;
        let is_of_http = matches!(url.scheme(), "http" | "https") && url.has_host();
        if !is_of_http || !url.username().is_empty() || url.password().is_some() {
            return Err(fault());
        }
        if variable != ENDPOINT[0] {
            let path = format!("{}/{TRACES_PATH}", url.path().trim_end_matches('/'));
            url.set_path(&path);
        }
        Ok(Some(url))
    }

    /// Whether tracing is switched off although there is an endpoint.
    fn is_off(&self) -> Result<bool, SettingsError> {
        let is_disabled = self
            .one("OTEL_SDK_DISABLED")
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
        match self.one("OTEL_TRACES_EXPORTER").as_deref().map(str::trim) {
            Some("none") => Ok(true),
            Some("otlp") | None => Ok(is_disabled),
            Some(other) => Err(SettingsError {
                variable: "OTEL_TRACES_EXPORTER",
                fault: format!("exporter `{other}` is not there: expected otlp or none"),
            }),
        }
    }

    /// Refuses formats that are not written.
    fn format(&self) -> Result<(), SettingsError> {
        for (names, only) in [(PROTOCOL, "http/json"), (COMPRESSION, "none")] {
            if let Some((variable, value)) = self.either(names).filter(|(_, value)| value.trim() != only) {
                let fault = format!("`{}` is not written: expected {only}", value.trim());
                return Err(SettingsError { variable, fault });
            }
        }
        Ok(())
    }

    fn headers(&self) -> Result<Vec<(String, String)>, SettingsError> {
        let Some((variable, text)) = self.either(HEADERS) else {
            return Ok(Vec::new());
        };
        pairs(&text).ok_or_else(|| SettingsError {
            variable,
            fault: "expected NAME=VALUE, several with commas between".to_owned(),
        })
    }

    fn timeout(&self) -> Result<Duration, SettingsError> {
        let Some((variable, text)) = self.either(TIMEOUT) else {
            return Ok(CALL_TIMEOUT);
        };
        match text.trim().parse().map(Duration::from_millis) {
            Ok(timeout) if !timeout.is_zero() && timeout <= LONGEST_CALL_TIMEOUT => Ok(timeout),
            _ => Err(SettingsError {
                variable,
                fault: format!(
                    "`{text}`: expected milliseconds, 1 to {}",
                    LONGEST_CALL_TIMEOUT.as_millis()
                ),
            }),
        }
    }

    fn sampler(&self) -> Result<Sampler, SettingsError> {
        let Some(name) = self.one("OTEL_TRACES_SAMPLER") else {
            return Ok(Sampler::default());
        };
        let argument = self.one("OTEL_TRACES_SAMPLER_ARG");
        Sampler::named(name.trim(), argument.as_deref()).map_err(|fault| SettingsError {
            variable: "OTEL_TRACES_SAMPLER",
            fault,
        })
    }

    fn resource(&self) -> Result<Vec<(String, String)>, SettingsError> {
        const RESOURCE: &str = "OTEL_RESOURCE_ATTRIBUTES";
        let text = self.one(RESOURCE).unwrap_or_default();
        let mut resource = pairs(&text).ok_or_else(|| SettingsError {
            variable: RESOURCE,
            fault: "expected NAME=VALUE, several with commas between".to_owned(),
        })?;
        let is_set = |resource: &[(String, String)], key| resource.iter().any(|(name, _)| name == key);
        if let Some(name) = self.one("OTEL_SERVICE_NAME") {
            resource.retain(|(key, _)| key != "service.name");
            resource.push(("service.name".to_owned(), name));
        } else if !is_set(&resource, "service.name") {
            resource.push(("service.name".to_owned(), SERVICE_NAME.to_owned()));
        }
        if !is_set(&resource, "service.version") {
            let version = env!("CARGO_PKG_VERSION").to_owned();
            resource.push(("service.version".to_owned(), version));
        }
        Ok(resource)
    }
}

/// `NAME=VALUE,…`, values percent-encoded.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let written = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let name = name.trim();
        (!name.is_empty()).then(|| Some((name.to_owned(), decoded(value.trim())?)))?
    };
    written.map(pair).collect()
}

/// `%2C` and the like as what they stand for; none where what comes out is no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let mut one = [0];
            hex::decode_to_slice(digits, &mut one).ok()?;
            bytes.extend(one);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;
