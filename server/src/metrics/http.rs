//! Requests, counted by route, method and class of the status.

use super::families;
use super::page::Page;
use crate::app::App;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tasker_core::metrics::{Counter, Histogram, Unit};

/// Of a request to no route.
const NO_ROUTE: &str = "none";
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Requests to a route by a method.
#[derive(Debug)]
struct Series {
    by_class: [Counter; CLASSES.len()],
    duration: Histogram,
}

/// The requests that an interface answered. As many entries as there are routes and methods.
#[derive(Debug, Default)]
pub(crate) struct Requests(Mutex<BTreeMap<String, BTreeMap<&'static str, Series>>>);

impl Requests {
    fn ended(&self, route: &str, method: &Method, status: StatusCode, took: Duration) {
        let mut routes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !routes.contains_key(route) {
            routes.insert(route.to_owned(), BTreeMap::new());
        }
        let Some(methods) = routes.get_mut(route) else {
            return;
        };
        let series = methods.entry(known(method)).or_insert_with(|| Series {
            by_class: Default::default(),
            duration: Histogram::new(Unit::Call),
        });
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        series.by_class[class].increment();
        series.duration.record_duration(took);
    }

    pub(super) fn show(&self, page: &mut Page) {
        let routes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (route, methods) in routes.iter() {
            for (method, series) in methods {
                for (class, counter) in CLASSES.iter().zip(&series.by_class) {
                    if counter.get() > 0 {
                        page.counter(&families::HTTP_REQUESTS, &[route, method, class], counter.get());
                    }
                }
                let read = series.duration.read();
                page.histogram(&families::HTTP_REQUEST_DURATION, &[route, method], read);
            }
        }
    }
}

/// A method by its name; one of somebody's invention would be a label of his choice.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Counts a request when its answer begins.
pub(crate) async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    // Mounted in a host, the template begins with where that is.
    let route = path.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let route = route.strip_prefix(app.options.prefix.as_str()).unwrap_or(route);
    app.requests
        .ended(route, &method, response.status(), began.elapsed());
    response
}
