//! The attestors of a policy by name, some of whose texts expressions give.
//!
//! In: `attestors`, and the environment of the policy. Out: for each name the [`Signers`], read when the policy is loaded
//! where every text is known, else when it is first asked for. A text that an expression gives and that is empty is an
//! error: the field it stands for would no longer demand anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use policy_cel::{Environment, Program, Type, Value};
use policy_types::policies_kyverno_io::image_validating_policy as wire;

use super::signers::{Signers, signers_of};
use crate::compile_error::CompileError;
use crate::expressions::{Output, compile};
use crate::facts::Halt;

/// The attestors of a policy.
#[derive(Debug, Clone, Default)]
pub(super) struct Attestors(BTreeMap<Arc<str>, Attestor>);

/// One attestor.
#[derive(Debug, Clone)]
pub(super) enum Attestor {
    /// Every text is known.
    Ready(Arc<Signers>),
    /// Expressions give some texts.
    Open(Box<OpenAttestor>),
}

/// An attestor with expressions in it.
#[derive(Debug, Clone)]
pub(super) struct OpenAttestor {
    written: wire::Attestor,
    slots: Vec<(Slot, Program)>,
}

/// A text that an expression gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Key,
    Certificate,
    CertificateChain,
    TrustedRoot,
    /// Of the identity at this place.
    Subject(usize),
    NotaryCertificates,
    NotaryTimestampAuthorities,
}

impl Attestors {
    /// Compiles `attestors`.
    ///
    /// # Errors
    /// Every expression that does not compile, and every attestor that can't be honoured.
    pub(super) fn compile(
        written: &[wire::Attestor],
        environment: &Environment,
    ) -> Result<Self, Vec<CompileError>> {
        let mut errors = Vec::new();
        let mut compiled = BTreeMap::new();
        for (index, attestor) in written.iter().enumerate() {
            let under = |error: CompileError| error.under(&format!("attestors[{index}]"));
            match Attestor::compile(attestor, environment) {
                Ok(attestor_compiled) => {
                    compiled.insert(Arc::from(attestor.name.as_str()), attestor_compiled);
                }
                Err(found) => errors.extend(found.into_iter().map(under)),
            }
        }
        if errors.is_empty() {
            Ok(Self(compiled))
        } else {
            Err(errors)
        }
    }

    /// The attestor of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Attestor> {
        self.0.get(name)
    }

    /// The names, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.keys()
    }
}

impl Attestor {
    fn compile(written: &wire::Attestor, environment: &Environment) -> Result<Self, Vec<CompileError>> {
        let expressions = expressions_of(written);
        if expressions.is_empty() {
            return signers_of(written)
                .map(|signers| Self::Ready(Arc::new(signers)))
                .map_err(|error| vec![error]);
        }
        let mut errors = Vec::new();
        let mut slots = Vec::new();
        for (slot, place, expression) in expressions {
            match text_program(expression, environment) {
                Ok(program) => slots.push((slot, program)),
                Err(found) => errors.extend(found.into_iter().map(|error| error.under(&place))),
            }
        }
        // Filled with something, it shows what else can't be honoured.
        let mut rehearsed = written.clone();
        for (slot, _) in &slots {
            fill(&mut rehearsed, *slot, "-----BEGIN REHEARSED-----".to_owned());
        }
        if errors.is_empty() {
            errors.extend(signers_of(&rehearsed).err());
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let written = written.clone();
        Ok(Self::Open(Box::new(OpenAttestor { written, slots })))
    }

    /// Whose signature counts; `evaluate` runs the expressions.
    ///
    /// # Errors
    /// That of an expression, or why what it gave can't be used.
    pub(super) fn signers<'v>(
        &self,
        evaluate: impl Fn(&Program) -> Result<Value<'v>, Halt>,
    ) -> Result<Arc<Signers>, Halt> {
        let open = match self {
            Self::Ready(signers) => return Ok(Arc::clone(signers)),
            Self::Open(open) => open,
        };
        let place = format!("attestor {}", open.written.name);
        let mut filled = open.written.clone();
        for (slot, program) in &open.slots {
            let value = evaluate(program).map_err(|halt| halt.within(&place))?;
            let text = value.as_str().filter(|text| !text.trim().is_empty());
            let Some(text) = text else {
                let shown = if value.as_str().is_some() {
                    "an empty text".to_owned()
                } else {
                    format!("a value of type {}", value.type_name())
                };
                let cause = format!("{place}: `{}` gave {shown}, expected a text", program.text());
                return Err(Halt::Failed(cause));
            };
            fill(&mut filled, *slot, text.to_owned());
        }
        signers_of(&filled)
            .map(Arc::new)
            .map_err(|error| Halt::Failed(format!("{place}: {error}")))
    }
}

