//! GraphiQL: a page to ask on, from where npm put it.

use crate::support::{Answer, Shop};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use std::path::Path;
use tasker_core::ErrorKind;
use tasker_server::{Graphiql, GraphqlOptions, Options};

const FILES: [&str; 4] = [
    "react/umd/react.production.min.js",
    "react-dom/umd/react-dom.production.min.js",
    "graphiql/graphiql.min.js",
    "graphiql/graphiql.min.css",
];
/// What a browser accepts where somebody gives it an address.
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A folder that looks as npm leaves it; each file says which it is.
fn installed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in FILES.into_iter().chain(["react/package.json"]) {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("/* {file} */")).unwrap();
    }
    folder
}

async fn shop(graphiql: Option<Graphiql>) -> Shop {
    Shop::with(Options {
        graphql: GraphqlOptions {
            graphiql,
            ..GraphqlOptions::default()
        },
        ..Options::default()
    })
    .await
}

async fn look(shop: &Shop, path: &str) -> Answer {
    let request = Request::get(path).header("accept", BROWSER);
    shop.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_browser_is_shown_the_page_and_only_the_files_that_it_needs() {
    let folder = installed();
    let shop = shop(Some(Graphiql::read(folder.path()).unwrap())).await;
    let page = look(&shop, "/graphql").await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (StatusCode::OK, "text/html; charset=utf-8")
    );
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let nonce = page
        .text
        .split("data-styles=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert!(policy.contains(&format!("'nonce-{nonce}'")), "{policy}");
    assert!(
        !look(&shop, "/graphql").await.text.contains(nonce),
        "it is made anew"
    );
    // Nothing stands in the page itself, and nothing is of another place: so it works wherever it is mounted.
    assert!(
        !page.text.contains("//") && !page.text.contains("<style"),
        "{}",
        page.text
    );
    let mut parts = 0;
    for place in page
        .text
        .split('"')
        .filter(|text| text.starts_with("graphql/assets/"))
    {
        let part = look(&shop, &format!("/{place}")).await;
        assert_eq!(part.status, StatusCode::OK, "{place}: {}", part.text);
        let kind = if place.ends_with(".css") {
            "text/css; charset=utf-8"
        } else {
            "text/javascript; charset=utf-8"
        };
        assert_eq!(part.header("content-type"), kind, "{place}");
        parts += 1;
    }
    assert_eq!(parts, FILES.len() + 2);
    assert_eq!(
        look(&shop, "/graphql/assets/react.js").await.text,
        "/* react/umd/react.production.min.js */"
    );
    for other in [
        "package.json",
        "..%2Freact%2Fpackage.json",
        "react%2Fpackage.json",
    ] {
        let answer = look(&shop, &format!("/graphql/assets/{other}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{other}: {}", answer.text);
    }
    // A query is answered, whoever asks.
    let asked = look(&shop, "/graphql?query=%7B__typename%7D").await;
    assert_eq!(asked.json()["data"]["__typename"], "Query");
}

#[tokio::test]
async fn without_it_a_browser_is_told_how_there_would_be_a_page() {
    let shop = shop(None).await;
    for path in ["/graphql", "/graphql/assets/start.js"] {
        let answer = look(&shop, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        let told = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            told.contains("npm install") && told.contains("--graphiql"),
            "{told}"
        );
    }
}

#[test]
fn a_file_that_is_missing_is_named_with_what_installs_it() {
    for file in FILES {
        let folder = installed();
        std::fs::remove_file(folder.path().join(file)).unwrap();
        let error = Graphiql::read(folder.path()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::ConfigInvalid);
        assert!(
            error.message.contains(file) && error.message.contains("npm install graphiql@3"),
            "{error}"
        );
    }
    assert!(Graphiql::read(Path::new("/nowhere")).is_err());
}
