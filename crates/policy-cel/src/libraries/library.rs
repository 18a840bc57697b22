//! The libraries by name, and what each switches on.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "most libraries switch on functions and nothing else"
)]

use super::contexts::Receiver;
use super::{
    authorizer, certificates, documents, encoders, facts, format, formats, gzip, images, kubernetes_lists,
    kyverno, lists, math, network, optionals, quantities, random, regexes, resources, strings, urls,
    versions,
};
use crate::declaration::{Declared, Surcharge};
use crate::declarations::Declarations;
use crate::parser::Macros;
use crate::types::{ObjectType, Type};

/// A function library
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Library {
    /// Optional values: `.?`, `[?]`, `optional.of`, `orValue`, `optMap`, …
    Optionals,
    /// `.orValue()` on what is no optional gives the value itself (Kyverno's `ValidatingPolicy`; its `ImageValidatingPolicy` refuses)
    TolerantOrValue,
    /// `cel.bind`
    Bindings,
    /// Macros of two variables: `all(k, v, …)`, `transformMap`, …
    TwoVariables,
    /// `base64.…`
    Encoders,
    /// `slice`, `flatten`, `sort`, `distinct`, …
    Lists,
    /// `math.…`
    Math,
    /// `sets.…`
    Sets,
    /// Strings, version 2, as Kubernetes and Kyverno have it
    Strings,
    /// Strings as cel-spec has it today
    StringsLatest,
    /// `regex.…`
    Regex,
    /// `cel.block` and its kin, which cel-go's optimiser writes; for conformance tests
    Blocks,
    /// `isSorted`, `sum`, `min`, `max`, `indexOf`, `lastIndexOf`
    KubernetesLists,
    /// `includes`, of Kubernetes 1.37
    KubernetesIncludes,
    /// `find`, `findAll`
    KubernetesRegex,
    /// `quantity(…)`
    Quantity,
    /// `semver(…)`
    Semver,
    /// `ip(…)`, `cidr(…)`
    Network,
    /// `url(…)`
    Urls,
    /// `format.dns1123Label()`, …
    Formats,
    /// What can be asked of an authorizer
    Authorization,
    /// The variables `authorizer` and `authorizer.requestResource`; the activation gives the latter ([`crate::resource_check`])
    Authorizer,
    /// Kyverno's `resource`, with namespaces
    Resource,
    /// Kyverno's `resource` in namespaced policies, without
    NamespacedResource,
    /// Kyverno's `http`
    Http,
    /// Kyverno's `globalContext`
    GlobalContext,
    /// Kyverno's `image.getMetadata`
    ImageData,
    /// Kyverno's `verifyImageSignatures`, `extractPayload`, …
    ImageVerification,
    /// Kyverno's `parseImageReference`
    Image,
    /// Kyverno's `json`
    Json,
    /// Kyverno's `yaml`
    Yaml,
    /// Kyverno's `md5`, `sha1`, `sha256`
    Hash,
    /// Kyverno's `math.round` to decimals
    MathRound,
    /// Kyverno's `parseServiceAccount`
    User,
    /// Kyverno's `time`
    Time,
    /// Kyverno's `listObjToMap`
    Transform,
    /// Kyverno's `random`
    Random,
    /// Kyverno's `gzip`
    Gzip,
    /// Kyverno's `x509.decode`
    Certificates,
}

impl Library {
    pub(crate) fn install(self, declarations: &mut Declarations, macros: &mut Macros) {
        self.switch(macros);
        for table in self.tables() {
            declarations.declare_functions(table, self.surcharge());
        }
        for (name, of) in self.types() {
            declarations.declare_type(name, of);
        }
        if let Some(receiver) = self.receiver() {
            declarations.declare_constant(receiver.variable(), receiver.of(), receiver.value());
        }
        match self {
            Self::User => {
                let fields = ["Name", "Namespace"].map(|field| (field.into(), Type::String));
                let fields = fields.into_iter().collect();
                declarations.declare_object(ObjectType {
                    name: "user.ServiceAccount".into(),
                    fields,
                    wraps: None,
                });
            }
            Self::Authorizer => {
                let (of, value) = authorizer::authorizer();
                declarations.declare_constant("authorizer", of, value);
                declarations.declare_variable(
                    "authorizer.requestResource",
                    authorizer::resource_check_type(),
                    false,
                );
            }
            _ => {}
        }
    }

    fn switch(self, macros: &mut Macros) {
        match self {
            Self::Optionals => macros.optionals = true,
            Self::TolerantOrValue => macros.tolerant_or_value = true,
            Self::Bindings => macros.bindings = true,
            Self::TwoVariables => macros.two_variables = true,
            Self::Lists => macros.lists = true,
            Self::Math => macros.math = true,
            Self::Blocks => macros.blocks = true,
            _ => {}
        }
    }

