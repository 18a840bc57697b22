//! `apiCall`: a call to the Kubernetes API or to a service.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Loaded, Projection, ask, confinement, json_text, text_of};
use crate::context::scope::View;
use crate::context::{JsonPath, Template};
use crate::facts::{FactRequest, Halt};

/// What both kinds of call have.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// `GET` or `POST`
    pub(super) method: String,
    pub(super) data: Vec<(Template, Template)>,
    pub(super) projection: Option<Projection>,
    pub(super) written_path: String,
    /// Taken as it is where the call fails
    pub(super) default: Option<Arc<Value>>,
}

#[derive(Debug, Clone)]
pub(super) struct KubernetesCall {
    pub(super) url_path: Template,
    pub(super) written: String,
    pub(super) call: Call,
}

#[derive(Debug, Clone)]
pub(super) struct ServiceCall {
    pub(super) url: Template,
    pub(super) headers: Vec<(Template, Template)>,
    pub(super) ca_bundle: Option<Template>,
    pub(super) call: Call,
}

impl KubernetesCall {
    pub(super) fn load(&self, entry: &str, view: View<'_>) -> Result<Loaded, Halt> {
        let what = format!(
            "failed to substitute variables in context entry {entry} {}",
            self.written
        );
        let url_path = text_of(&self.url_path, "/urlPath", view, &what);
        let body = self.call.body(view, &what);
        let asker = view.ground().asker.clone();
        let wanted = url_path.and_then(|url_path| {
            confinement::api_path(&asker, &url_path).map_err(Halt::Failed)?;
            Ok(FactRequest::KubernetesCall {
                asker,
                method: self.call.method.clone(),
                url_path,
                body: body?,
            })
        });
        let wanted = wanted.map_err(fetching)?;
        self.call.answer(&wanted, entry, view)
    }
}

impl ServiceCall {
    pub(super) fn load(&self, entry: &str, view: View<'_>) -> Result<Loaded, Halt> {
        let wanted = self.wanted(entry, view).map_err(fetching)?;
        self.call.answer(&wanted, entry, view)
    }

    fn wanted(&self, entry: &str, view: View<'_>) -> Result<FactRequest, Halt> {
        let what = format!("failed to substitute variables in context entry {entry}");
        let url = text_of(&self.url, "/service/url", view, &format!("{what} "));
        let body = self.call.body(view, &what);
        let (url, body) = (url?, body?);
        let asker = view.ground().asker.clone();
        confinement::service(&asker, &url).map_err(Halt::Failed)?;
        let mut headers = Vec::with_capacity(self.headers.len());
        for (index, (key, value)) in self.headers.iter().enumerate() {
            let at = format!("/service/headers/{index}");
            headers.push((
                text_of(key, &format!("{at}/key"), view, &what)?,
                text_of(value, &format!("{at}/value"), view, &what)?,
            ));
        }
        let ca_bundle = self
            .ca_bundle
            .as_ref()
            .map(|pem| text_of(pem, "/service/caBundle", view, &what))
            .transpose()?;
        Ok(FactRequest::ServiceCall {
            asker,
            method: self.call.method.clone(),
            url,
            headers,
            ca_bundle,
            body,
        })
    }
}

impl Call {
    /// The body of a `POST`.
    fn body(&self, view: View<'_>, what: &str) -> Result<Option<String>, Halt> {
        if self.method != "POST" {
            return Ok(None);
        }
        let mut fields = Map::new();
        for (index, (key, value)) in self.data.iter().enumerate() {
            let at = format!("/data/{index}");
            let key = text_of(key, &format!("{at}/key"), view, what)?;
            let value = value
                .substitute(view, &JsonPath::parse(&format!("{at}/value")))
                .map_err(|halt| halt.within(what))?;
            fields.insert(key, value.into_owned());
        }
        Ok(Some(json_text::compact(&Value::Object(fields))))
    }

    fn answer(&self, wanted: &FactRequest, entry: &str, view: View<'_>) -> Result<Loaded, Halt> {
        let data = match (ask(wanted, view), &self.default) {
            (Ok(None), _) => return Ok(Loaded::Absent),
            (Ok(Some(data)), _) => data,
            // the default is taken as it is: no expression is applied to it
            (Err(Halt::Failed(_)), Some(default)) => return Ok(Loaded::Shared(Arc::clone(default))),
            (Err(halt), _) => return Err(fetching(halt)),
        };
        let Some(projection) = &self.projection else {
            return Ok(Loaded::Shared(data));
        };
        let what = || {
            format!(
                "failed to substitute variables in context entry {entry} JMESPath {}",
                self.written_path
            )
        };
        let found = projection.query(view, what).and_then(|query| {
            query.search_in(&data, view).map_err(|halt| {
                halt.within(&format!(
                    "failed to apply JMESPath {} for context entry {entry}",
                    query.text()
                ))
            })
        });
        found
            .map(Loaded::Value)
            .map_err(|halt| halt.within("failed to store data for APICall"))
    }
}

fn fetching(halt: Halt) -> Halt {
    halt.within("failed to fetch data for APICall")
}
