//! A Sigstore on loopback: Fulcio, Rekor v2 and a timestamp authority as others made them, without a database; the OIDC
//! issuer and the certificate log are ours. It stops when it is dropped.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rehearsal::authority::{CertificateLog, CertificateLogService, Fulcio, TimestampAuthority};
use rehearsal::oidc::OidcIssuer;
use rehearsal::service::Serving;
use rehearsal::{Algorithm, SigningKey, instant};
use tokio::runtime::Runtime;

use super::super::workshop::Workshop;
use super::super::{parts, port};
use super::workflow::{Workflow, fulcio_configuration};
use crate::failure::{Failure, Outcome};
use crate::images::runtime;
use crate::place;
use crate::program::{Program, Running};

/// Time each program has to listen.
const START: Duration = Duration::from_secs(30);
/// Authorities are valid since then, so that nothing is signed in the second they begin.
const AGE: Duration = Duration::from_secs(24 * 3600);
/// The file with whom to believe, written by cosign.
pub(super) const TRUSTED_ROOT: &str = "trusted-root.json";
/// The file with whom to ask when signing, written by cosign.
pub(super) const SIGNING_CONFIG: &str = "signing-config.json";

/// The programs that others made.
pub(super) struct Programs {
    fulcio: PathBuf,
    rekor: PathBuf,
    timestamps: PathBuf,
}

impl Programs {
    /// Built once, out of the Go module proxy.
    pub(super) fn installed() -> Outcome<Self> {
        let rekor = "github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix";
        let timestamps = "github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server";
        Ok(Self {
            fulcio: parts::sigstore("fulcio", "github.com/sigstore/fulcio", "v1.8.8")?,
            rekor: parts::sigstore("posix", rekor, "v2.3.0")?,
            timestamps: parts::sigstore("timestamp-server", timestamps, "v2.1.3")?,
        })
    }
}

/// The stack, running.
pub(super) struct Stack {
    /// Killed first when dropped.
    _programs: Vec<Running>,
    _services: Vec<Serving>,
    issuer: Arc<OidcIssuer>,
    _runtime: Runtime,
}

/// Where everybody listens.
struct Places {
    fulcio: SocketAddr,
    rekor: SocketAddr,
    timestamps: SocketAddr,
}

impl Stack {
    /// Makes keys and certificates, starts everybody and has cosign write down whom to ask and whom to believe.
    pub(super) fn start(programs: &Programs, workshop: &Workshop) -> Outcome<Self> {
        let since = now() - AGE;
        let log = Arc::new(CertificateLog::new()?);
        place::write(&workshop.file("ct.pub"), &log.key().public_pem())?;
        write_authorities(workshop, since)?;
        let runtime = runtime()?;
        let oidc = port::free()?;
        let issuer = Arc::new(OidcIssuer::new(&format!("http://{oidc}"))?);
        let serve = |address, service| runtime.block_on(Serving::start(address, service));
        let issuing = serve(oidc, Arc::clone(&issuer) as Arc<_>)?;
        let logging = serve(port::free()?, Arc::new(CertificateLogService::new(log, now)))?;
        place::write(&workshop.file("fulcio.yaml"), &fulcio_configuration(issuer.url()))?;
        let places = Places {
            fulcio: port::free()?,
            rekor: port::free()?,
            timestamps: port::free()?,
        };
        let running = vec![
            start_rekor(programs, workshop, places.rekor)?,
            start_timestamps(programs, workshop, places.timestamps)?,
            start_fulcio(programs, workshop, places.fulcio, &logging.url())?,
        ];
        for (name, address) in [
            ("rekor", places.rekor),
            ("timestamp-server", places.timestamps),
            ("fulcio", places.fulcio),
        ] {
            wait(name, address, workshop)?;
        }
        write_trusted_root(workshop, &places, since)?;
        write_signing_config(workshop, &places, since)?;
        Ok(Self {
            _programs: running,
            _services: vec![issuing, logging],
            issuer,
            _runtime: runtime,
        })
    }

    /// The issuer's name, as certificates carry it.
    pub(super) fn issuer(&self) -> &str {
        self.issuer.url()
    }

