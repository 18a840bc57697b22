//! Kyverno's `x509.decode`: a certificate or request in PEM, as the JSON that Go makes of it.
//!
//! Kyverno decodes certificates for CEL and for JMESPath with one piece of code, and so do we. Nothing is verified.
//! Source: Kyverno 1.19 `sdk/extensions/cel/libs/x509`.

use std::sync::LazyLock;

use jmespath::{Environment, Expression, Limits, Term};

use super::arguments::string;
use crate::declaration::{Declared, walking};
use crate::error::EvalError;
use crate::value::Value;

/// Bytes that a byte of PEM becomes, as JSON values
const BYTES_PER_BYTE: usize = 16;

static DECODE: LazyLock<Option<Expression>> = LazyLock::new(|| Expression::compile("x509_decode(@)").ok());

pub(crate) const FUNCTIONS: &[Declared] = &[walking("x509.decode", "(string) -> dyn", |context, a| {
    let pem = string(a, 0)?;
    context.meter.allocate(pem.len().saturating_mul(BYTES_PER_BYTE))?;
    let failed = |why: String| EvalError::failed(why);
    let expression = DECODE
        .as_ref()
        .ok_or_else(|| failed(String::from("certificates cannot be decoded here")))?;
    let environment = Environment::at(jiff::Timestamp::UNIX_EPOCH, 0);
    let document = Term::from_owned(serde_json::Value::String(pem.to_owned()));
    let decoded = expression.evaluate(document, &environment, Limits::default());
    let decoded = decoded.map_err(|error| failed(error.to_string()))?;
    let json = decoded.to_json().map_err(|error| failed(error.to_string()))?;
    Ok(Value::from_decoded(json))
})];
