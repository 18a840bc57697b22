//! A bar for long work, where a person watches.

use indicatif::ProgressBar;

/// Below this many steps the work is over before a bar could be read.
const FEWEST_STEPS: usize = 2_000;

/// A bar, or nothing.
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// A bar of `steps` on standard error; none where nobody watches or the work is short.
    pub(crate) fn of(steps: usize, watched: bool) -> Self {
        let length = u64::try_from(steps).unwrap_or(u64::MAX);
        Self((watched && steps >= FEWEST_STEPS).then(|| ProgressBar::new(length)))
    }

    /// Says that `steps` more are done.
    pub(crate) fn advance(&self, steps: usize) {
        if let Some(bar) = &self.0 {
            bar.inc(u64::try_from(steps).unwrap_or(u64::MAX));
        }
    }

    /// Prints something while the bar stands aside.
    pub(crate) fn aside(&self, print: impl FnOnce()) {
        match &self.0 {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
