//! Nothing is asked N times: statements are counted on their way to the server, questions in the host.

use crate::support::Shop;
use futures_util::future::BoxFuture;
use serde_json::json;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tasker_core::model::Settings;
use tasker_core::{Client, ClientOptions};
use tasker_server::{Decide, Grants, Options, Principal, Question, Refusal, router};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// Passes everything on to a server, and counts the statements that it is told to execute. What wakes workers does not count:
/// it follows a creation by itself, some time later.
async fn counted(server: String, listener: UnixListener, count: Arc<AtomicUsize>) {
    while let Ok((client, _)) = listener.accept().await {
        let (mut client_in, mut client_out) = client.into_split();
        let (mut server_in, mut server_out) = UnixStream::connect(&server).await.unwrap().into_split();
        let count = Arc::clone(&count);
        tokio::spawn(async move { tokio::io::copy(&mut server_in, &mut client_out).await });
        tokio::spawn(async move {
            // The first message has no type.
            let mut typed = false;
            let mut waking = Vec::new();
            let mut wakes = false;
            loop {
                let mut head = Vec::new();
                if typed {
                    head.push(client_in.read_u8().await?);
                }
                let length = client_in.read_u32().await?;
                let mut body = vec![0; length as usize - 4];
                client_in.read_exact(&mut body).await?;
                // A statement's name stands first where it is parsed, second where its values are bound.
                let mut texts = body.split(|byte| *byte == 0);
                match head.first() {
                    Some(b'P') => {
                        let name = texts.next().unwrap_or_default();
                        let text = texts.next().unwrap_or_default();
                        if String::from_utf8_lossy(text).contains("notify_idle") {
                            waking.push(name.to_owned());
                        }
                    }
                    Some(b'B') => {
                        let name = texts.nth(1).unwrap_or_default();
                        wakes = waking.iter().any(|one| one == name);
                    }
                    Some(b'E') if !wakes => {
                        count.fetch_add(1, Ordering::SeqCst);
                    }
                    _ => {}
                }
                typed = true;
                head.extend(length.to_be_bytes());
                head.extend(body);
                server_out.write_all(&head).await?;
            }
            #[allow(unreachable_code)]
            std::io::Result::Ok(())
        });
    }
}

/// A shop, and how many statements it has executed.
async fn shop() -> (Shop, Arc<AtomicUsize>, tempfile::TempDir) {
    let mut shop = Shop::open().await;
    let url = shop.database.url();
    let (before, rest) = url
        .split_once("host=")
        .expect("the test server listens on a socket");
    let (place, after) = rest.split_once('&').unwrap_or((rest, ""));
    let directory = tempfile::tempdir().unwrap();
    let socket = |directory: &Path| directory.join(".s.PGSQL.5432").to_str().unwrap().to_owned();
    let listener = UnixListener::bind(socket(directory.path())).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    tokio::spawn(counted(socket(Path::new(place)), listener, Arc::clone(&count)));
    // One connection: what a connection must ask before a statement (the types in it) is asked in the first round.
    let mut settings = Settings::default();
    settings.database.max_connections = 1;
    shop.client = Client::new(ClientOptions {
        settings,
        database_url: Some(format!("{before}host={}&{after}", directory.path().display())),
        ..ClientOptions::default()
    })
    .unwrap();
    shop.router = router(shop.client.clone(), Options::default());
    (shop, count, directory)
}

const ALL: &str = "{ tasks(limit: 25) { taskId updatedAt identityHash namedTask { name namedSteps { dependentSystem { dependentSystemObjectMaps { remoteIdOne } } } }
    taskAnnotations { annotationType { name } task { taskId } }
    workflowSteps { name createdAt namedStep { name } task { taskId } children { name } parents { name parents { name } } } } }";

