//! Kyverno's `http`, `globalContext`, `image.getMetadata`, and the functions that verify images: all of them facts.
//!
//! Sources: Kyverno 1.19 `sdk/extensions/cel/libs/{http,globalcontext,imagedata}`, `pkg/cel/libs/imageverify`.

use super::arguments::{list, map, opaque, string, value};
use super::contexts::Receiver;
use super::resources::strings;
use crate::context::Context;
use crate::declaration::{Declared, function};
use crate::error::EvalError;
use crate::host::Question;
use crate::value::{List, Value};

type Result<T> = std::result::Result<T, EvalError>;

pub(crate) const HTTP: &[Declared] = &[
    function("get", "http.Context.(string) -> any", |context, a| {
        http(context, a, None, None)
    }),
    function("Get", "http.Context.(string) -> any", |context, a| {
        http(context, a, None, None)
    }),
    function(
        "get",
        "http.Context.(string, map(string, string)) -> any",
        |context, a| http(context, a, None, Some(2)),
    ),
    function(
        "Get",
        "http.Context.(string, map(string, string)) -> any",
        |context, a| http(context, a, None, Some(2)),
    ),
    function("post", "http.Context.(string, any) -> any", |context, a| {
        http(context, a, Some(2), None)
    }),
    function("Post", "http.Context.(string, any) -> any", |context, a| {
        http(context, a, Some(2), None)
    }),
    function(
        "post",
        "http.Context.(string, any, map(string, string)) -> any",
        |context, a| http(context, a, Some(2), Some(3)),
    ),
    function(
        "Post",
        "http.Context.(string, any, map(string, string)) -> any",
        |context, a| http(context, a, Some(2), Some(3)),
    ),
    function("client", "http.Context.(string) -> http.Context", client),
    function("Client", "http.Context.(string) -> http.Context", client),
];

pub(crate) const GLOBAL_CONTEXT: &[Declared] = &[
    function("get", "globalcontext.Context.(string) -> dyn", |context, a| {
        global_context(context, string(a, 1)?, "")
    }),
    function("Get", "globalcontext.Context.(string) -> dyn", |context, a| {
        global_context(context, string(a, 1)?, "")
    }),
    function(
        "get",
        "globalcontext.Context.(string, string) -> dyn",
        |context, a| global_context(context, string(a, 1)?, string(a, 2)?),
    ),
    function(
        "Get",
        "globalcontext.Context.(string, string) -> dyn",
        |context, a| global_context(context, string(a, 1)?, string(a, 2)?),
    ),
];

pub(crate) const IMAGE_DATA: &[Declared] = &[
    function(
        "getMetadata",
        "imagedata.Context.(string) -> dyn",
        |context, a| context.ask(&Question::ImageMetadata { image: string(a, 1)? }),
    ),
    function(
        "GetMetadata",
        "imagedata.Context.(string) -> dyn",
        |context, a| context.ask(&Question::ImageMetadata { image: string(a, 1)? }),
    ),
];

pub(crate) const IMAGE_VERIFICATION: &[Declared] = &[
    function(
        "verifyImageSignatures",
        "(string, list(dyn)) -> int",
        |context, a| {
            let attestors = attestors(list(a, 1)?)?;
            context.ask(&Question::VerifyImageSignatures {
                image: string(a, 0)?,
                attestors,
            })
        },
    ),
    function(
        "verifyAttestationSignatures",
        "(string, string, list(dyn)) -> int",
        |context, a| {
            let attestors = attestors(list(a, 2)?)?;
            let (image, attestation) = (string(a, 0)?, string(a, 1)?);
            context.ask(&Question::VerifyAttestationSignatures {
                image,
                attestation,
                attestors,
            })
        },
    ),
    function("extractPayload", "(string, string) -> dyn", |context, a| {
        context.ask(&Question::ExtractPayload {
            image: string(a, 0)?,
            attestation: string(a, 1)?,
        })
    }),
    function("getImageData", "(string) -> dyn", |context, a| {
        context.ask(&Question::ImageData { image: string(a, 0)? })
    }),
];

fn http<'v>(
    context: &mut Context<'_, 'v>,
    arguments: &[Value<'v>],
    body: Option<usize>,
    headers: Option<usize>,
) -> Result<Value<'v>> {
    let Receiver::Http { ca_bundle } = opaque::<Receiver>(arguments, 0)? else {
        return Err(EvalError::no_such_overload());
    };
    let body = match body {
        Some(index) => {
            let body = value(arguments, index)?;
            context.write_out(body, 1)?;
            Some(body.to_json()?)
        }
        None => None,
    };
    let headers = headers
        .map(|index| map(arguments, index).and_then(strings))
        .transpose()?
        .unwrap_or_default();
    context.ask(&Question::Http {
        url: string(arguments, 1)?,
        body,
        headers,
        ca_bundle,
    })
}

fn client<'v>(_: &mut Context<'_, 'v>, arguments: &[Value<'v>]) -> Result<Value<'v>> {
    Ok(Value::opaque(Receiver::Http {
        ca_bundle: string(arguments, 1)?.to_owned(),
    }))
}

fn global_context<'v>(context: &mut Context<'_, 'v>, name: &str, projection: &str) -> Result<Value<'v>> {
    context.ask(&Question::GlobalContext { name, projection })
}

/// The names of attestors: each is the object that `attestors.x` gives, or its name
fn attestors(list: &List<'_>) -> Result<Vec<String>> {
    let name = |attestor: Value<'_>| {
        let name = if let Value::Map(map) = &attestor {
            map.field("name")
        } else {
            Some(attestor)
        };
        let name = name.as_ref().and_then(Value::as_str).map(str::to_owned);
        name.ok_or_else(|| EvalError::failed("an attestor is neither a name nor an object with one"))
    };
    list.iter().map(name).collect()
}
