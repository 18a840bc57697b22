//! Who asks (`--userinfo`).

use policy_engine::request::User;
use policy_types::cli_kyverno_io::user_info::UserInfo;
use serde_json::json;

use super::files::read_file;
use crate::input_error::InputError;

/// Loads a `UserInfo` file.
///
/// # Errors
/// [`InputError`] with every fault.
pub(crate) fn load_user(path: &str) -> Result<User, InputError> {
    let info: UserInfo = super::values::load_one(&read_file(path)?, path)?;
    let user = info.user_info;
    Ok(User {
        info: json!({"username": user.username, "uid": user.uid, "groups": user.groups, "extra": user.extra}),
        roles: info.roles,
        cluster_roles: info.cluster_roles,
    })
}
