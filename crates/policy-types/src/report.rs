//! The list in which faults are gathered while one document is checked.

use std::sync::Arc;

use manifest::{Document, FieldPath, Place, Places};

use crate::fault::{Fault, FaultCode};

/// Faults kept for one document, in number; the rest would say nothing new.
pub(crate) const MAX_FAULTS_PER_DOCUMENT: usize = 100;

/// Gathers the faults and warnings of one document, each with its place.
#[derive(Debug)]
pub(crate) struct Report {
    source: Arc<str>,
    places: Option<Places>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) warnings: Vec<Fault>,
}

impl Report {
    pub(crate) fn new(document: &Document) -> Self {
        let places = (!document.places.text().is_empty()).then(|| document.places.clone());
        Self {
            source: Arc::clone(&document.source),
            places,
            faults: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// A value breaks a rule between fields. What is already at fault is not told of twice.
    pub(crate) fn invalid(&mut self, path: &FieldPath, message: impl Into<String>) {
        if self
            .faults
            .iter()
            .any(|fault| fault.path == *path && fault.code != FaultCode::Invalid)
        {
            return;
        }
        self.fault(path, FaultCode::Invalid, message.into(), None);
    }

    /// The value at `path` is at fault.
    pub(crate) fn fault(
        &mut self,
        path: &FieldPath,
        code: FaultCode,
        message: String,
        nearest: Option<String>,
    ) {
        let place = self.places.as_ref().map(|places| places.of(path));
        self.keep(place, path, code, message, nearest);
    }

    /// The key at the end of `path` is at fault.
    pub(crate) fn key_fault(
        &mut self,
        path: &FieldPath,
        code: FaultCode,
        message: String,
        nearest: Option<String>,
    ) {
        let place = self.places.as_ref().map(|places| places.of_key(path));
        self.keep(place, path, code, message, nearest);
    }

    /// The author may want to know.
    pub(crate) fn warn(&mut self, path: &FieldPath, message: impl Into<String>) {
        let place = self.places.as_ref().map(|places| places.of_key(path));
        let warning = self.new_fault(place, path, FaultCode::Doubtful, message.into(), None);
        if self.warnings.len() < MAX_FAULTS_PER_DOCUMENT && !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    fn keep(
        &mut self,
        place: Option<Place>,
        path: &FieldPath,
        code: FaultCode,
        message: String,
        nearest: Option<String>,
    ) {
        let fault = self.new_fault(place, path, code, message, nearest);
        if self.faults.len() < MAX_FAULTS_PER_DOCUMENT {
            self.faults.push(fault);
        }
    }

    fn new_fault(
        &self,
        place: Option<Place>,
        path: &FieldPath,
        code: FaultCode,
        message: String,
        nearest: Option<String>,
    ) -> Fault {
        Fault {
            source: Arc::clone(&self.source),
            place,
            path: path.clone(),
            code,
            message,
            nearest,
        }
    }
}
