//! What a task tells the person who started it. The only place of this crate that prints.

use std::time::Duration;

/// One line on standard output.
#[expect(clippy::print_stdout, reason = "a task's report is its output")]
pub(crate) fn say(line: impl AsRef<str>) {
    println!("{}", line.as_ref());
}

/// One line on standard error.
#[expect(
    clippy::print_stderr,
    reason = "a task's failure must be seen where its output is piped away"
)]
pub(crate) fn complain(line: impl AsRef<str>) {
    eprintln!("{}", line.as_ref());
}

/// Seconds with one decimal.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
