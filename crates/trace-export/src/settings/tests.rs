use super::*;

fn settings(variables: &[(&str, &str)]) -> Result<Option<Settings>, String> {
    let value = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Settings::of(value).map_err(|error| error.to_string())
}

fn set(variables: &[(&str, &str)]) -> Settings {
    let mut all = vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")];
    all.extend(variables);
    settings(&all).unwrap().unwrap()
}

#[test]
fn without_an_endpoint_or_switched_off_nothing_is_traced() {
    for variables in [
        &[][..],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")],
        &[("OTEL_SERVICE_NAME", "a"), ("OTEL_TRACES_SAMPLER", "always_on")],
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"),
            ("OTEL_SDK_DISABLED", "true"),
        ],
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"),
            ("OTEL_TRACES_EXPORTER", "none"),
        ],
    ] {
        assert!(settings(variables).unwrap().is_none(), "{variables:?}");
    }
}

#[test]
fn the_endpoint_of_traces_is_used_as_it_is_and_that_of_all_signals_gets_their_path() {
    assert_eq!(set(&[]).endpoint.0.as_str(), "http://collector:4318/v1/traces");
    let below = settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://a/otlp/")]);
    assert_eq!(
        below.unwrap().unwrap().endpoint.0.as_str(),
        "https://a/otlp/v1/traces"
    );
    let own = set(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://b:1/in")]);
    assert_eq!(own.endpoint.0.as_str(), "http://b:1/in");
}

/// Some collectors take their key in the path or the query, and logs go further than they do.
#[test]
fn a_key_in_the_endpoint_is_never_shown() {
    let url = "https://collector.example:4318/k3y/v1/traces?api_key=t0ken";
    let set = set(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url)]);
    assert_eq!(set.endpoint.0.as_str(), url, "it is called as it was set");
    let shown = [
        format!("{set:?}"),
        format!("{:?}", set.endpoint),
        set.endpoint.to_string(),
    ];
    for text in shown {
        assert!(text.contains("https://collector.example:4318"), "{text}");
        assert!(!text.contains("k3y") && !text.contains("t0ken"), "{text}");
    }
}

#[test]
fn names_and_headers_are_read_as_the_specification_writes_them() {
    let set = set(&[
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "authorization=Bearer%20t%2C1, x-scope = a",
        ),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other,k8s.pod.name=p-1"),
        ("OTEL_SERVICE_NAME", "shop"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
    ]);
    let header = |name: &str| {
        set.headers
            .iter()
            .find(|(known, _)| known == name)
            .unwrap()
            .1
            .as_str()
    };
    assert_eq!((header("authorization"), header("x-scope")), ("Bearer t,1", "a"));
    let names: Vec<_> = set
        .resource
        .iter()
        .filter(|(name, _)| name == "service.name")
        .collect();
    assert_eq!(names, [&("service.name".to_owned(), "shop".to_owned())]);
    assert!(
        set.resource
            .contains(&("k8s.pod.name".to_owned(), "p-1".to_owned()))
    );
    assert_eq!(set.timeout, Duration::from_millis(2_500));
    assert!(!format!("{set:?}").contains("Bearer"), "tokens are not shown");
}

#[test]
fn a_variable_that_cannot_be_honoured_is_named() {
    for (variable, value, why) in [
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "collector:4317",
            "expected http://HOST:PORT",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://user:pass@a",
            "without a user name",
        ),
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "grpc",
            "`grpc` is not written: expected http/json",
        ),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", "expected none"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "token", "expected NAME=VALUE"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=%zz", "expected NAME=VALUE"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "expected milliseconds"),
        ("OTEL_TRACES_EXPORTER", "jaeger", "expected otlp or none"),
        (
            "OTEL_TRACES_SAMPLER",
            "sometimes",
            "sampler `sometimes` is not known",
        ),
    ] {
        let mut variables = vec![(variable, value)];
        if variable != "OTEL_EXPORTER_OTLP_ENDPOINT" {
            variables.push(("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a"));
        }
        let fault = settings(&variables).unwrap_err();
        assert!(fault.contains(variable) && fault.contains(why), "{fault}");
    }
}
