//! The authority of a throw-away cluster: certificates of its server and its users, the key of its service accounts.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::failure::{Failure, Outcome};
use crate::place;

/// The files of the authority, in one folder.
pub(super) struct Certificates {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Certificates {
    /// Makes the authority, the API server's certificate and the key of service accounts in `folder`.
    pub(super) fn make(folder: &Path) -> Outcome<Self> {
        let key = KeyPair::generate().map_err(|cause| unmade(&cause))?;
        let mut authority = named("vouchsafe-e2e", None, &[])?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = authority.self_signed(&key).map_err(|cause| unmade(&cause))?;
        place::write(&folder.join("ca.crt"), &certificate.pem())?;
        let certificates = Self {
            folder: folder.to_owned(),
            issuer: Issuer::new(authority, key),
        };
        let names = ["127.0.0.1", "localhost", "kubernetes.default.svc", "10.0.0.1"];
        certificates.sign("server", named("kube-apiserver", None, &names)?)?;
        let accounts = KeyPair::generate().map_err(|cause| unmade(&cause))?;
        place::write(&folder.join("accounts.key"), &accounts.serialize_pem())?;
        place::write(&folder.join("accounts.pub"), &accounts.public_key_pem())?;
        Ok(certificates)
    }

    /// A kubeconfig at `NAME.kubeconfig` for the user `name` of the group `group`, who calls `server`.
    pub(super) fn user(&self, name: &str, group: Option<&str>, server: &str) -> Outcome<PathBuf> {
        self.sign(name, named(name, group, &[])?)?;
        let path = self.file(&format!("{name}.kubeconfig"));
        let proof = format!(
            "client-certificate: '{}', client-key: '{}'",
            self.file(&format!("{name}.crt")).display(),
            self.file(&format!("{name}.key")).display()
        );
        place::write(&path, &self.kubeconfig(server, &proof))?;
        Ok(path)
    }

    /// A kubeconfig at `NAME.kubeconfig` for whom the API server knows by `token`.
    pub(super) fn bearer(&self, name: &str, token: &str, server: &str) -> Outcome<PathBuf> {
        let path = self.file(&format!("{name}.kubeconfig"));
        place::write(&path, &self.kubeconfig(server, &format!("token: '{token}'")))?;
        Ok(path)
    }

    /// A file of the folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn kubeconfig(&self, server: &str, proof: &str) -> String {
        format!(
            "apiVersion: v1
kind: Config
clusters: [{{name: e2e, cluster: {{server: '{server}', certificate-authority: '{}'}}}}]
users: [{{name: e2e, user: {{{proof}}}}}]
contexts: [{{name: e2e, context: {{cluster: e2e, user: e2e}}}}]
current-context: e2e
",
            self.file("ca.crt").display()
        )
    }

    fn sign(&self, name: &str, mut params: CertificateParams) -> Outcome {
        let key = KeyPair::generate().map_err(|cause| unmade(&cause))?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let certificate = params
            .signed_by(&key, &self.issuer)
            .map_err(|cause| unmade(&cause))?;
        place::write(&self.file(&format!("{name}.crt")), &certificate.pem())?;
        place::write(&self.file(&format!("{name}.key")), &key.serialize_pem())
    }
}

fn named(name: &str, group: Option<&str>, hosts: &[&str]) -> Outcome<CertificateParams> {
    let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
    let mut params = CertificateParams::new(hosts).map_err(|cause| unmade(&cause))?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    if let Some(group) = group {
        params.distinguished_name.push(DnType::OrganizationName, group);
    }
    Ok(params)
}

fn unmade(cause: &rcgen::Error) -> Failure {
    Failure::Found(format!("a certificate can't be made: {cause}"))
}
