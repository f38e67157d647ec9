//! A router over a database of a test's own.

// Each test program uses its part of this.
#![allow(dead_code)]

pub(crate) mod conversation;
pub(crate) mod tokens;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::Arc;
use tasker_core::template::{ParseOptions, Template};
use tasker_core::worker::{Worker, WorkerOptions};
use tasker_core::{Client, ClientOptions};
use tasker_server::{Caller, Options, Principal, router};
use tasker_tests::TestDatabase;
use tower::ServiceExt;

const ORDER: &str = include_str!("../../../examples/order/workflow.yaml");
pub(crate) const UNKNOWN: &str = "0198c0de-0000-7000-8000-000000000000";

/// The HTTP interface of an engine with the order workflow, and a second one of a single step.
pub(crate) struct Shop {
    pub(crate) client: Client,
    pub(crate) router: Router,
    pub(crate) database: TestDatabase,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }
}

/// A client that opens nothing yet.
pub(crate) fn client_of(url: String) -> Client {
    Client::new(ClientOptions {
        database_url: Some(url),
        ..ClientOptions::default()
    })
    .unwrap()
}

/// What a router answers.
pub(crate) async fn send_to(router: Router, request: Request<Body>) -> Answer {
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(Options::default()).await
    }

    /// The order workflow, and one of a single step.
    pub(crate) async fn with(options: Options) -> Self {
        let shop = Self::empty(options).await;
        let order = Template::parse(ORDER, &ParseOptions::default()).unwrap();
        shop.client.register_template(&order, false).await.unwrap();
        let one = json!({"name": "one", "namespace_name": "shop", "version": "2.0.0", "step_templates": [{"name": "only", "handler": "work"}]});
        let one = Template::from_json(&one, &ParseOptions::default()).unwrap();
        shop.client.register_template(&one, false).await.unwrap();
        shop
    }

    pub(crate) fn url(&self) -> String {
        self.database.url()
    }

    /// No workflow at all.
    pub(crate) async fn empty(options: Options) -> Self {
        let database = TestDatabase::create().await.unwrap();
        let client = client_of(database.url());
        client.migrate().await.unwrap();
        Self {
            router: router(client.clone(), options),
            client,
            database,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        send_to(self.router.clone(), request).await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        let body = match body {
            None => Body::empty(),
            Some(value) => {
                request = request.header("content-type", "application/json");
                Body::from(value.to_string())
            }
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        answer.json()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Workers of these names, that have the handler `work`.
    pub(crate) async fn workers(&self, names: &[&str]) -> Vec<Worker> {
        let mut workers = Vec::new();
        for name in names {
            let options = WorkerOptions {
                name: Some((*name).to_owned()),
                handlers: vec!["work".to_owned()],
                ..WorkerOptions::default()
            };
            workers.push(Worker::start(&client_of(self.url()), options).await.unwrap());
        }
        workers
    }

    pub(crate) async fn ask_graph(&self, query: &str, variables: Value) -> Answer {
        self.post("/graphql", json!({"query": query, "variables": variables}))
            .await
    }

    /// What GraphQL answers to somebody.
    pub(crate) async fn ask_graph_as(
        &self,
        principal: &Arc<Principal>,
        query: &str,
        variables: Value,
    ) -> Value {
        let body = json!({"query": query, "variables": variables});
        let request = Request::post("/graphql")
            .header("content-type", "application/json")
            .extension(Caller {
                principal: Some(Arc::clone(principal)),
                from: None,
            })
            .body(Body::from(body.to_string()))
            .unwrap();
        self.send(request).await.json()
    }

    /// What GraphQL answers, without any error.
    pub(crate) async fn graph(&self, query: &str, variables: Value) -> Value {
        let answer = self.ask_graph(query, variables).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let mut body = answer.json();
        assert!(body.get("errors").is_none(), "{query}: {body}");
        body["data"].take()
    }

    /// A task of the single step.
    pub(crate) async fn one(&self, more: Value) -> String {
        let mut request = json!({"name": "one", "namespace": "shop"});
        request
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let created = self.post("/tasks", request).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.text);
        created.json()["task"]["task_id"].as_str().unwrap().to_owned()
    }
}
