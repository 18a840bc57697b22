//! The profile of `~/.aws` that this process uses: `credentials` and `config`, as the SDKs read them.
//!
//! In: `AWS_PROFILE`, `AWS_SHARED_CREDENTIALS_FILE`, `AWS_CONFIG_FILE`, `HOME`. Out: the profile's settings, those of
//! `credentials` before those of `config`. Never: a file that nobody named and is not there taken for an error; a setting
//! that sends elsewhere for credentials (single sign-on, a program, another profile) passed over in silence.
//!
//! Source: docs.aws.amazon.com/sdkref, "Format of the shared config and credentials files".

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::environment::Environment;
use crate::files;

/// Largest file of profiles, in bytes.
const MOST_FILE_BYTES: usize = 256 * 1024;
/// The profile of those who name none.
const DEFAULT: &str = "default";

/// One profile.
#[derive(Clone)]
pub(crate) struct Profile {
    name: String,
    settings: BTreeMap<String, String>,
}

impl Profile {
    /// The profile of this environment; none where none is named and there is none called `default`.
    ///
    /// # Errors
    /// A sentence, where a file can't be read or the profile that is named is in neither.
    pub(crate) async fn of(environment: &Environment) -> Result<Option<Self>, String> {
        let named = environment.first(&["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]);
        let name = named.unwrap_or(DEFAULT);
        let file = |variable: &str, usual: &str| {
            let told = environment.get(variable).map(PathBuf::from);
            told.or_else(|| environment.in_home(usual))
        };
        let credentials = sections(file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")).await?;
        let config = sections(file("AWS_CONFIG_FILE", ".aws/config")).await?;
        let in_config = config
            .into_iter()
            .find(|(section, _)| is_called(section, name))
            .map(|(_, settings)| settings);
        let in_credentials = credentials
            .into_iter()
            .find(|(section, _)| section == name)
            .map(|(_, settings)| settings);
        match (in_config, in_credentials) {
            (None, None) if named.is_some() => Err(format!(
                "AWS profile `{name}` is in neither `~/.aws/config` nor `~/.aws/credentials`"
            )),
            (None, None) => Ok(None),
            (config, credentials) => {
                let mut settings = config.unwrap_or_default();
                settings.extend(credentials.unwrap_or_default());
                let name = name.to_owned();
                Ok(Some(Self { name, settings }))
            }
        }
    }

    /// What the profile says about `setting`; the empty value is none.
    pub(crate) fn get(&self, setting: &str) -> Option<&str> {
        let value = self.settings.get(setting).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    /// What the profile must say.
    ///
    /// # Errors
    /// A sentence, where it does not.
    pub(crate) fn demand(&self, setting: &str) -> Result<&str, String> {
        self.get(setting)
            .ok_or_else(|| format!("AWS profile `{}` holds no `{setting}`", self.name))
    }

    /// A sentence about a profile that gets its credentials in a way that is not followed here, also beside keys: those
    /// would be another identity than the one that is meant. Only a program is never run where there are keys, as the SDKs
    /// of Go, Java and Python have it.
    pub(crate) fn unsupported(&self) -> Option<String> {
        let says = |setting: &str| self.get(setting).is_some();
        let has_keys = says("aws_access_key_id");
        let has_web_identity = says("web_identity_token_file");
        let ways = [
            ("source_profile", true),
            ("credential_source", true),
            ("sso_session", true),
            ("sso_start_url", true),
            ("credential_process", !has_keys),
            // By a web identity a role is taken on; by keys it would have to be asked for with them.
            ("role_arn", has_keys || !has_web_identity),
        ];
        let (way, _) = ways.into_iter().find(|(way, counts)| *counts && says(way))?;
        let name = &self.name;
        Some(format!(
            "AWS profile `{name}`: `{way}` is not supported: expected aws_access_key_id alone, or web_identity_token_file with role_arn"
        ))
    }
}

/// Whether a section of `config` is the profile: `[default]`, `[profile name]`.
fn is_called(section: &str, name: &str) -> bool {
    let profile = section
        .strip_prefix("profile")
        .filter(|rest| rest.starts_with([' ', '\t']))
        .map(|rest| rest.trim().trim_matches(['"', '\'']));
    profile == Some(name) || (name == DEFAULT && section == DEFAULT)
}

type Sections = Vec<(String, BTreeMap<String, String>)>;

/// The sections of a file, in order; none where there is no file.
async fn sections(path: Option<PathBuf>) -> Result<Sections, String> {
    let Some(path) = path else {
        return Ok(Vec::new());
    };
    if !tokio::fs::try_exists(&path).await.unwrap_or(true) {
        return Ok(Vec::new());
    }
    let text = files::read_text(&path, MOST_FILE_BYTES).await?;
    Ok(parsed(&text))
}

fn parsed(text: &str) -> Sections {
    let mut sections = Sections::new();
    for line in text.lines() {
        // What is set in belongs to a setting of several parts, none of which is about credentials.
        let is_part = line.starts_with([' ', '\t']);
        let line = without_remark(line);
        if line.is_empty() || is_part {
            continue;
        }
        let header = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(header) = header {
            sections.push((header.trim().to_owned(), BTreeMap::new()));
        } else if let (Some((_, settings)), Some((name, value))) = (sections.last_mut(), line.split_once('='))
        {
            settings.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    sections
}

/// The line without the remark that it is, or that stands behind white space.
fn without_remark(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with(['#', ';']) {
        return "";
    }
    let ends = [" #", " ;", "\t#", "\t;"];
    let end = ends.into_iter().filter_map(|mark| line.find(mark)).min();
    end.and_then(|end| line.get(..end)).unwrap_or(line).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys beside such a setting are those of the one who asks for another identity.
    #[test]
    fn keys_beside_a_way_to_another_identity_are_not_used() {
        let refused = |text: &str| {
            let (_, settings) = parsed(&format!("[ci]\n{text}\n")).pop().unwrap();
            let name = "ci".to_owned();
            Profile { name, settings }.unsupported()
        };
        let keys = "aws_access_key_id = AKID\naws_secret_access_key = s";
        for way in [
            "role_arn",
            "source_profile",
            "credential_source",
            "sso_session",
            "sso_start_url",
        ] {
            let said = refused(&format!("{keys}\n{way} = x")).unwrap();
            assert!(said.contains(&format!("`{way}` is not supported")), "{said}");
            assert!(refused(&format!("{way} = x")).is_some(), "{way}");
        }
        assert_eq!(refused(&format!("{keys}\ncredential_process = x")), None);
        assert!(refused("credential_process = x").is_some());
        assert_eq!(refused("web_identity_token_file = t\nrole_arn = x"), None);
        let all = format!("{keys}\nweb_identity_token_file = t\nrole_arn = x");
        assert!(refused(&all).is_some());
        assert_eq!(refused("region = eu-west-3"), None);
    }

    #[test]
    fn a_file_of_profiles_is_read_as_the_sdks_read_it() {
        let text = "# mine\n[default]\nregion = eu-west-3 # near\n[ profile  \"ci\" ]\naws_access_key_id=AKID\n\
            Aws_Secret_Access_Key = a=b/+#c\ns3 =\n  endpoint = x\n; gone\n[profiled]\nregion = no\n";
        let sections = parsed(text);
        let find = |name: &str| sections.iter().find(|(section, _)| is_called(section, name));
        assert_eq!(find("default").unwrap().1["region"], "eu-west-3");
        let ci = &find("ci").unwrap().1;
        assert_eq!(
            (
                ci["aws_access_key_id"].as_str(),
                ci["aws_secret_access_key"].as_str()
            ),
            ("AKID", "a=b/+#c")
        );
        assert!(!ci.contains_key("endpoint"));
        assert!(find("d").is_none() && find("other").is_none());
    }
}
