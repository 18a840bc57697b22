//! Three replicas that scan, and what they say of it.

use std::thread;
use std::time::{Duration, Instant};

use crate::e2e::cluster::controller::Controller;
use crate::e2e::cluster::process::{Held, held};
use crate::e2e::cluster::town::Town;
use crate::e2e::port;
use crate::failure::{Failure, Outcome};
use crate::place;

/// Longest wait for a scan, longer than it may take.
const PATIENCE: Duration = Duration::from_secs(3_600);
const PAUSE: Duration = Duration::from_millis(500);

/// The replicas.
pub(super) struct Fleet(Vec<Controller>);

impl Fleet {
    /// Starts them, under names that no earlier fleet had.
    pub(super) fn start(town: &Town, generation: &str) -> Outcome<Self> {
        let further = [("scan-interval", "12h"), ("log-level", "info")];
        let start = |number: usize| {
            let address = match number {
                0 => town.webhook(),
                _ => port::free()?,
            };
            Controller::start_with(town, &format!("{generation}-{number}"), address, &further)
        };
        (0..3).map(start).collect::<Outcome<_>>().map(Self)
    }

    /// Waits until the replicas together have scanned `objects`, each as one of three; gives how long that took.
    pub(super) fn until_scanned(&self, objects: usize) -> Outcome<Duration> {
        let begun = Instant::now();
        loop {
            if self.scanned()? >= objects {
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > PATIENCE {
                return Err(Failure::Found(format!(
                    "{} of {objects} objects are scanned",
                    self.scanned()?
                )));
            }
            thread::sleep(PAUSE);
        }
    }

    /// What the processes hold.
    pub(super) fn held(&self) -> Outcome<Vec<Held>> {
        self.0.iter().map(|replica| held(replica.process()?)).collect()
    }

    /// Objects of the rounds that were done since the scan was last shared anew, of all replicas.
    fn scanned(&self) -> Outcome<usize> {
        let mut objects = 0;
        for replica in &self.0 {
            let log = place::read(replica.log())?;
            let shared = log
                .rsplit_once("the scan is shared anew")
                .map_or("", |(_, since)| since);
            if !shared.contains("replicas=3") {
                return Ok(0);
            }
            let round = shared
                .rsplit_once("scanned what runs")
                .map_or("", |(_, said)| said);
            objects += number(round, "objects=");
        }
        Ok(objects)
    }
}

fn number(said: &str, name: &str) -> usize {
    let behind = said.split_once(name).map_or("", |(_, behind)| behind);
    let digits: String = behind.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}
