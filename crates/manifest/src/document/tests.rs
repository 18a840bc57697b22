use serde_json::json;

use super::*;
use crate::error::ManifestFault;

fn values(text: &str) -> Vec<Value> {
    read(text.as_bytes(), "file.yaml")
        .unwrap()
        .into_iter()
        .map(|document| document.value)
        .collect()
}

fn faults(text: &str) -> Vec<String> {
    read(text.as_bytes(), "file.yaml")
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_file_may_hold_several_documents_with_comments_anywhere() {
    let text = "# head\n---\na: 1 # tail\n---\n# nothing here\n---\nb: |  #comment in the header\n  text\n";
    assert_eq!(values(text), [json!({"a": 1}), json!({"b": "text\n"})]);
}

#[test]
fn a_byte_order_mark_and_carriage_returns_are_read_over() {
    assert_eq!(
        values("\u{feff}a: 1\r\nb: |\r\n  x\r\n  y\r\n"),
        [json!({"a": 1, "b": "x\ny\n"})]
    );
}

#[test]
fn every_broken_document_is_reported_at_its_line() {
    assert_eq!(
        faults("a: 1\n---\nb: [\n---\nc: 1\nc: 2\n"),
        [
            "file.yaml:4:1: not valid YAML: while parsing a node, did not find expected node content",
            "file.yaml:6:4: key `c` stands twice in this mapping; expected each key once",
        ]
    );
}

#[test]
fn bytes_that_are_not_utf_8_are_refused() {
    let faults = read(b"a: \xff", "file.yaml").unwrap_err();
    assert_eq!(faults[0].fault, ManifestFault::NotUtf8 { offset: 3 });
}

#[test]
fn json_is_read_as_json_and_flow_yaml_as_yaml() {
    assert_eq!(values("{\"a\": 017}"), [json!({"a": 15})], "no JSON, so YAML");
    assert_eq!(
        values("\t{\"a\":\t1}\n{\"b\": 2}"),
        [json!({"a": 1}), json!({"b": 2})]
    );
    assert_eq!(values("{a: yes}\n---\n[1]"), [json!({"a": true}), json!([1])]);
}

#[test]
fn the_items_of_a_list_keep_their_places() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n- kind: Job\n  metadata: {name: x}\n";
    let documents = read(text.as_bytes(), "list.yaml").unwrap();
    let items: Vec<Document> = documents.into_iter().flat_map(Document::unpack_list).collect();
    assert_eq!(items.len(), 2);
    assert_eq!(items[1].kind(), "Job");
    let name = FieldPath::root().key("metadata").key("name");
    assert_eq!(items[1].place(&name), Place { line: 6, column: 20 });
}

#[test]
fn the_items_of_a_pod_list_are_pods() {
    let list = json!({"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "a"}}]});
    assert_eq!(
        unpack_list(list),
        [json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}})]
    );
    let pod = json!({"kind": "Pod"});
    assert_eq!(unpack_list(pod.clone()), [pod]);
    assert!(unpack_list(json!({"kind": "List", "items": null})).is_empty());
}
