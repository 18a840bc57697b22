//! `attestors` of an `ImageValidatingPolicy`: whose signature is accepted.

use manifest::FieldPath;
use policy_types::policies_kyverno_io::image_validating_policy::{
    Attestor, Certificate, Cosign, Identity, Keyless,
};

use super::wide_names::{Demand, of_regex, unanchored};
use crate::code::LintCode;
use crate::expressions::{Expression, ExpressionSource};
use crate::finding::Report;
use crate::source::spec;

/// Variables in which stands what whoever asks has written.
const OF_REQUEST: [&str; 3] = ["object", "oldObject", "request"];

/// Looks at every attestor.
pub(crate) fn check(source: &ExpressionSource<'_>, report: &mut Report<'_>) {
    let Some(images) = &source.images else {
        return;
    };
    let path = spec().key("attestors");
    for (index, attestor) in images.attestors.iter().enumerate() {
        check_attestor(attestor, &path.index(index), report);
    }
    for expression in source.expressions.iter().filter(|one| is_of_attestors(&one.path)) {
        check_expression(source, expression, report);
    }
}

fn check_attestor(attestor: &Attestor, path: &FieldPath, report: &mut Report<'_>) {
    let Some(cosign) = &attestor.cosign else {
        return;
    };
    let path = path.key("cosign");
    if let Some(keyless) = &cosign.keyless {
        for (index, identity) in keyless.identities.iter().enumerate() {
            let path = path.key("keyless").key("identities").index(index);
            check_identity(identity, keyless, &path, report);
        }
    }
    if let Some(certificate) = &cosign.certificate {
        check_certificate(certificate, &path.key("certificate"), report);
    }
    check_logs(cosign, &path.key("ctlog"), report);
}

fn check_identity(identity: &Identity, keyless: &Keyless, path: &FieldPath, report: &mut Report<'_>) {
    let is_open = |exact: &str, regexp: &str| {
        exact.is_empty() && (regexp.is_empty() || of_regex(regexp) == Demand::Nothing)
    };
    let open_subject = is_open(&identity.subject, &identity.subject_regexp)
        && identity.subject_expression.is_empty()
        && keyless.additional_extensions.is_empty();
    let open_issuer = is_open(&identity.issuer, &identity.issuer_regexp) && keyless.roots.is_empty();
    let open = match (open_subject, open_issuer) {
        (true, true) => "neither subject nor issuer is demanded: any identity satisfies this attestor",
        (true, false) => "no subject is demanded: any identity of the issuer satisfies this attestor",
        (false, true) => "no issuer is demanded: any issuer may vouch for the subject",
        (false, false) => "",
    };
    if !open.is_empty() {
        report.add(LintCode::OpenIdentity, path, open);
    }
    for (field, exact) in [("subject", &identity.subject), ("issuer", &identity.issuer)] {
        if exact.contains('*') {
            let message =
                "names are compared exactly: the wildcard stands for itself, and no identity has it";
            let pattern = regex_syntax::escape(exact).replace(r"\*", "[^/]*");
            report.replace(
                LintCode::LiteralWildcard,
                &path.key(field),
                message,
                format!("{field}RegExp: ^{pattern}$"),
            );
        }
    }
    for (field, regexp) in [
        ("subjectRegExp", &identity.subject_regexp),
        ("issuerRegExp", &identity.issuer_regexp),
    ] {
        check_regexp(field, regexp, path, report);
    }
}

fn check_regexp(field: &'static str, regexp: &str, path: &FieldPath, report: &mut Report<'_>) {
    if regexp.is_empty() {
        return;
    }
    if let Demand::Strangers(who) = of_regex(regexp) {
        let message = format!("the expression stands for {who} as well");
        report.add(LintCode::WideIdentity, &path.key(field), message);
    }
    if let Some(instead) = unanchored(regexp) {
        let message =
            "the expression also matches inside longer names, as neither Kyverno nor Vouchsafe anchors it";
        report.replace(
            LintCode::UnanchoredRegex,
            &path.key(field),
            message,
            format!("{field}: {instead}"),
        );
    }
}

fn check_certificate(certificate: &Certificate, path: &FieldPath, report: &mut Report<'_>) {
    if certificate.cert.is_none() && certificate.cert_chain.is_some() {
        let message =
            "without `cert` every certificate of this authority is accepted, whoever it was issued to";
        report.add(LintCode::WholeAuthority, &path.key("certChain"), message);
    }
}

/// Logs that are waived. A key has no certificate, so for it `insecureIgnoreSCT` waives nothing.
fn check_logs(cosign: &Cosign, path: &FieldPath, report: &mut Report<'_>) {
    let Some(logs) = &cosign.ctlog else {
        return;
    };
    let has_certificates = cosign.keyless.is_some() || cosign.certificate.is_some();
    if logs.insecure_ignore_tlog {
        let message = if has_certificates {
            "signatures that no log has recorded are accepted: nothing proves that the certificate was valid when it signed"
        } else {
            "signatures that no log has recorded are accepted: nobody sees it if the key is used by others"
        };
        report.add(LintCode::LogWaived, &path.key("insecureIgnoreTlog"), message);
    }
    if logs.insecure_ignore_sct && has_certificates {
        let message = "certificates that no log has recorded are accepted: nobody sees it if the authority issues them to others";
        report.add(LintCode::LogWaived, &path.key("insecureIgnoreSCT"), message);
    }
}

/// What an attestor demands must not come from whoever is to be held to it.
fn check_expression(source: &ExpressionSource<'_>, expression: &Expression<'_>, report: &mut Report<'_>) {
    let of_request = |expression: &Expression<'_>| {
        let read = OF_REQUEST
            .into_iter()
            .find(|variable| expression.uses(variable))?;
        // Namespace and user are facts of the API server; whatever else is read beside them is not.
        let packed = expression.packed();
        let others = packed
            .replace("request.namespace", "")
            .replace("request.userInfo", "");
        // A text may hold the word; as a variable it is read of, or passed on.
        let is_read = [".", "[", ")", "]", "}", ",", "?"]
            .into_iter()
            .any(|next| others.contains(&format!("request{next}")));
        let is_fact = read == "request" && !is_read && !others.ends_with("request");
        (!is_fact).then_some(read)
    };
    let through_variables = source.expressions.iter().find_map(|variable| {
        let name = variable_name(source, &variable.path)?;
        let is_used =
            expression.uses("variables") && expression.packed().contains(&format!("variables.{name}"));
        is_used.then(|| of_request(variable)).flatten()
    });
    if let Some(read) = of_request(expression).or(through_variables) {
        let message = format!(
            "whose signature is demanded is read from `{read}`: whoever writes the object chooses who must have signed it"
        );
        report.add(LintCode::SignerFromRequest, &expression.path, message);
    }
}

/// The name of the variable whose expression stands at `path`.
fn variable_name(source: &ExpressionSource<'_>, path: &FieldPath) -> Option<String> {
    let variables = spec().key("variables");
    let index = (0..source.listed("/variables").len())
        .find(|index| variables.index(*index).key("expression") == *path)?;
    let name = source.listed("/variables").get(index)?.get("name")?.as_str()?;
    Some(name.to_owned())
}

/// Whether the field belongs to an attestor.
fn is_of_attestors(path: &FieldPath) -> bool {
    path.to_string().starts_with("spec.attestors[")
}
