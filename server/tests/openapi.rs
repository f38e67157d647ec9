//! The description of the routes says what it should.

// Tests may panic: that is how they fail.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn every_operation_has_a_name_of_its_own_a_summary_and_its_refusals() {
    let document = tasker_server::document();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, value)| value.is_object())
        {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} twice");
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let named: Vec<&Value> = parameters
                .iter()
                .filter(|one| one["in"] == "path")
                .map(|one| &one["name"])
                .collect();
            let wanted = path.matches('{').count();
            assert_eq!(
                named.len(),
                wanted,
                "{method} {path} does not say what is in its path: {named:?}"
            );
            if !path.starts_with("/health") && path != "/metrics" {
                let refusals = operation["responses"]
                    .as_object()
                    .unwrap()
                    .keys()
                    .any(|status| status.starts_with('4'));
                assert!(refusals, "{method} {path} does not say that it may refuse");
            }
        }
    }
    assert!(names.len() > 30, "{names:?}");
}

#[test]
fn every_link_leads_to_an_operation_and_every_reference_to_a_schema() {
    let document = tasker_server::document();
    let text = document.to_string();
    let mut links = 0;
    for (_, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            for answer in operation["responses"].as_object().unwrap().values() {
                for link in answer["links"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(_, link)| link)
                {
                    let target = link["operationId"].as_str().unwrap();
                    assert!(
                        text.contains(&format!("\"operationId\":\"{target}\"")),
                        "{target}"
                    );
                    links += 1;
                }
            }
        }
    }
    assert!(links > 60, "{links}");
    for (_, rest) in text
        .match_indices("#/components/schemas/")
        .map(|(at, prefix)| (at, &text[at + prefix.len()..]))
    {
        let name = rest.split('"').next().unwrap();
        assert!(
            document["components"]["schemas"].get(name).is_some(),
            "there is no schema {name}"
        );
    }
}
