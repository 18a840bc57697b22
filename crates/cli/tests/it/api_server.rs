//! An API server of a few lines, for commands that ask one.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use crate::terminal::Folder;

/// The paths that were asked for, with their queries.
pub(crate) type Asked = Arc<Mutex<Vec<String>>>;

/// Starts a server that gives `answer` (status and body) to each path; gives a kubeconfig for it, and what is asked.
pub(crate) fn start(
    folder: &Folder,
    answer: impl Fn(&str) -> (u16, String) + Send + 'static,
) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Asked::default();
    let log = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut lines = stream.by_ref().lines().map_while(Result::ok);
            let Some(first) = lines.next() else { continue };
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
            let (status, body) = answer(&path);
            log.lock().unwrap().push(path);
            let length = body.len();
            let text =
                format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
            stream.get_mut().write_all(text.as_bytes()).ok();
        }
    });
    let config = folder.file(
        "config",
        &format!(
            "{{current-context: x, contexts: [{{name: x, context: {{cluster: c}}}}], \
             clusters: [{{name: c, cluster: {{server: 'http://{address}'}}}}]}}"
        ),
    );
    (config, asked)
}
