//! The flags of `migrate`.

use clap::Args;

use crate::runtime::RegistryArguments;

#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// Policy files and folders; `-` reads standard input
    #[arg(required = true, value_name = "POLICY")]
    pub(crate) policies: Vec<String>,
    /// Write one file for each policy into a folder instead of printing them
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<String>,
    /// Judge the given resources and reviews by both kinds, and show every verdict that differs
    #[arg(long, help_heading = "Proof")]
    pub(crate) prove: bool,
    /// Resource files and folders to judge
    #[arg(
        short,
        long = "resource",
        visible_alias = "resources",
        value_name = "FILE",
        value_delimiter = ',',
        help_heading = "Proof"
    )]
    pub(crate) resources: Vec<String>,
    /// Files and folders of recorded admission reviews (JSON) to judge
    #[arg(
        long = "reviews",
        visible_alias = "review",
        value_name = "FILE",
        value_delimiter = ',',
        help_heading = "Proof"
    )]
    pub(crate) reviews: Vec<String>,
    #[command(flatten)]
    pub(crate) registries: RegistryArguments,
}

impl Arguments {
    /// What is wrong with the call.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let has_requests = !(self.resources.is_empty() && self.reviews.is_empty());
        match (self.prove, has_requests) {
            (true, false) => {
                Some("`--prove` needs something to judge: name it with `--resource` or `--reviews`")
            }
            (false, true) => Some("resources and reviews are judged with `--prove` alone"),
            (true, true) | (false, false) => None,
        }
    }
}
