//! Threads that serve connections, each with a runtime of its own.
//!
//! In: work for one connection. Out: nothing; the work ends by itself, or when the lanes are dropped. A connection stays on
//! the thread it was given to. While a body is read, the task of a connection wakes itself; a runtime that shares its tasks
//! answers each such wake by waking a second thread, which finds nothing to do: a third of the CPU time of a small review.

use std::future::Future;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::limits::MOST_LANES;

/// As many threads as there are cores.
#[derive(Debug)]
pub(crate) struct Lanes(Vec<Lane>);

#[derive(Debug)]
struct Lane {
    runtime: Handle,
    connections: Arc<AtomicUsize>,
    /// The thread ends when this is dropped.
    _running: oneshot::Sender<()>,
}

impl Lanes {
    /// Starts the threads.
    ///
    /// # Errors
    /// Where the system gives no thread or no event queue.
    pub(crate) fn start() -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let lanes = (0..cores.min(MOST_LANES)).map(|_| Lane::start());
        lanes.collect::<io::Result<Vec<Lane>>>().map(Self)
    }

    /// Does `work` on the thread that has the fewest connections.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let quietest = self
            .0
            .iter()
            .min_by_key(|lane| lane.connections.load(Ordering::Relaxed));
        if let Some(lane) = quietest {
            let seat = Seat::take(&lane.connections);
            lane.runtime.spawn(async move {
                let _seat = seat;
                work.await;
            });
        }
    }
}

impl Lane {
    fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (running, stopped) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("connections".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    // Never sent; it ends when the sender is dropped.
                    drop(stopped.await);
                });
            })?;
        Ok(Self {
            runtime: handle,
            connections: Arc::default(),
            _running: running,
        })
    }
}

/// Counts one connection of a lane for as long as it lives.
struct Seat(Arc<AtomicUsize>);

impl Seat {
    fn take(connections: &Arc<AtomicUsize>) -> Self {
        connections.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(connections))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn work_is_spread_over_all_threads_and_dropped_with_them() {
        let lanes = Lanes::start().unwrap();
        let (told, threads) = mpsc::channel();
        let (held, ended) = mpsc::channel::<()>();
        for _ in 0..lanes.0.len() {
            let (told, held) = (told.clone(), held.clone());
            lanes.spawn(async move {
                told.send(thread::current().id()).unwrap();
                std::future::pending::<()>().await;
                drop(held);
            });
        }
        drop(held);
        let wait = Duration::from_secs(30);
        let seen: BTreeSet<String> = (0..lanes.0.len())
            .map(|_| format!("{:?}", threads.recv_timeout(wait).unwrap()))
            .collect();
        assert_eq!(seen.len(), lanes.0.len());
        drop(lanes);
        assert_eq!(
            ended.recv_timeout(wait),
            Err(mpsc::RecvTimeoutError::Disconnected)
        );
    }
}
