//! Who asks: Pods of images that nobody asked for before and of known ones, in several namespaces, dry and for good.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::law::{Order, Signer, fault};
use super::world::{GOVERNED, World};
use crate::e2e::cluster::gateway::Caller;
use crate::e2e::cluster::pod;
use crate::e2e::cluster::shop::{self, Shop};
use crate::e2e::cluster::verdict::Verdict;
use crate::failure::Outcome;

/// What a caller leaves the machine between two requests.
const PAUSE: Duration = Duration::from_millis(20);
/// Images that a caller asks for again.
const KNOWN_IMAGES: usize = 40;
/// Pods of one caller that exist at the same time.
const LIVING_PODS: usize = 10;
/// Faults that are kept in words.
const MOST_FAULTS: usize = 5;

/// What became of the requests of one caller.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) admitted: usize,
    pub(super) refused: usize,
    /// While the API server was away.
    pub(super) unjudged: usize,
    /// Refused because the registry failed, or at any rate while it did.
    pub(super) during_faults: usize,
    pub(super) images: usize,
    pub(super) wrong: usize,
    /// The first of what was wrong.
    pub(super) faults: Vec<String>,
}

impl Tally {
    /// Adds another caller's.
    pub(super) fn add(&mut self, other: Self) {
        self.admitted += other.admitted;
        self.refused += other.refused;
        self.unjudged += other.unjudged;
        self.during_faults += other.during_faults;
        self.images += other.images;
        self.wrong += other.wrong;
        self.faults.extend(other.faults);
    }
}

/// One who asks.
pub(super) struct Customer<'c> {
    pub(super) caller: Caller,
    pub(super) shop: &'c Shop,
    pub(super) world: &'c World,
    /// Told apart from others by this.
    pub(super) name: String,
    dice: u64,
    asked: u64,
    known: VecDeque<(String, Order)>,
    living: VecDeque<String>,
    tally: Tally,
}

impl<'c> Customer<'c> {
    pub(super) fn new(caller: Caller, shop: &'c Shop, world: &'c World, name: String, seed: u64) -> Self {
        Self {
            caller,
            shop,
            world,
            name,
            dice: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            asked: 0,
            known: VecDeque::new(),
            living: VecDeque::new(),
            tally: Tally::default(),
        }
    }

    /// Asks until it is over; leaves its Pods where they are.
    pub(super) fn ask(mut self, is_over: &AtomicBool) -> Outcome<Tally> {
        while !is_over.load(Ordering::Relaxed) {
            self.ask_once()?;
            thread::sleep(PAUSE);
        }
        Ok(self.tally)
    }

    fn ask_once(&mut self) -> Outcome {
        self.asked += 1;
        let namespace = self.throw(GOVERNED + 1);
        let (tag, mut order) = self.image()?;
        order.is_governed = namespace < GOVERNED;
        order.is_excused = self.throw(5) == 0;
        let prefix = if order.is_excused { "excused" } else { "pod" };
        let name = format!("{prefix}-{}-{}", self.name, self.asked);
        let mut pod = pod::of(&name_of(namespace), &name, &shop::image(&tag));
        if let Some(metadata) = pod.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("labels".to_owned(), json!({"signer": order.signer.label()}));
        }
        let is_dry = self.throw(8) > 0;
        let collection = format!("/api/v1/namespaces/{}/pods", name_of(namespace));
        let path = if is_dry {
            format!("{collection}?dryRun=All")
        } else {
            collection.clone()
        };
        let begun = self.world.moment(namespace);
        let answer = self.caller.create(&path, &pod);
        let under = begun.until(self.world.moment(namespace));
        let verdict = Verdict::of(answer);
        if let Some(fault) = fault(&order, &under, &verdict) {
            self.tally.wrong += 1;
            if self.tally.faults.len() < MOST_FAULTS {
                self.tally.faults.push(fault);
            }
        }
        match verdict {
            Verdict::Admitted(_) => {
                self.tally.admitted += 1;
                if !is_dry {
                    self.living.push_back(format!("{collection}/{name}"));
                }
            }
            Verdict::Refused(_) if under.registry_failed => self.tally.during_faults += 1,
            Verdict::Refused(_) => self.tally.refused += 1,
            Verdict::Unjudged(_) => self.tally.unjudged += 1,
        }
        self.bury();
        Ok(())
    }

    /// Takes the oldest Pod away where there are too many; one that can't be taken away now is tried again.
    fn bury(&mut self) {
        if self.living.len() > LIVING_PODS
            && let Some(path) = self.living.pop_front()
            && !self.caller.delete(&path).is_ok_and(|answer| answer.status < 500)
        {
            self.living.push_back(path);
        }
    }

    /// An image, new or known; its namespace and name come later.
    fn image(&mut self) -> Outcome<(String, Order)> {
        let order = |signer, digest| Order {
            signer,
            digest,
            is_excused: false,
            is_governed: false,
        };
        if self.throw(20) == 0 {
            return Ok((
                format!("absent-{}", self.asked),
                order(Signer::Absent, String::new()),
            ));
        }
        let place = self.throw(KNOWN_IMAGES * 2);
        if let Some(known) = self.known.get(place) {
            return Ok(known.clone());
        }
        let tag = format!("soak-{}-{}", self.name, self.asked);
        let signer = match self.throw(4) {
            0 => Signer::Nobody,
            1 => Signer::Stranger,
            _ => Signer::Ours,
        };
        match signer {
            Signer::Ours => drop(self.shop.push_signed(&tag)?),
            Signer::Stranger => drop(self.shop.push_strange(&tag)?),
            Signer::Nobody | Signer::Absent => {}
        }
        let made = (tag.clone(), order(signer, self.shop.digest(&tag)?));
        self.tally.images += 1;
        self.known.push_back(made.clone());
        if self.known.len() > KNOWN_IMAGES {
            self.known.pop_front();
        }
        Ok(made)
    }

    /// A number below `sides`; the same in every run (xorshift, Marsaglia 2003).
    fn throw(&mut self, sides: usize) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        usize::try_from(self.dice >> 33).unwrap_or(0) % sides.max(1)
    }
}

/// The name of a namespace of the soak.
pub(super) fn name_of(namespace: usize) -> String {
    format!("soak-{namespace}")
}