    fn tables(self) -> &'static [&'static [Declared]] {
        match self {
            Self::Bindings | Self::TwoVariables | Self::Blocks | Self::Authorizer => &[],
            Self::Optionals => &[optionals::FUNCTIONS],
            Self::TolerantOrValue => &[optionals::TOLERANT],
            Self::Encoders => &[encoders::FUNCTIONS],
            Self::Lists => lists::FUNCTIONS,
            Self::Math => math::FUNCTIONS,
            Self::Sets => &[lists::SETS],
            Self::Strings => &[strings::FUNCTIONS, format::LITERAL],
            Self::StringsLatest => &[strings::FUNCTIONS, strings::REVERSE, format::PLAIN],
            Self::Regex => &[regexes::FUNCTIONS],
            Self::KubernetesLists => kubernetes_lists::FUNCTIONS,
            Self::KubernetesIncludes => &[kubernetes_lists::INCLUDES],
            Self::KubernetesRegex => &[regexes::KUBERNETES],
            Self::Quantity => &[quantities::FUNCTIONS],
            Self::Semver => &[versions::FUNCTIONS],
            Self::Network => &[network::FUNCTIONS],
            Self::Urls => &[urls::FUNCTIONS],
            Self::Formats => &[formats::FUNCTIONS],
            Self::Authorization => &[authorizer::FUNCTIONS],
            Self::Resource => const { &[resources::CLUSTER.as_flattened()] },
            Self::NamespacedResource => const { &[resources::NAMESPACED.as_flattened()] },
            Self::Http => &[facts::HTTP],
            Self::GlobalContext => &[facts::GLOBAL_CONTEXT],
            Self::ImageData => &[facts::IMAGE_DATA],
            Self::ImageVerification => &[facts::IMAGE_VERIFICATION],
            Self::Image => &[images::FUNCTIONS],
            Self::Json => &[documents::JSON],
            Self::Yaml => &[documents::YAML],
            Self::Hash => &[kyverno::HASH],
            Self::MathRound => &[math::KYVERNO],
            Self::User => &[kyverno::USER],
            Self::Time => &[kyverno::TIME],
            Self::Transform => &[kyverno::TRANSFORM],
            Self::Random => &[random::FUNCTIONS],
            Self::Gzip => &[gzip::FUNCTIONS],
            Self::Certificates => &[certificates::FUNCTIONS],
        }
    }

    /// What a call takes from the allowance of the request, beyond its cost: a unit for each eight nanoseconds that cel-go's count leaves out
    /// (`cargo bench -p vouchsafe-policy-cel --bench hostile`)
    fn surcharge(self) -> Surcharge {
        let (per_call, per_cost) = match self {
            Self::Optionals | Self::TolerantOrValue => (5, 0),
            Self::Math | Self::MathRound => (10, 0),
            Self::Bindings | Self::TwoVariables | Self::Blocks => (0, 0),
            Self::Authorization | Self::Authorizer => (20, 0),
            Self::Encoders | Self::Quantity | Self::Semver | Self::Network | Self::User => (14, 1),
            Self::Sets | Self::Hash => (36, 1),
            Self::Lists => (40, 1),
            Self::KubernetesLists | Self::KubernetesIncludes | Self::Image | Self::Time => (20, 1),
            Self::Strings | Self::StringsLatest => (25, 3),
            Self::Regex | Self::KubernetesRegex => (20, 1),
            Self::Urls => (40, 2),
            Self::Formats => (30, 4),
            Self::Transform => (60, 5),
            Self::Random => (180, 0),
            Self::Json => (90, 50),
            Self::Yaml => (120, 75),
            Self::Gzip => (1_200, 1),
            Self::Certificates => (1_000, 20),
            Self::Resource
            | Self::NamespacedResource
            | Self::Http
            | Self::GlobalContext
            | Self::ImageData
            | Self::ImageVerification => (60, 0),
        };
        Surcharge::new(per_call, per_cost)
    }

    /// Types that become values: name and what they name
    fn types(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Optionals => &[("optional_type", "optional(dyn)")],
            Self::Quantity => &[("kubernetes.Quantity", "kubernetes.Quantity")],
            Self::Semver => &[("kubernetes.Semver", "kubernetes.Semver")],
            Self::Network => &[("net.IP", "net.IP"), ("net.CIDR", "net.CIDR")],
            Self::Urls => &[("kubernetes.URL", "kubernetes.URL")],
            _ => &[],
        }
    }

    /// The object that the library's functions are called on
    fn receiver(self) -> Option<Receiver> {
        match self {
            Self::Resource | Self::NamespacedResource => Some(Receiver::Resource),
            Self::Http => Some(Receiver::Http {
                ca_bundle: String::new(),
            }),
            Self::GlobalContext => Some(Receiver::GlobalContext),
            Self::ImageData => Some(Receiver::ImageData),
            Self::Json => Some(Receiver::Json),
            Self::Yaml => Some(Receiver::Yaml),
            _ => None,
        }
    }
}
