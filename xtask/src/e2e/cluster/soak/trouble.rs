//! What goes wrong and what changes while Pods are asked for: one thing after the other, told to the world before and after.

use std::thread;
use std::time::{Duration, Instant};

use rehearsal::registry::{Fault, Misbehaviour, Target};

use super::law::{self, Law, Signer};
use super::load::name_of;
use super::world::{GOVERNED, Part, World};
use crate::e2e::cluster::admit_scenarios::SIGNED_EVERYWHERE;
use crate::e2e::cluster::control_plane::ControlPlane;
use crate::e2e::cluster::shop::Shop;
use crate::e2e::cluster::town::with_key;
use crate::failure::Outcome;

/// How long a fault lasts.
const FAULT: Duration = Duration::from_secs(3);
/// When a registry that works again must be asked again: what it made us wait for is over.
const RECOVERY: Duration = Duration::from_secs(4);
/// When an edit must be in force: a second, and what a busy machine takes.
const IN_FORCE: Duration = Duration::from_secs(3);
/// When watches must be there again after a restart of the API server.
const WATCHED_AGAIN: Duration = Duration::from_secs(15);
/// Time between two of these.
const CALM: Duration = Duration::from_secs(2);

enum Trouble {
    Registry(Misbehaviour),
    Edit,
    RestartApiServer,
}

/// Who makes it: owns what the customers only ask.
pub(super) struct Troublemaker<'t> {
    pub(super) plane: &'t mut ControlPlane,
    pub(super) shop: &'t Shop,
    pub(super) world: &'t World,
    edits: usize,
}

impl<'t> Troublemaker<'t> {
    pub(super) fn new(plane: &'t mut ControlPlane, shop: &'t Shop, world: &'t World) -> Self {
        Self {
            plane,
            shop,
            world,
            edits: 0,
        }
    }

    /// One after the other, until it is time.
    pub(super) fn until(&mut self, end: Instant) -> Outcome {
        loop {
            for trouble in troubles() {
                if Instant::now() >= end {
                    return Ok(());
                }
                self.make(trouble)?;
                thread::sleep(CALM);
            }
        }
    }

    fn make(&mut self, trouble: Trouble) -> Outcome {
        match trouble {
            Trouble::Registry(misbehaviour) => {
                self.world.turn(Part::Registry);
                let registry = self.shop.registry();
                registry.misbehave(Fault::new(Target::Everything, misbehaviour));
                thread::sleep(FAULT);
                registry.behave();
                // Nobody reads the log here, and it would grow.
                drop(registry.take_requests());
                thread::sleep(RECOVERY);
                self.world.turn(Part::Registry);
            }
            Trouble::Edit => {
                let namespace = self.edits % GOVERNED;
                self.edits += 1;
                let next = law::at(self.world.law(namespace) + 1);
                self.world.turn(Part::Law(namespace));
                proclaim(self.plane, self.shop, namespace, next)?;
                thread::sleep(IN_FORCE);
                self.world.turn(Part::Law(namespace));
            }
            Trouble::RestartApiServer => {
                self.world.turn(Part::Server);
                self.plane.stop_api_server();
                self.plane.start_api_server()?;
                thread::sleep(WATCHED_AGAIN);
                self.world.turn(Part::Server);
            }
        }
        Ok(())
    }
}

fn troubles() -> [Trouble; 12] {
    let too_many = |retry_after: &str| Misbehaviour::TooManyRequests {
        retry_after: Some(retry_after.to_owned()),
    };
    [
        Trouble::Edit,
        Trouble::Registry(too_many("1")),
        Trouble::Edit,
        Trouble::Registry(Misbehaviour::Status(503)),
        Trouble::Edit,
        Trouble::Registry(Misbehaviour::Stall),
        Trouble::RestartApiServer,
        Trouble::Edit,
        Trouble::Registry(Misbehaviour::HangUp),
        Trouble::Edit,
        Trouble::Registry(Misbehaviour::StallBody),
        Trouble::Registry(Misbehaviour::Delay(Duration::from_millis(300))),
    ]
}

/// Makes `law` the law of a namespace.
pub(super) fn proclaim(plane: &ControlPlane, shop: &Shop, namespace: usize, law: Law) -> Outcome {
    let name = name_of(namespace);
    let key = match law.trusts {
        Signer::Stranger => &shop.strangers_key,
        Signer::Ours | Signer::Nobody | Signer::Absent => &shop.key,
    };
    let policy = SIGNED_EVERYWHERE
        .replace("signed-everywhere", &name)
        .replace("NAMESPACE", &name);
    plane.admin().apply(&with_key(&policy, key))?;
    if law.excuses {
        return plane.admin().apply(&EXCEPTION.replace("NAMESPACE", &name));
    }
    let all = ["delete", "polex", "--all", "--namespace", &name];
    plane.admin().run(all).map(drop)
}

const EXCEPTION: &str = "apiVersion: kyverno.io/v2
kind: PolicyException
metadata: {name: excused, namespace: NAMESPACE}
spec:
  exceptions: [{policyName: NAMESPACE, ruleNames: [signed]}]
  match: {any: [{resources: {kinds: [Pod], namespaces: [NAMESPACE], names: ['excused-*']}}]}
";