/// An expression that gives a text.
fn text_program(expression: &str, environment: &Environment) -> Result<Program, Vec<CompileError>> {
    let program = compile(environment, expression, Output::Any)?;
    let found = program.result_type();
    if matches!(found, Type::String | Type::Dyn | Type::Any) {
        return Ok(program);
    }
    let message = format!("output is expected to be of type string, found {found}");
    Err(vec![CompileError::new("", message)])
}

type Expression<'w> = (Slot, String, &'w str);

fn expressions_of(attestor: &wire::Attestor) -> Vec<Expression<'_>> {
    let mut found = Vec::new();
    let mut add = |slot: Slot, place: &str, expression| {
        found.push((slot, place.to_owned(), expression));
    };
    if let Some(cosign) = &attestor.cosign {
        if let Some(key) = &cosign.key {
            add(Slot::Key, "cosign.key.expression", key.expression.as_str());
        }
        if let Some(certificate) = &cosign.certificate {
            if let Some(cert) = &certificate.cert {
                add(
                    Slot::Certificate,
                    "cosign.certificate.cert.expression",
                    &cert.expression,
                );
            }
            if let Some(chain) = &certificate.cert_chain {
                let place = "cosign.certificate.certChain.expression";
                add(Slot::CertificateChain, place, &chain.expression);
            }
        }
        if let Some(root) = &cosign.trusted_root {
            add(
                Slot::TrustedRoot,
                "cosign.trustedRoot.expression",
                &root.expression,
            );
        }
        for (index, identity) in cosign
            .keyless
            .iter()
            .flat_map(|keyless| &keyless.identities)
            .enumerate()
        {
            let place = format!("cosign.keyless.identities[{index}].subjectExpression");
            add(Slot::Subject(index), &place, &identity.subject_expression);
        }
    }
    if let Some(notary) = &attestor.notary {
        if let Some(certs) = &notary.certs {
            add(
                Slot::NotaryCertificates,
                "notary.certs.expression",
                &certs.expression,
            );
        }
        if let Some(certs) = &notary.tsa_certs {
            let place = "notary.tsaCerts.expression";
            add(Slot::NotaryTimestampAuthorities, place, &certs.expression);
        }
    }
    found.retain(|(_, _, expression)| !expression.is_empty());
    found
}

fn fill(attestor: &mut wire::Attestor, slot: Slot, text: String) {
    let cosign = attestor.cosign.as_mut();
    let notary = attestor.notary.as_mut();
    let target = match slot {
        Slot::Key => cosign
            .and_then(|cosign| cosign.key.as_mut())
            .map(|key| &mut key.data),
        Slot::Certificate => cosign
            .and_then(|cosign| cosign.certificate.as_mut()?.cert.as_mut())
            .map(|cert| &mut cert.value),
        Slot::CertificateChain => cosign
            .and_then(|cosign| cosign.certificate.as_mut()?.cert_chain.as_mut())
            .map(|chain| &mut chain.value),
        Slot::TrustedRoot => cosign
            .and_then(|cosign| cosign.trusted_root.as_mut())
            .map(|root| &mut root.value),
        Slot::Subject(index) => cosign
            .and_then(|cosign| cosign.keyless.as_mut()?.identities.get_mut(index))
            .map(|identity| &mut identity.subject_expression),
        Slot::NotaryCertificates => notary
            .and_then(|notary| notary.certs.as_mut())
            .map(|certs| &mut certs.value),
        Slot::NotaryTimestampAuthorities => notary
            .and_then(|notary| notary.tsa_certs.as_mut())
            .map(|certs| &mut certs.value),
    };
    if let Some(target) = target {
        *target = text;
    }
}