    /// An identity token for a run of `workflow`.
    pub(super) fn token(&self, workflow: Workflow) -> Outcome<String> {
        Ok(self.issuer.token(&workflow.claims(), now())?)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "certificates of a real Fulcio live ten minutes from now"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

/// Keys and certificates of everybody, as files.
fn write_authorities(workshop: &Workshop, since: SystemTime) -> Outcome {
    let fulcio = Fulcio::new(since)?;
    let chain = fulcio.intermediate().pem() + &fulcio.root().pem();
    place::write(&workshop.file("fulcio-chain.pem"), &chain)?;
    place::write(&workshop.file("fulcio.key"), &fulcio.key().private_pem())?;
    let timestamps = TimestampAuthority::new(since)?;
    place::write(&workshop.file("tsa-chain.pem"), &timestamps.chain_pem())?;
    place::write(&workshop.file("tsa.key"), &timestamps.key().private_pem())?;
    let rekor = SigningKey::generate(Algorithm::Ed25519)?;
    place::write(&workshop.file("rekor.key"), &rekor.private_pem())?;
    place::write(&workshop.file("rekor.pub"), &rekor.public_pem())
}

fn start_rekor(programs: &Programs, workshop: &Workshop, at: SocketAddr) -> Outcome<Running> {
    let (grpc, metrics) = (port::free()?, port::free()?);
    Program::new(&programs.rekor)
        .args([
            "serve",
            "--http-address",
            "127.0.0.1",
            "--grpc-address",
            "127.0.0.1",
        ])
        .args(["--http-port".to_owned(), at.port().to_string()])
        .args(["--grpc-port".to_owned(), grpc.port().to_string()])
        .args(["--http-metrics-port".to_owned(), metrics.port().to_string()])
        // Checkpoints name the log by it, and verifiers hold that to the host of its URL.
        .args(["--hostname", "127.0.0.1", "--checkpoint-interval", "1s"])
        .args(["--storage-dir".as_ref(), workshop.file("rekor").as_os_str()])
        .args([
            "--signer-filepath".as_ref(),
            workshop.file("rekor.key").as_os_str(),
        ])
        .start_logged(&workshop.file("rekor.log"))
}

fn start_timestamps(programs: &Programs, workshop: &Workshop, at: SocketAddr) -> Outcome<Running> {
    let (key, chain) = (workshop.file("tsa.key"), workshop.file("tsa-chain.pem"));
    Program::new(&programs.timestamps)
        .args([
            "serve",
            "--host",
            "127.0.0.1",
            "--scheme",
            "http",
            "--disable-ntp-monitoring",
        ])
        .args(["--port".to_owned(), at.port().to_string()])
        .args(["--timestamp-signer", "file"])
        .args(["--file-signer-key-path".as_ref(), key.as_os_str()])
        .args(["--certificate-chain-path".as_ref(), chain.as_os_str()])
        .start_logged(&workshop.file("timestamp-server.log"))
}

fn start_fulcio(programs: &Programs, workshop: &Workshop, at: SocketAddr, log: &str) -> Outcome<Running> {
    let (grpc, metrics) = (port::free()?, port::free()?);
    let socket = format!("@vouchsafe-fulcio-{}", std::process::id());
    let file = |name: &str| workshop.file(name);
    Program::new(&programs.fulcio)
        .args(["serve", "--host", "127.0.0.1", "--grpc-host", "127.0.0.1"])
        .args(["--port".to_owned(), at.port().to_string()])
        .args(["--grpc-port".to_owned(), grpc.port().to_string()])
        .args(["--metrics-port".to_owned(), metrics.port().to_string()])
        .args(["--legacy-unix-domain-socket", &socket])
        .args(["--ca", "fileca", "--fileca-watch=false"])
        // The key is not encrypted; Fulcio wants a word all the same.
        .args(["--fileca-key-passwd", "none"])
        .args(["--fileca-cert".as_ref(), file("fulcio-chain.pem").as_os_str()])
        .args(["--fileca-key".as_ref(), file("fulcio.key").as_os_str()])
        .args(["--ct-log-url", log])
        .args(["--ct-log-public-key-path".as_ref(), file("ct.pub").as_os_str()])
        .args(["--config-path".as_ref(), file("fulcio.yaml").as_os_str()])
        .start_logged(&file("fulcio.log"))
}

fn wait(name: &str, address: SocketAddr, workshop: &Workshop) -> Outcome {
    let begun = Instant::now();
    while TcpStream::connect(address).is_err() {
        if begun.elapsed() > START {
            let log = place::read(&workshop.file(&format!("{name}.log"))).unwrap_or_default();
            let said = log.lines().last().unwrap_or("nothing");
            return Err(Failure::Found(format!(
                "`{name}` does not answer at {address}; it said: {said}"
            )));
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn write_trusted_root(workshop: &Workshop, places: &Places, since: SystemTime) -> Outcome {
    let start = instant::rfc3339(since)?;
    let file = |name: &str| workshop.file(name).display().to_string();
    let (fulcio, rekor, timestamps) = (places.fulcio, places.rekor, places.timestamps);
    let program = workshop.cosign().args(["trusted-root", "create"]);
    let program = program
        .args([
            "--no-default-fulcio",
            "--no-default-ctfe",
            "--no-default-rekor",
            "--no-default-tsa",
        ])
        .args([
            format!(
                "--fulcio=url=http://{fulcio},certificate-chain={}",
                file("fulcio-chain.pem")
            ),
            format!(
                "--ctfe=url=http://127.0.0.1,public-key={},start-time={start}",
                file("ct.pub")
            ),
            format!(
                "--rekor=url=http://{rekor},public-key={},start-time={start},origin=127.0.0.1",
                file("rekor.pub")
            ),
            format!(
                "--tsa=url=http://{timestamps},certificate-chain={}",
                file("tsa-chain.pem")
            ),
            format!("--out={}", file(TRUSTED_ROOT)),
        ]);
    program.capture()?.expect_success().map(drop)
}

fn write_signing_config(workshop: &Workshop, places: &Places, since: SystemTime) -> Outcome {
    let start = instant::rfc3339(since)?;
    let (fulcio, rekor, timestamps) = (places.fulcio, places.rekor, places.timestamps);
    let program = workshop.cosign().args(["signing-config", "create"]);
    let program = program
        .args(["--no-default-fulcio", "--no-default-rekor", "--no-default-oidc", "--no-default-tsa"])
        .args(["--rekor-config=ANY", "--tsa-config=ANY"])
        .args([
            format!("--fulcio=url=http://{fulcio},api-version=1,start-time={start},operator=rehearsal"),
            format!("--rekor=url=http://{rekor},api-version=2,start-time={start},operator=rehearsal"),
            format!(
                "--tsa=url=http://{timestamps}/api/v1/timestamp,api-version=1,start-time={start},operator=rehearsal"
            ),
            format!("--out={}", workshop.file(SIGNING_CONFIG).display()),
        ]);
    program.capture()?.expect_success().map(drop)
}
