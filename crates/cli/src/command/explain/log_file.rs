//! An explanation out of a log: JSON lines, as `--log json` writes them, and as `kubectl logs` prints them, with or without a
//! prefix.

use std::fs::File;
use std::io::{self, BufRead, BufReader};

use admission_server::Explanation;
use serde_json::Value;

/// Longest line that is read, in bytes; longer ones are passed over. One of ours has some 64 KiB.
const MOST_LINE_BYTES: u64 = 1024 * 1024;

/// The explanation of `id` in `file`, or why there is none.
pub(super) fn find(id: &str, file: &str) -> Result<Explanation, String> {
    let read = match file {
        "-" => find_in(id, io::stdin().lock()),
        file => File::open(file).and_then(|opened| find_in(id, BufReader::new(opened))),
    };
    let found = read.map_err(|cause| format!("{file}: {cause}"))?;
    found.ok_or_else(|| {
        format!("no line of {file} explains {id}: it must be the log of the replica that denied, written with `--log json`")
    })
}

fn find_in(id: &str, mut log: impl BufRead) -> io::Result<Option<Explanation>> {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let read = io::Read::take(&mut log, MOST_LINE_BYTES).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        // The rest of a line that is too long begins without a bracket or is no JSON: it explains nothing.
        if let Some(explanation) = explained(id, &String::from_utf8_lossy(&bytes)) {
            return Ok(Some(explanation));
        }
    }
}

fn explained(id: &str, line: &str) -> Option<Explanation> {
    if !line.contains(id) {
        return None;
    }
    let (_, json) = line.split_once('{')?;
    let line: Value = serde_json::from_str(&format!("{{{json}")).ok()?;
    if line.get("id")?.as_str()? != id {
        return None;
    }
    Explanation::parse(line.get("explanation")?.as_str()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123abcd-0123456789abcdef0123456789abcdef";

    fn line(id: &str, resource: &str) -> String {
        let explanation = format!(
            r#"{{\"uid\":\"u\",\"atSeconds\":0,\"operation\":\"CREATE\",\"webhook\":\"validate\",\"dryRun\":false,\"resource\":\"{resource}\",\"rules\":[]}}"#
        );
        format!(r#"{{"level":"WARN","message":"explained","id":"{id}","explanation":"{explanation}"}}"#)
    }

    fn found(log: &str) -> Option<String> {
        find_in(ID, log.as_bytes())
            .unwrap()
            .map(|found| found.tree.resource)
    }

    #[test]
    fn the_line_of_the_id_is_found_among_others_and_behind_a_prefix() {
        let other = line(&ID.replace('f', "e"), "Pod/a/other");
        let log = format!(
            "not json\n{{\"id\":\"{ID}\"}}\n{other}\n[pod/vouchsafe-0] {}\n",
            line(ID, "Pod/a/b")
        );
        assert_eq!(found(&log).as_deref(), Some("Pod/a/b"));
        assert_eq!(found(&other), None);
    }

    /// A request's names stand in the log: one that quotes an id must not pass for its explanation.
    #[test]
    fn a_line_that_only_quotes_the_id_explains_nothing() {
        let quoting = line("other", &format!("Pod/a/{ID}"));
        assert_eq!(found(&quoting), None);
    }

    #[test]
    fn a_line_without_end_is_passed_over() {
        let most = usize::try_from(MOST_LINE_BYTES).unwrap();
        let log = format!("{}\n{}\n", "{".repeat(3 * most), line(ID, "Pod/a/b"));
        assert_eq!(found(&log).as_deref(), Some("Pod/a/b"));
    }
}
