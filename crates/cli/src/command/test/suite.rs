//! One suite: everything a test document names, loaded.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use fact_loading::Cluster;
use policy_engine::LoadedPolicies;
use policy_engine::request::User;
use policy_types::OtherGroup;
use policy_types::cli_kyverno_io::cluster_resource::ClusterResource;
use policy_types::cli_kyverno_io::test::{GlobalContextEntryValue, Test};
use serde_json::Value;

use crate::input::{
    self, FileCluster, GivenImages, InputError, ObjectStore, PolicyInput, RecordedAnswer, RefusedPolicy,
    Resource, ValuesInput, load_one, read_file,
};

/// A suite with its inputs.
pub(super) struct Suite {
    /// Path of the test file.
    pub(super) path: String,
    /// Name of the suite.
    pub(super) name: String,
    /// Folder that paths in the document are relative to.
    folder: String,
    /// The document.
    pub(super) test: Test,
    pub(super) policies: LoadedPolicies,
    /// Policies and exceptions that do not load.
    pub(super) refused: Vec<RefusedPolicy>,
    /// Policies of kinds that are not supported, by name, with the reason.
    pub(super) unsupported: BTreeMap<String, String>,
    pub(super) resources: Vec<Resource>,
    /// Objects that mutate rules with targets may change.
    pub(super) targets: Vec<Resource>,
    pub(super) values: ValuesInput,
    pub(super) user: Option<User>,
    pub(super) cluster: Arc<dyn Cluster>,
    /// What a registry would tell of images.
    pub(super) images: GivenImages,
}

impl Suite {
    /// Whether a policy of this name is in force.
    pub(super) fn has_in_force(&self, name: &str) -> bool {
        self.policies
            .policies
            .iter()
            .any(|policy| *policy.key.name == *name)
    }

    /// Loads what `test`, read from `path`, names.
    ///
    /// # Errors
    /// [`InputError`] where a file is missing or malformed. Faults of policies are kept for the rows.
    pub(super) fn load(path: &str, test: Test) -> Result<Self, InputError> {
        let folder = Path::new(path)
            .parent()
            .map_or_else(String::new, |parent| parent.to_string_lossy().into_owned());
        refuse_authorization(&test)?;
        let at = |file: &str| joined(&folder, file);
        let all = |files: &[String]| -> Vec<String> { files.iter().map(|file| at(file)).collect() };
        let mut policy_paths = all(&test.policies);
        policy_paths.extend(all(&test.exceptions));
        let PolicyInput {
            loaded: policies,
            refused,
        } = input::load_policies(&policy_paths)?;
        let values = match (&test.variables, &test.values) {
            (file, _) if !file.is_empty() => ValuesInput::load(Some(&at(file)), &[])?,
            (_, Some(spec)) => ValuesInput::of(spec.clone()),
            (_, None) => ValuesInput::default(),
        };
        let user = if test.userinfo.is_empty() {
            None
        } else {
            Some(input::load_user(&at(&test.userinfo))?)
        };
        let stored = input::load_stored(&all(&test.resources))?;
        let mut resources: Vec<Resource> = stored.iter().map(|stored| stored.resource()).collect();
        let mut payloads = all(&test.json_payloads);
        payloads.extend((!test.json_payload.is_empty()).then(|| at(&test.json_payload)));
        resources.extend(
            input::load_payloads(&payloads)?
                .iter()
                .map(|stored| stored.resource()),
        );
        let targets = input::load_resources(&all(&test.target_resources))?;
        let mut cluster = FileCluster {
            namespaces: values.namespaces(),
            ..FileCluster::default()
        };
        cluster.add_secrets(&stored);
        cluster.answers = test.api_call_responses.iter().map(recorded).collect();
        for entry in &test.global_context_entries {
            add_global_context(&mut cluster.global_context, entry, &folder)?;
        }
        let mut objects = input::load_stored(&all(&test.param_resources))?;
        if !objects.is_empty() {
            cluster.objects = Some(ObjectStore::of(objects.clone()));
        }
        for file in &test.cluster_resources {
            let declared: ClusterResource = load_one(&read_file(&at(file))?, &at(file))?;
            let listed = declared.spec.resources.into_iter().map(Value::Object).collect();
            objects.extend(input::resources_of(listed));
        }
        let mut images = GivenImages::default();
        if !test.context.is_empty() {
            let (given, told) = input::load_context(&at(&test.context))?;
            images = told;
            cluster.objects = Some(ObjectStore::of(given.clone()));
            objects.extend(given);
        }
        if !test.cluster_resources.is_empty() {
            objects.extend(stored.iter().cloned());
            cluster.objects = Some(ObjectStore::of(objects));
        }
        Ok(Self {
            path: path.to_owned(),
            name: test.metadata.name.clone(),
            folder,
            unsupported: unsupported(&policies),
            policies,
            refused,
            resources,
            targets,
            values,
            user,
            cluster: Arc::new(cluster),
            images,
            test,
        })
    }

