//! Where everything is printed: nothing else writes to standard output or standard error.

use std::io::{self, IsTerminal, Write};

/// Standard output and standard error, or what stands in for them in tests.
pub struct Console {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    is_terminal: bool,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console")
            .field("is_terminal", &self.is_terminal)
            .finish_non_exhaustive()
    }
}

impl Console {
    /// The process's own, colours only on a terminal.
    #[must_use]
    pub fn standard() -> Self {
        let is_terminal = io::stdout().is_terminal();
        Self {
            out: Box::new(anstream::stdout()),
            err: Box::new(anstream::stderr()),
            is_terminal,
        }
    }

    /// A console that writes elsewhere, never coloured.
    #[must_use]
    pub fn of(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
        Self {
            out,
            err,
            is_terminal: false,
        }
    }

    /// Whether a person watches: colours and progress make sense.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Prints `text` as it is. A reader that went away (`| head`) is no error.
    pub fn print(&mut self, text: &str) {
        drop(self.out.write_all(text.as_bytes()));
    }

    /// Prints one line.
    pub fn line(&mut self, text: &str) {
        self.print(text);
        self.print("\n");
    }

    /// Prints one line for people, on standard error.
    pub fn note(&mut self, text: &str) {
        drop(self.err.write_all(text.as_bytes()));
        drop(self.err.write_all(b"\n"));
    }

    /// Sees to it that everything has been written.
    pub fn flush(&mut self) {
        drop(self.out.flush());
        drop(self.err.flush());
    }
}
