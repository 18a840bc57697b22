//! Runs other programs: shown, timed, and stopped at the first that fails.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome};
use crate::report::{say, seconds};

/// A program and its arguments.
pub(crate) struct Program {
    command: Command,
    shown: String,
}

impl Program {
    pub(crate) fn new(name: impl AsRef<OsStr>) -> Self {
        let shown = name.as_ref().to_string_lossy().into_owned();
        let mut command = Command::new(name);
        command.stdin(Stdio::null());
        Self { command, shown }
    }

    /// The cargo that runs this task.
    pub(crate) fn cargo() -> Self {
        let mut program = Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        program.shown = "cargo".to_owned();
        // Set by the cargo that started this task, for this task's own package.
        program
            .command
            .env_remove("CARGO_MANIFEST_DIR")
            .env_remove("CARGO_PKG_NAME");
        program.command.current_dir(crate::place::root());
        program
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        for argument in arguments {
            self.shown.push(' ');
            self.shown.push_str(&argument.as_ref().to_string_lossy());
            self.command.arg(argument);
        }
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Runs it with its output shown; its failure is ours.
    pub(crate) fn run(mut self) -> Outcome {
        let status = self.command.status().map_err(|source| self.unstartable(source))?;
        if status.success() {
            return Ok(());
        }
        Err(Failure::Program {
            command: self.shown,
            status: status.to_string(),
        })
    }

    /// Runs it and hands back exit code, standard output and standard error, whatever they are.
    pub(crate) fn capture(mut self) -> Outcome<Captured> {
        let output = self.command.output().map_err(|source| self.unstartable(source))?;
        Ok(Captured {
            command: self.shown,
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Starts it and lets it run; it is killed when the handle is dropped.
    pub(crate) fn start(mut self) -> Outcome<Running> {
        self.command.stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Running(
            self.command.spawn().map_err(|source| self.unstartable(source))?,
        ))
    }

    /// Starts it and lets it run, with all that it says written to the file `log`; it is killed when the handle is dropped.
    pub(crate) fn start_logged(mut self, log: &Path) -> Outcome<Running> {
        let unwritable = |source| Failure::File {
            path: log.to_owned(),
            source,
        };
        let out = File::create(log).map_err(unwritable)?;
        let err = out.try_clone().map_err(unwritable)?;
        self.command.stdout(out).stderr(err);
        Ok(Running(
            self.command.spawn().map_err(|source| self.unstartable(source))?,
        ))
    }

    fn unstartable(&self, source: std::io::Error) -> Failure {
        let program = self.command.get_program().to_string_lossy().into_owned();
        Failure::Start { program, source }
    }
}

/// What a program that has ended left.
pub(crate) struct Captured {
    /// The command line.
    pub(crate) command: String,
    /// Exit code; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Captured {
    pub(crate) fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    /// The captured output, or a failure that shows the end of standard error.
    pub(crate) fn expect_success(self) -> Outcome<Self> {
        if self.succeeded() {
            return Ok(self);
        }
        let said = self.stderr.lines().rev().take(5).collect::<Vec<_>>();
        let said = said.into_iter().rev().collect::<Vec<_>>().join("\n");
        let status = format!("exit code {:?}\n{said}", self.code);
        Err(Failure::Program {
            command: self.command,
            status,
        })
    }
}

/// A program that runs beside us.
pub(crate) struct Running(std::process::Child);

impl Running {
    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// `true` where it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    /// Asks it to end, as a kubelet does, and waits at most `patience`; gives its exit code, none where a signal ended it.
    pub(crate) fn end(mut self, patience: Duration) -> Outcome<Option<i32>> {
        let id = self.id().to_string();
        Program::new("kill")
            .args(["-TERM", &id])
            .capture()?
            .expect_success()?;
        let begun = Instant::now();
        while begun.elapsed() < patience {
            if let Ok(Some(status)) = self.0.try_wait() {
                return Ok(status.code());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(Failure::Found(format!(
            "process {id} goes on {} s after it was asked to end",
            patience.as_secs()
        )))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill and nothing to say.
        if self.0.kill().is_ok() {
            drop(self.0.wait());
        }
    }
}

/// Does one step under its name and says how long it took.
pub(crate) fn step(name: &str, work: impl FnOnce() -> Outcome) -> Outcome {
    say(format!("▸ {name}"));
    let start = Instant::now();
    let outcome = work();
    let took = seconds(start.elapsed());
    match &outcome {
        Ok(()) => say(format!("✓ {name} in {took}")),
        Err(_) => say(format!("✗ {name} after {took}")),
    }
    outcome
}
