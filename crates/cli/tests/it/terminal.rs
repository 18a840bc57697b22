//! What stands in for a terminal: a folder of files, and a console that remembers.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use vouchsafe_cli::Console;

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs `vouchsafe` with these arguments.
pub(crate) fn vouchsafe(arguments: &[&str]) -> Said {
    let (out, err) = (Kept::default(), Kept::default());
    let mut console = Console::of(Box::new(out.clone()), Box::new(err.clone()));
    let arguments = ["vouchsafe"].iter().chain(arguments).map(OsString::from);
    let code = vouchsafe_cli::run(arguments, &mut console);
    Said {
        code,
        out: out.text(),
        err: err.text(),
    }
}

#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A folder of files that goes when the test does.
#[derive(Debug)]
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.0.path().join(name), text).unwrap();
        self.path(name)
    }

    /// The path that a file of this name has here.
    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// What a file here holds.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    /// Whether there is a file of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        Path::new(&self.path(name)).exists()
    }
}

/// A Pod of one image.
pub(crate) fn pod(name: &str, image: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: c, image: '{image}'}}]}}\n"
    )
}

/// A ClusterPolicy of one rule over Pods, which generates no rules; `rule` is indented by four spaces.
pub(crate) fn policy(name: &str, action: &str, rule: &str) -> String {
    format!(
        "---\napiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata:\n  name: {name}\n  annotations: \
         {{pod-policies.kyverno.io/autogen-controllers: none}}\nspec:\n  validationFailureAction: {action}\n  rules:\n  - name: r\n    \
         match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n{rule}"
    )
}

/// A rule that refuses every tag but `1`.
pub(crate) const TAG_IS_ONE: &str =
    "    validate:\n      message: only tag 1\n      pattern: {spec: {containers: [{image: '*:1'}]}}\n";
