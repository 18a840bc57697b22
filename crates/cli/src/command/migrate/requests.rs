//! What both kinds are asked: resources as they are created, and reviews as an API server sent them.

use std::sync::Arc;

use policy_engine::Request;
use policy_engine::request::{Origin, Stage};

use super::Arguments;
use crate::input::{self, FileCluster, InputError};

/// Requests, each with a name for people.
pub(super) struct Asked {
    pub(super) requests: Vec<Request>,
    pub(super) shown: Vec<String>,
    pub(super) cluster: FileCluster,
}

impl Asked {
    /// Reads what `arguments` name.
    ///
    /// # Errors
    /// [`InputError`] where a file can't be read, or is no review.
    pub(super) fn read(arguments: &Arguments, at_ns: i128) -> Result<Self, InputError> {
        let stored = input::load_stored(&arguments.resources)?;
        let mut cluster = FileCluster::default();
        cluster.add_secrets(&stored);
        let mut asked = Self {
            requests: Vec::new(),
            shown: Vec::new(),
            cluster,
        };
        for resource in stored.iter().map(|stored| stored.resource()) {
            asked.shown.push(resource.shown());
            let request = Request::from_object(Arc::clone(&resource.object), Origin::CommandLine, at_ns);
            asked.requests.push(request);
        }
        for path in &arguments.reviews {
            for file in input::files_of(path, false)? {
                let bytes = input::read_file(&file)?;
                let request = Request::from_admission_review(&bytes, Stage::Whole, at_ns)
                    .map_err(|error| InputError::Malformed(format!("`{file}`: {error}")))?;
                asked.shown.push(file);
                asked.requests.push(request);
            }
        }
        Ok(asked)
    }
}
