//! What names, versions and handlers may look like.

use super::problem::ProblemCode;

/// Characters in the name of a namespace or a task.
pub(super) const MAX_NAME: usize = 64;
/// Characters in the name of a step.
pub(super) const MAX_STEP_NAME: usize = 128;
/// Characters in the name of a handler: `namespace.task.step` at its longest fits.
pub(super) const MAX_HANDLER: usize = 258;
/// Characters in a path of a context that is searched by.
pub(super) const MAX_PATH: usize = 64;
/// Characters in a version.
pub(super) const MAX_VERSION: usize = 16;

type Complaint = (ProblemCode, String);

/// Whether `name` may be a name of at most `longest` characters.
pub(super) fn check(name: &str, longest: usize) -> Result<(), Complaint> {
    let complain = |text: String| Err((ProblemCode::InvalidName, text));
    if name.is_empty() {
        return complain("is empty; give it a name".to_owned());
    }
    if name.trim() != name {
        return complain("begins or ends with white space; remove it".to_owned());
    }
    if name.chars().any(char::is_control) {
        return complain("has a control character (a line break, a tab …); remove it".to_owned());
    }
    let length = name.chars().count();
    if length > longest {
        return complain(format!("has {length} characters; {longest} are allowed"));
    }
    Ok(())
}

/// Whether `name` may be the name of a step. Digits only are refused: everywhere a step is named, its number would do.
pub(super) fn check_step(name: &str) -> Result<(), Complaint> {
    check(name, MAX_STEP_NAME)?;
    if name.chars().all(|character| character.is_ascii_digit()) {
        let text =
            "is made of digits only and could be taken for a step number; begin it with a letter".to_owned();
        return Err((ProblemCode::InvalidName, text));
    }
    Ok(())
}

/// Whether `path` may lead to a value of a context.
pub(super) fn check_path(path: &str) -> Result<(), Complaint> {
    check(path, MAX_PATH)?;
    if path.split('.').any(str::is_empty) {
        let text = "has a dot without a key on both sides; write it as `key` or `key.key`".to_owned();
        return Err((ProblemCode::InvalidName, text));
    }
    Ok(())
}

/// Whether `version` is `MAJOR.MINOR.PATCH`, without more.
pub(super) fn check_version(version: &str) -> Result<(), Complaint> {
    let complain = |text: String| Err((ProblemCode::InvalidVersion, text));
    let parts: Vec<&str> = version.split('.').collect();
    let whole = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.len() != 3 || !parts.iter().all(whole) {
        return complain("is not of the form MAJOR.MINOR.PATCH, such as '1.0.0'".to_owned());
    }
    if version.len() > MAX_VERSION {
        return complain(format!(
            "has {} characters; {MAX_VERSION} are allowed",
            version.len()
        ));
    }
    if parts.iter().any(|part| part.len() > 1 && part.starts_with('0')) {
        return complain("has a number with a leading zero; write it without".to_owned());
    }
    Ok(())
}

/// The version that was probably meant by `text`: `1` → `1.0.0`, `v1.2` → `1.2.0`.
pub(super) fn likely_version(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches(['v', 'V', '=', '^', '~']);
    let text = text.split(['-', '+']).next().unwrap_or(text);
    let mut parts: Vec<&str> = text.split('.').collect();
    if parts.len() > 3 {
        return None;
    }
    parts.resize(3, "0");
    let parts: Vec<String> = parts
        .iter()
        .map(|part| part.parse::<u32>().ok().map(|n| n.to_string()))
        .collect::<Option<_>>()?;
    let version = parts.join(".");
    check_version(&version).is_ok().then_some(version)
}