    /// A path of the document, seen from where the command runs.
    pub(super) fn at(&self, file: &str) -> String {
        joined(&self.folder, file)
    }
}

/// Refuses suites about the authorization of HTTP requests.
fn refuse_authorization(test: &Test) -> Result<(), InputError> {
    let payloads = [
        ("httpPayloads", &test.http_payloads),
        ("envoyPayloads", &test.envoy_payloads),
    ];
    match payloads.into_iter().find(|(_, files)| !files.is_empty()) {
        None => Ok(()),
        Some((field, _)) => Err(InputError::Malformed(format!(
            "`{field}` is not supported: authorization of HTTP requests is not judged"
        ))),
    }
}

fn joined(folder: &str, file: &str) -> String {
    if folder.is_empty() || Path::new(file).is_absolute() {
        return file.to_owned();
    }
    Path::new(folder).join(file).to_string_lossy().into_owned()
}

/// Policies of kinds that are not judged here, by name.
fn unsupported(policies: &LoadedPolicies) -> BTreeMap<String, String> {
    let others = policies
        .others
        .iter()
        .filter(|other| other.group != OtherGroup::NotAPolicy);
    let named = others.filter_map(|other| {
        let name = other
            .document
            .value
            .pointer("/metadata/name")
            .and_then(Value::as_str)?;
        Some((name.to_owned(), other.reason()))
    });
    named.collect()
}

fn recorded(response: &policy_types::cli_kyverno_io::test::ApiCallResponse) -> RecordedAnswer {
    let address = if response.url_path.is_empty() {
        &response.url
    } else {
        &response.url_path
    };
    RecordedAnswer {
        method: response.method.clone(),
        address: address.clone(),
        status: response
            .response
            .status_code
            .filter(|status| *status != 0)
            .unwrap_or(200),
        body: response.response.body.clone(),
    }
}

fn add_global_context(
    contents: &mut BTreeMap<String, Value>,
    entry: &GlobalContextEntryValue,
    folder: &str,
) -> Result<(), InputError> {
    let mut data = entry.data.clone();
    let mut objects: Vec<Value> = entry.resources.iter().cloned().map(Value::Object).collect();
    for file in &entry.resource_files {
        let path = joined(folder, file);
        objects.extend(
            input::load_resources(&[path])?
                .into_iter()
                .map(|resource| (*resource.object).clone()),
        );
    }
    if !objects.is_empty() {
        data = Value::Array(objects);
    }
    let whole = data.clone();
    for projection in &entry.projections {
        let projected = crate::command::jp::evaluate_text(&projection.path, &whole)?;
        // Kyverno's tests find projections in the entry itself, too.
        if let Some(fields) = data.as_object_mut() {
            fields.insert(projection.name.clone(), projected.clone());
        }
        contents.insert(format!("{}.{}", entry.name, projection.name), projected);
    }
    if !entry.field_path.is_empty() {
        data = crate::command::jp::evaluate_text(&entry.field_path, &data)?;
    }
    contents.insert(entry.name.clone(), data);
    Ok(())
}
