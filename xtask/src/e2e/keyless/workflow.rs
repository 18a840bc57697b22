//! CI workflows as GitHub describes them in identity tokens, and as Fulcio writes them into certificates.

use serde_json::{Map, Value, json};

/// A workflow of a repository, run on a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Workflow {
    /// `owner/name`
    pub(super) repository: &'static str,
    /// File name below `.github/workflows`.
    pub(super) file: &'static str,
    /// The branch.
    pub(super) branch: &'static str,
}

/// The workflow that policies name.
pub(super) const RELEASE: Workflow = Workflow {
    repository: "acme/shop",
    file: "release.yml",
    branch: "main",
};

/// The same file in a fork: everything alike but whose it is.
pub(super) const FORK: Workflow = Workflow {
    repository: "mallory/shop",
    ..RELEASE
};

/// The commit that every run is of.
const COMMIT: &str = "1f0c2b7d9f6c44e1a7c5f3b2d8e9a0b1c2d3e4f5";

impl Workflow {
    /// The name in the certificate: `https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main`.
    pub(super) fn identity(self) -> String {
        format!("https://github.com/{}", self.reference())
    }

    /// The claims of a run's token; names are GitHub's.
    pub(super) fn claims(self) -> Map<String, Value> {
        let owner = self.repository.split('/').next().unwrap_or_default();
        let branch = format!("refs/heads/{}", self.branch);
        let claims = json!({
            "sub": format!("repo:{}:ref:{branch}", self.repository),
            "event_name": "push",
            "sha": COMMIT,
            "ref": branch,
            "workflow": "release",
            "repository": self.repository,
            "repository_id": "1001",
            "repository_owner": owner,
            "repository_owner_id": "7",
            "repository_visibility": "public",
            "job_workflow_ref": self.reference(),
            "job_workflow_sha": COMMIT,
            "workflow_ref": self.reference(),
            "workflow_sha": COMMIT,
            "runner_environment": "github-hosted",
            "run_id": "42",
            "run_attempt": "1",
        });
        claims.as_object().cloned().unwrap_or_default()
    }

    fn reference(self) -> String {
        let Self {
            repository,
            file,
            branch,
        } = self;
        format!("{repository}/.github/workflows/{file}@refs/heads/{branch}")
    }
}

/// What Fulcio is told of the issuer: how its claims become a certificate's names and extensions.
pub(super) fn fulcio_configuration(issuer: &str) -> String {
    format!(
        r#"oidc-issuers:
  {issuer}:
    issuer-url: {issuer}
    client-id: sigstore
    type: ci-provider
    ci-provider: github-workflow
    contact: nobody@example.com
    description: rehearsal
ci-issuer-metadata:
  github-workflow:
    default-template-values: {{url: "https://github.com"}}
    extension-templates:
      github-workflow-trigger: event_name
      github-workflow-sha: sha
      github-workflow-name: workflow
      github-workflow-repository: repository
      github-workflow-ref: ref
      build-signer-uri: "{{{{ .url }}}}/{{{{ .job_workflow_ref }}}}"
      build-signer-digest: job_workflow_sha
      runner-environment: runner_environment
      source-repository-uri: "{{{{ .url }}}}/{{{{ .repository }}}}"
      source-repository-digest: sha
      source-repository-ref: ref
      source-repository-identifier: repository_id
      source-repository-owner-uri: "{{{{ .url }}}}/{{{{ .repository_owner }}}}"
      source-repository-owner-identifier: repository_owner_id
      build-config-uri: "{{{{ .url }}}}/{{{{ .workflow_ref }}}}"
      build-config-digest: workflow_sha
      build-trigger: event_name
      run-invocation-uri: "{{{{ .url }}}}/{{{{ .repository }}}}/actions/runs/{{{{ .run_id }}}}/attempts/{{{{ .run_attempt }}}}"
      source-repository-visibility-at-signing: repository_visibility
    subject-alternative-name-template: "{{{{ .url }}}}/{{{{ .job_workflow_ref }}}}"
"#
    )
}
