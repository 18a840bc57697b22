//! A future that wakes itself is polled again at once, on the thread that it has.
//!
//! In: a future, as that of a connection: its service waits for the body, and the same future reads that from the socket
//! and wakes the service, that is itself. Out: the same, without the runtime's part in it. The runtime would put the task
//! at the end of a queue and wake another thread to look after that queue, once for each review: more than what judging a
//! small one takes.

use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// How often a future is polled again at once before others have their turn.
const MOST_POLLS_AT_ONCE: usize = 8;

/// Nobody polls: who wakes, wakes the task.
const RESTING: u8 = 0;
/// It is being polled, and was not woken since that began.
const POLLED: u8 = 1;
/// It is being polled, and was woken meanwhile.
const WOKEN: u8 = 2;

/// Polls a future again at once where it was woken while it was polled.
pub(crate) struct SelfWakes<F> {
    future: Pin<Box<F>>,
    alarm: Arc<Alarm>,
}

/// What the future is given to be woken with.
struct Alarm {
    state: AtomicU8,
    task: Mutex<Waker>,
}

impl<F: Future> SelfWakes<F> {
    pub(crate) fn of(future: F) -> Self {
        Self {
            future: Box::pin(future),
            alarm: Arc::new(Alarm {
                state: AtomicU8::new(RESTING),
                task: Mutex::new(Waker::noop().clone()),
            }),
        }
    }
}

impl<F: Future> Future for SelfWakes<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        this.alarm.belongs_to(context.waker());
        let waker = Waker::from(Arc::clone(&this.alarm));
        for _ in 0..MOST_POLLS_AT_ONCE {
            this.alarm.state.store(POLLED, Ordering::SeqCst);
            if let Poll::Ready(output) = this.future.as_mut().poll(&mut Context::from_waker(&waker)) {
                this.alarm.state.store(RESTING, Ordering::SeqCst);
                return Poll::Ready(output);
            }
            // Whoever woke it before this saw that it was polled; whoever does so after it wakes the task.
            if this.alarm.state.swap(RESTING, Ordering::SeqCst) == POLLED {
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Alarm {
    fn belongs_to(&self, task: &Waker) {
        let mut own = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !own.will_wake(task) {
            own.clone_from(task);
        }
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let polled = self
            .state
            .compare_exchange(POLLED, WOKEN, Ordering::SeqCst, Ordering::SeqCst);
        // Woken already while it is polled: that poll will be followed by another.
        if matches!(polled, Ok(_) | Err(WOKEN)) {
            return;
        }
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
        task.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Counted(AtomicUsize);

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Polls once a future that wakes itself so often; how often its task was woken, how often the future was polled, and
    /// whether it is at its end.
    fn polled_once(times: usize) -> (usize, usize, bool) {
        let task = Arc::new(Counted::default());
        let mut polls = 0;
        let mut future = SelfWakes::of(poll_fn(|context| {
            polls += 1;
            if polls > times {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            context.waker().wake_by_ref();
            Poll::Pending
        }));
        let waker = Waker::from(Arc::clone(&task));
        let is_ready = Pin::new(&mut future)
            .poll(&mut Context::from_waker(&waker))
            .is_ready();
        drop(future);
        (task.0.load(Ordering::SeqCst), polls, is_ready)
    }

    #[test]
    fn what_wakes_itself_is_polled_again_without_its_task_being_woken() {
        assert_eq!(polled_once(3), (0, 4, true));
    }

    #[test]
    fn what_wakes_itself_without_end_lets_others_have_their_turn() {
        assert_eq!(polled_once(1_000), (1, MOST_POLLS_AT_ONCE, false));
    }

    #[test]
    fn who_wakes_it_while_nobody_polls_it_wakes_its_task() {
        let task = Arc::new(Counted::default());
        let kept = Mutex::new(None);
        let mut future = SelfWakes::of(poll_fn(|context| {
            *kept.lock().unwrap() = Some(context.waker().clone());
            Poll::<()>::Pending
        }));
        let waker = Waker::from(Arc::clone(&task));
        assert!(
            Pin::new(&mut future)
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        assert_eq!(task.0.load(Ordering::SeqCst), 0);
        let kept = kept.lock().unwrap().take().unwrap();
        kept.wake();
        assert_eq!(task.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn no_wake_is_lost_however_it_falls_between_polls() {
        for _ in 0..50 {
            let rounds = Arc::new(AtomicUsize::new(0));
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            let (sender, mut receiver) = tokio::sync::mpsc::channel::<usize>(1);
            let counted = Arc::clone(&rounds);
            let reading = runtime.spawn(SelfWakes::of(async move {
                while receiver.recv().await.is_some() {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
            }));
            runtime.block_on(async move {
                for number in 0..50 {
                    sender.send(number).await.unwrap();
                }
                drop(sender);
                let limit = std::time::Duration::from_secs(20);
                tokio::time::timeout(limit, reading)
                    .await
                    .expect("it was never woken")
                    .unwrap();
            });
            assert_eq!(rounds.load(Ordering::SeqCst), 50);
        }
    }
}
