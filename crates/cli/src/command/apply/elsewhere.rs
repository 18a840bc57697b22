//! Kyverno's flags for what is not done here: known, so that their user hears why instead of "unexpected argument".

use clap::Args;

/// Flags that are refused when used.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Elsewhere {
    #[arg(long, hide = true)]
    continue_on_error: bool,
    #[arg(long, hide = true)]
    show_performance: bool,
    #[arg(long, hide = true, value_name = "FILE", value_delimiter = ',')]
    http_payload: Vec<String>,
    #[arg(long, hide = true, value_name = "FILE", value_delimiter = ',')]
    envoy_payload: Vec<String>,
    #[arg(
        long,
        alias = "crd-path",
        hide = true,
        value_name = "FILE",
        value_delimiter = ','
    )]
    crd_paths: Vec<String>,
    #[arg(short = 'b', long, hide = true, value_name = "NAME")]
    git_branch: Option<String>,
    #[arg(long, hide = true, value_name = "NAME")]
    username: Option<String>,
    #[arg(long, hide = true, value_name = "TEXT")]
    password: Option<String>,
}

impl Elsewhere {
    /// Why the first such flag that is used can't be followed, and what to do instead.
    pub(super) fn fault(&self) -> Option<String> {
        let refused = [
            (
                self.continue_on_error,
                "`--continue-on-error` is not supported: a list that can't be read to its end fails the run",
            ),
            (self.show_performance, "`--show-performance` is not supported"),
            (
                !self.http_payload.is_empty() || !self.envoy_payload.is_empty(),
                "policies for HTTP requests and Envoy (`--http-payload`, `--envoy-payload`) are not supported",
            ),
            (
                !self.crd_paths.is_empty(),
                "`--crd-paths` is not supported: resources are not checked against schemas of their kinds",
            ),
            (
                [&self.git_branch, &self.username, &self.password]
                    .into_iter()
                    .any(Option::is_some),
                "policies are not fetched from Git: check the repository out and name its folder",
            ),
        ];
        refused
            .into_iter()
            .find(|(is_used, _)| *is_used)
            .map(|(_, why)| why.to_owned())
    }
}