#[tokio::test]
async fn a_list_of_many_takes_as_many_statements_as_a_list_of_one() {
    let (shop, count, _directory) = shop().await;
    let mut taken = Vec::new();
    for tasks in [1, 20] {
        for _ in 0..tasks {
            let id = shop.one(json!({})).await;
            let note = json!({"annotation_type": "a", "annotation": 1});
            shop.post(&format!("/tasks/{id}/annotations"), note).await;
        }
        // Once to know the statements, and once to count.
        shop.graph(ALL, json!({})).await;
        let before = count.load(Ordering::SeqCst);
        let data = shop.graph(ALL, json!({})).await;
        taken.push(count.load(Ordering::SeqCst) - before);
        assert!(data["tasks"].as_array().unwrap().len() >= tasks);
    }
    assert_eq!(taken[0], taken[1]);
    assert!((9..15).contains(&taken[0]), "{taken:?}");
}

/// A host that permits everything, and remembers how it was asked.
#[derive(Debug, Default)]
struct Host(Mutex<Vec<Vec<Question>>>);

impl Decide for Host {
    fn decide(&self, questions: Vec<Question>) -> BoxFuture<'_, Result<Vec<bool>, Refusal>> {
        let answers = vec![true; questions.len()];
        self.0.lock().unwrap().push(questions);
        Box::pin(async { Ok(answers) })
    }
}

#[tokio::test]
async fn the_host_is_asked_once_for_each_level() {
    let shop = Shop::open().await;
    for _ in 0..20 {
        shop.one(json!({})).await;
    }
    let host = Arc::new(Host::default());
    let principal = Arc::new(Principal {
        name: Some("anna".to_owned()),
        grants: Grants::Asked(Arc::clone(&host) as Arc<dyn Decide>),
        ambient: false,
    });
    let query = "{ tasks(limit: 50) { taskId workflowSteps { name again: name parents { name } task { taskId } children { name } } other: workflowSteps { name } } }";
    let answer = shop.ask_graph_as(&principal, query, json!({})).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    let asked = host.0.lock().unwrap();
    let asked: Vec<(usize, String)> = asked
        .iter()
        .map(|questions| (questions.len(), questions[0].to_string()))
        .collect();
    assert_eq!(
        asked,
        [
            (1, "tasker.task:index".to_owned()),
            (20, "tasker.workflow_step:index".to_owned()),
            (20, "tasker.task:show".to_owned()),
        ]
    );
}

#[tokio::test]
async fn the_host_is_asked_about_a_task_under_one_text_only() {
    let shop = Shop::open().await;
    let id = shop.one(json!({})).await;
    let host = Arc::new(Host::default());
    let principal = Arc::new(Principal {
        name: None,
        grants: Grants::Asked(Arc::clone(&host) as Arc<dyn Decide>),
        ambient: false,
    });
    for text in [id.clone(), id.to_uppercase(), id.replace('-', "")] {
        let query =
            "query($id: ID!) { task(taskId: $id) { taskId } step(taskId: $id, stepId: \"01\") { name } }";
        let answer = shop.ask_graph_as(&principal, query, json!({"id": text})).await;
        assert_eq!(answer["data"]["task"]["taskId"], json!(id), "{answer}");
    }
    let named = shop
        .graph(
            "query($id: ID!) { task(taskId: $id) { namedTask { id } } }",
            json!({"id": id}),
        )
        .await;
    let named = &named["task"]["namedTask"]["id"];
    let asked = host.0.lock().unwrap().len();
    let query = "query($id: ID!) { node(id: $id) { id } }";
    let answer = shop.ask_graph_as(&principal, query, json!({"id": named})).await;
    assert_eq!(answer["data"]["node"]["id"], *named);
    assert_eq!(
        host.0.lock().unwrap().split_off(asked),
        [[Question::new("tasker.handler", "show")
            .about("one")
            .within("shop")]]
    );
    for question in host.0.lock().unwrap().iter().flatten() {
        let (own, of) = (question.resource_id.as_deref(), question.parent_id.as_deref());
        match question.resource.as_str() {
            "tasker.task" => assert_eq!(own, Some(id.as_str())),
            _ => assert_eq!((own, of), (Some("1"), Some(id.as_str()))),
        }
    }
}
