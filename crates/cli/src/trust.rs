//! Which trusted root signatures are judged by: the flags, the same for every command.

use std::path::PathBuf;

use clap::Args;
use fact_loading::TufOptions;

use crate::input::{InputError, read_file, read_text};

/// Which trusted root signatures are judged by.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TrustArguments {
    /// Trusted root of a private Sigstore instead of the public one (`trusted_root.json`).
    #[arg(long = "trusted-root", value_name = "FILE", conflicts_with_all = ["tuf", "tuf_mirror", "tuf_root", "tuf_cache"])]
    trusted_root: Option<String>,
    /// Keep the trusted root fresh by TUF, from the public Sigstore unless told otherwise.
    #[arg(long = "tuf", alias = "enableTuf")]
    tuf: bool,
    /// Address of the TUF repository.
    #[arg(long = "tuf-mirror", alias = "tufMirror", value_name = "URL")]
    tuf_mirror: Option<String>,
    /// Root that the TUF repository is trusted by (`root.json`); the public Sigstore's is part of the program.
    #[arg(long = "tuf-root", alias = "tufRoot", value_name = "FILE")]
    tuf_root: Option<String>,
    /// Folder that keeps what was verified for the next start.
    #[arg(long = "tuf-cache", value_name = "DIR")]
    tuf_cache: Option<PathBuf>,
}

impl TrustArguments {
    /// The trusted root given as a file.
    ///
    /// # Errors
    /// [`InputError`] where it can't be read.
    pub(crate) fn given(&self) -> Result<Option<String>, InputError> {
        self.trusted_root.as_deref().map(read_text).transpose()
    }

    /// Where the trusted root comes from, if by TUF.
    ///
    /// # Errors
    /// [`InputError`] where the pinned root can't be read.
    pub(crate) fn tuf(&self) -> Result<Option<TufOptions>, InputError> {
        let options = TufOptions {
            mirror: self.tuf_mirror.clone(),
            root: self.tuf_root.as_deref().map(read_file).transpose()?,
            cache: self.tuf_cache.clone(),
        };
        let is_asked_for =
            self.tuf || options.mirror.is_some() || options.root.is_some() || options.cache.is_some();
        Ok(is_asked_for.then_some(options))
    }
}
