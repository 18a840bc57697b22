//! `cargo xtask images`: serves an OCI layout folder as a registry until Ctrl-C.

use std::net::SocketAddr;
use std::path::PathBuf;

use rehearsal::registry::Options;
use rehearsal::{Content, Registry, layout};

use crate::arguments::Arguments;
use crate::failure::{Failure, Outcome};
use crate::report::say;

/// Which folder, under which name and where.
pub(crate) struct Images {
    /// An OCI image layout.
    pub(crate) layout: PathBuf,
    /// The repository's name.
    pub(crate) name: String,
    /// Where to listen.
    pub(crate) address: SocketAddr,
    /// Answer `/referrers/`.
    pub(crate) referrers_api: bool,
}

impl Images {
    /// Listens; returns the registry and the number of tags.
    pub(crate) async fn start(&self) -> Outcome<(Registry, usize)> {
        let content = Content::new();
        let tags = layout::load_layout(&content, &self.layout, &self.name)?;
        let options = Options {
            address: self.address,
            referrers_api: self.referrers_api,
            ..Options::default()
        };
        Ok((Registry::start(content, options).await?, tags))
    }
}

/// Reads the arguments and serves.
pub(crate) fn run(mut arguments: Arguments) -> Outcome {
    let name = arguments.value("--name")?.unwrap_or_else(|| "acme".to_owned());
    let address = arguments
        .value("--addr")?
        .unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let referrers_api = !arguments.flag("--no-referrers-api");
    let layout = PathBuf::from(arguments.next("the layout folder")?);
    arguments.end()?;
    let address = address
        .parse()
        .map_err(|_| Failure::Usage(format!("`{address}` is no address like 127.0.0.1:5012")))?;
    let images = Images {
        layout,
        name,
        address,
        referrers_api,
    };
    runtime()?.block_on(async {
        let (registry, tags) = images.start().await?;
        say(format!(
            "{tags} tags at {}/{} (Ctrl-C ends)",
            registry.host(),
            images.name
        ));
        let stopped = tokio::signal::ctrl_c().await;
        registry.shutdown().await;
        stopped.map_err(|source| Failure::Start {
            program: "the wait for Ctrl-C".to_owned(),
            source,
        })
    })
}

/// The runtime that a throw-away registry lives in.
pub(crate) fn runtime() -> Outcome<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|source| Failure::Start {
            program: "the async runtime".to_owned(),
            source,
        })
}
