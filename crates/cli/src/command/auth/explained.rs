//! An access report in words.

use fact_loading::AccessReport;

/// The report's lines.
pub(super) fn lines(report: &AccessReport) -> Vec<String> {
    let way = &report.way;
    let mut lines = vec![
        format!("image       {}", report.image),
        format!("registry    {}", report.registry),
    ];
    if way.host != report.registry {
        lines.push(format!(
            "mirror      {} (repository {})",
            way.host, way.repository
        ));
    }
    for (number, source) in (1..).zip(&report.sources) {
        let said = match &source.found {
            Ok(Some(credential)) => credential.clone(),
            Ok(None) => "nothing for this registry".to_owned(),
            Err(cause) => format!("failed: {cause}"),
        };
        lines.push(format!("asked       {number}. {}: {said}", source.source));
    }
    let offered = report
        .sources
        .iter()
        .find(|source| matches!(source.found, Ok(Some(_))));
    lines.push(match (offered, &way.wants) {
        (_, None) if way.scheme.is_none() => "offered     nothing: the registry was not reached".to_owned(),
        (_, None) => "offered     nothing: the registry did not ask".to_owned(),
        (None, Some(_)) => "offered     nothing: anonymous".to_owned(),
        (Some(source), Some(_)) => format!("offered     what {} has", source.source),
    });
    if let Some(wants) = &way.wants {
        lines.push(format!("wanted      {wants}"));
        lines.push(format!("scope       {}", way.scope));
    }
    lines.push(match &report.answer {
        Ok(digest) => format!("let in      yes: {digest}"),
        Err(cause) => format!("let in      no: {cause}"),
    });
    lines
}

#[cfg(test)]
mod tests {
    use fact_loading::{SourceAnswer, Way};

    use super::*;

    #[test]
    fn a_report_says_who_was_asked_in_order_and_what_was_offered() {
        let source = |name: &str, found| SourceAnswer {
            source: name.to_owned(),
            found,
        };
        let report = AccessReport {
            image: "ghcr.io/acme/app:1".to_owned(),
            registry: "ghcr.io".to_owned(),
            way: Way {
                host: "harbor.example".to_owned(),
                scheme: Some("https"),
                wants: Some("a token of https://harbor.example/token".to_owned()),
                scope: "repository:ghcr/acme/app:pull".to_owned(),
                repository: "ghcr/acme/app".to_owned(),
            },
            sources: vec![
                source("docker configuration /c.json", Ok(None)),
                source("provider github", Err("no".to_owned())),
                source("pull secret prod/r", Ok(Some("password of user `u`".to_owned()))),
            ],
            answer: Err("DENIED".to_owned()),
        };
        assert_eq!(
            lines(&report),
            [
                "image       ghcr.io/acme/app:1",
                "registry    ghcr.io",
                "mirror      harbor.example (repository ghcr/acme/app)",
                "asked       1. docker configuration /c.json: nothing for this registry",
                "asked       2. provider github: failed: no",
                "asked       3. pull secret prod/r: password of user `u`",
                "offered     what pull secret prod/r has",
                "wanted      a token of https://harbor.example/token",
                "scope       repository:ghcr/acme/app:pull",
                "let in      no: DENIED",
            ]
        );
    }
}
