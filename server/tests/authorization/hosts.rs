//! Hosts that decide by themselves.

use crate::{shop, support};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::future::BoxFuture;
use std::sync::{Arc, Mutex};
use tasker_core::ErrorKind;
use tasker_server::{Caller, Decide, Grants, Principal, Question, Refusal};

/// A host that permits nothing, and remembers what it was asked about.
#[derive(Debug, Default)]
struct Host(Mutex<Vec<Question>>);

impl Decide for Host {
    fn decide(&self, questions: Vec<Question>) -> BoxFuture<'_, Result<Vec<bool>, Refusal>> {
        let answers = vec![false; questions.len()];
        self.0.lock().unwrap().extend(questions);
        Box::pin(async { Ok(answers) })
    }
}

#[tokio::test]
async fn a_host_is_asked_about_the_parts_of_a_path_under_one_text_only() {
    let shop = shop().await;
    let host = Arc::new(Host::default());
    let principal = Arc::new(Principal {
        name: None,
        grants: Grants::Asked(Arc::clone(&host) as Arc<dyn Decide>),
        ambient: false,
    });
    let id = support::UNKNOWN;
    let task = |id: &str| Question::new("tasker.task", "show").about(id);
    let step = |step: &str| {
        Question::new("tasker.workflow_step", "show")
            .about(step)
            .within(id)
    };
    let simple = id.replace('-', "");
    for (path, question) in [
        (format!("/tasks/{id}"), task(id)),
        (format!("/tasks/{}", id.to_uppercase()), task(id)),
        (format!("/tasks/{simple}"), task(id)),
        (format!("/tasks/%30{}", &id[1..]), task(id)),
        (format!("/tasks/urn:uuid:{id}"), task(id)),
        ("/tasks/7".to_owned(), task("7")),
        (format!("/tasks/{simple}/workflow_steps/007"), step("7")),
        (format!("/tasks/{id}/workflow_steps/+7"), step("7")),
        (format!("/tasks/{id}/workflow_steps/%37/why"), step("7")),
        (format!("/tasks/{id}/workflow_steps/only"), step("only")),
        (
            "/workers/007".to_owned(),
            Question::new("tasker.worker", "index").about("7"),
        ),
        (
            "/workers/seven".to_owned(),
            Question::new("tasker.worker", "index").about("seven"),
        ),
        (
            "/handlers/shop/a%2Fb".to_owned(),
            Question::new("tasker.handler", "show")
                .about("a/b")
                .within("shop"),
        ),
    ] {
        let request = Request::builder().uri(&path).extension(Caller {
            principal: Some(Arc::clone(&principal)),
            from: None,
        });
        let answer = shop.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}: {}", answer.text);
        let asked = std::mem::take(&mut *host.0.lock().unwrap());
        assert_eq!(asked, [question], "{path}");
    }
}

/// A host that answers too little, or cannot decide.
#[derive(Debug)]
struct Lazy(bool);

impl Decide for Lazy {
    fn decide(&self, _: Vec<Question>) -> BoxFuture<'_, Result<Vec<bool>, Refusal>> {
        let answer = match self.0 {
            true => Ok(vec![true]),
            false => Err(Refusal::new(ErrorKind::Internal, "the host cannot decide")),
        };
        Box::pin(async { answer })
    }
}

#[tokio::test]
async fn a_host_that_does_not_answer_everything_has_permitted_nothing() {
    let shop = shop().await;
    for (answers, status) in [
        (true, StatusCode::FORBIDDEN),
        (false, StatusCode::INTERNAL_SERVER_ERROR),
    ] {
        let principal = Arc::new(Principal {
            name: None,
            grants: Grants::Asked(Arc::new(Lazy(answers))),
            ambient: false,
        });
        let request = Request::post("/pause")
            .header("content-type", "application/json")
            .extension(Caller {
                principal: Some(principal),
                from: None,
            })
            .body(Body::from(r#"{"namespace": "shop"}"#))
            .unwrap();
        let answer = shop.send(request).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
}
