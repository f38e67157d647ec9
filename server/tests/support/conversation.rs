//! The conversation of tests/vectors/http.json, which every form of the interface answers alike.

use regex::Regex;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

pub(crate) fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/http.json")
}

/// A request of the conversation, with what was kept put in.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// What was answered: status, content type, body.
pub(crate) type Answered = (u16, Option<String>, String);

pub(crate) struct Conversation {
    pub(crate) document: Value,
    replace: Vec<(Regex, String)>,
    kept: Map<String, Value>,
}

impl Conversation {
    pub(crate) fn read() -> Self {
        let document: Value = serde_json::from_str(&std::fs::read_to_string(file()).unwrap()).unwrap();
        let pairs: Vec<(String, String)> = serde_json::from_value(document["replace"].clone()).unwrap();
        Self {
            replace: pairs
                .into_iter()
                .map(|(pattern, by)| (Regex::new(&pattern).unwrap(), by))
                .collect(),
            document,
            kept: Map::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.document["exchanges"].as_array().unwrap().len()
    }

    pub(crate) fn ask(&self, index: usize) -> Asked {
        let request = &self.document["exchanges"][index]["request"];
        let filled = |text: &Value| {
            let mut text = text.as_str().unwrap_or_default().to_owned();
            for (name, value) in &self.kept {
                text = text.replace(&format!("{{{name}}}"), value.as_str().unwrap());
            }
            text
        };
        let headers = request["headers"].as_object().cloned().unwrap_or_default();
        Asked {
            method: request["method"].as_str().unwrap().to_owned(),
            target: filled(&request["target"]),
            headers: headers
                .into_iter()
                .map(|(name, value)| (name, value.as_str().unwrap().to_owned()))
                .collect(),
            body: filled(&request["body"]),
        }
    }

    /// The answer as the file has it: without what is another one each time.
    pub(crate) fn take(&mut self, index: usize, (status, content_type, body): Answered) -> Value {
        if let Some(keep) = self.document["exchanges"][index]["keep"].as_object() {
            let answer: Value = serde_json::from_str(&body).unwrap();
            for (name, place) in keep {
                let value = answer.pointer(place.as_str().unwrap()).unwrap().clone();
                self.kept.insert(name.clone(), value);
            }
        }
        let body = self.replace.iter().fold(body, |text, (pattern, by)| {
            pattern.replace_all(&text, by.as_str()).into_owned()
        });
        json!({"status": status, "content_type": content_type, "body": body})
    }

    pub(crate) fn expected(&self, index: usize) -> &Value {
        &self.document["exchanges"][index]["answer"]
    }
}
