//! From a decision to the answer on the wire.
//!
//! A denial ends, unless that is not wanted, with a line that names its explanation: a comment of YAML, so that who reads Kyverno's text as YAML reads the
//! same. The audit log has the id under `WEBHOOK/explain`.
//!
//! The shape is Kyverno's, to the field: `status` with `Failure` and the denial, without a code (the API server then says
//! 400); `warnings`; for the mutating call a JSON patch in base64. Annotations that claim an image was verified are not
//! written: nothing may rely on them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use policy_engine::Decision;
use policy_engine::decision::shortened;
use policy_engine::request::Stage;
use serde::Serialize;
use serde_json::Value;

use crate::explanations::ExplanationId;
use crate::limits::MOST_DENIAL_TEXT_BYTES;

/// What is answered to one review.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Answer {
    /// Why the request is denied; none where it is admitted.
    pub(crate) denial: Option<String>,
    /// What its explanation is asked for by.
    pub(crate) explanation: Option<ExplanationId>,
    /// Whether the message is left as it is, without the line that names the explanation.
    pub(crate) is_plain: bool,
    /// Sentences for the requester.
    pub(crate) warnings: Vec<String>,
    /// JSON patch to apply; empty for none.
    pub(crate) patch: Vec<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: Response<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    audit_annotations: Option<AuditAnnotations>,
}

#[derive(Serialize)]
struct AuditAnnotations {
    explain: String,
}

#[derive(Serialize)]
struct Status<'a> {
    status: &'static str,
    message: &'a str,
}

impl Answer {
    /// The answer that `decision` makes to the call of `stage`: only the mutating call may change the object.
    pub(crate) fn of(decision: &Decision, stage: Stage) -> Self {
        let denial = decision.denial();
        let may_patch = denial.is_none() && stage != Stage::Validate;
        Self {
            warnings: decision.warnings(),
            patch: if may_patch {
                decision.patch.clone()
            } else {
                Vec::new()
            },
            denial,
            ..Self::default()
        }
    }

    /// A denial of what could not be judged.
    pub(crate) fn denied(reason: impl Into<String>) -> Self {
        Self {
            denial: Some(reason.into()),
            ..Self::default()
        }
    }

    /// Whether the request is admitted.
    pub(crate) fn is_allowed(&self) -> bool {
        self.denial.is_none()
    }

    /// Why the request is denied, within [`MOST_DENIAL_TEXT_BYTES`], and how to see more.
    fn message(&self) -> Option<String> {
        let denial = self.denial.clone()?;
        let Some(id) = self.explanation.filter(|_| !self.is_plain) else {
            return Some(shortened(denial, MOST_DENIAL_TEXT_BYTES));
        };
        let line = format!("# why: vouchsafe explain {id}\n");
        let room = MOST_DENIAL_TEXT_BYTES
            .saturating_sub(line.len())
            .saturating_sub(1);
        let denial = shortened(denial, room);
        let end = if denial.ends_with('\n') { "" } else { "\n" };
        Some(format!("{denial}{end}{line}"))
    }

    /// The body of the HTTP response to the request with `uid`.
    ///
    /// # Errors
    /// [`serde_json::Error`], never in practice: every part is text.
    pub(crate) fn to_body(&self, uid: &str) -> Result<Bytes, serde_json::Error> {
        let patch = match self.patch.as_slice() {
            [] => None,
            patch => Some(STANDARD.encode(serde_json::to_vec(patch)?)),
        };
        let message = self.message();
        let review = Review {
            api_version: "admission.k8s.io/v1",
            kind: "AdmissionReview",
            response: Response {
                uid,
                allowed: self.is_allowed(),
                status: message.as_deref().map(|message| Status {
                    status: "Failure",
                    message,
                }),
                patch_type: patch.as_ref().map(|_| "JSONPatch"),
                patch,
                warnings: &self.warnings,
                audit_annotations: self.explanation.map(|id| AuditAnnotations {
                    explain: id.to_string(),
                }),
            },
        };
        serde_json::to_vec(&review).map(Bytes::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explanations::Explanations;
    use policy_engine::decision::MOST_DENIAL_BYTES;
    use serde_json::json;

    fn written(answer: &Answer) -> Value {
        serde_json::from_slice(&answer.to_body("u").unwrap()).unwrap()
    }

    #[test]
    fn an_admission_says_nothing_more() {
        let expected = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "response": {"uid": "u", "allowed": true}});
        assert_eq!(written(&Answer::default()), expected);
    }

    #[test]
    fn a_denial_carries_status_and_message_and_no_code() {
        let response = written(&Answer::denied("because"))["response"].clone();
        let expected =
            json!({"uid": "u", "allowed": false, "status": {"status": "Failure", "message": "because"}});
        assert_eq!(response, expected);
    }

    #[test]
    fn a_denial_stays_within_its_limit_and_ends_with_the_id_of_its_explanation() {
        let id = Explanations::new().new_id().unwrap();
        for denial in [
            "because".to_owned(),
            "because\n".to_owned(),
            "é".repeat(MOST_DENIAL_TEXT_BYTES),
        ] {
            let answer = Answer {
                explanation: Some(id),
                ..Answer::denied(denial.clone())
            };
            let response = written(&answer)["response"].clone();
            let message = response["status"]["message"].as_str().unwrap();
            assert!(message.len() <= MOST_DENIAL_TEXT_BYTES, "{}", message.len());
            assert!(
                message.ends_with(&format!("\n# why: vouchsafe explain {id}\n")),
                "{message}"
            );
            let is_whole = message.starts_with(denial.as_str());
            assert_eq!(is_whole, denial.len() < 100);
            assert!(is_whole || message.contains("…\n#"), "{message}");
            assert_eq!(response["auditAnnotations"], json!({"explain": id.to_string()}));
        }
        let bare = written(&Answer::denied("é".repeat(MOST_DENIAL_TEXT_BYTES)));
        let message = bare["response"]["status"]["message"].as_str().unwrap();
        assert!(message.len() <= MOST_DENIAL_TEXT_BYTES && message.ends_with('…'));
    }

    /// Room for the line that names the explanation is left where the denial is written.
    #[test]
    fn no_denial_of_policies_is_cut_a_second_time() {
        let line = "# why: vouchsafe explain \n".len() + ExplanationId::LETTERS;
        assert!(MOST_DENIAL_BYTES + 1 + line <= MOST_DENIAL_TEXT_BYTES);
    }

    #[test]
    fn a_patch_is_base64_of_a_json_patch() {
        let patch = vec![json!({"op": "replace", "path": "/a", "value": 1})];
        let response = written(&Answer {
            patch: patch.clone(),
            ..Answer::default()
        })["response"]
            .clone();
        assert_eq!(response["patchType"], "JSONPatch");
        let decoded = STANDARD.decode(response["patch"].as_str().unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<Vec<Value>>(&decoded).unwrap(), patch);
    }
}
