//! The page at `/api-docs`: the description of the routes, to read and to try. Swagger UI comes with the program; nothing is fetched from
//! another host.

use crate::app::App;
use crate::extract::Path;
use crate::problem::{Problem, Refusal};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tasker_core::ErrorKind;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const BUNDLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js.gz"));
const STYLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.gz"));
/// Places are told from where the page is, so that it works wherever it is mounted.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tasker</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="api-docs/swagger-ui.css">
</head>
<body>
<div id="description"></div>
<script src="api-docs/swagger-ui-bundle.js"></script>
<script src="api-docs/start.js"></script>
</body>
</html>
"#;
const START: &str = r##"SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#description",
  deepLinking: true,
  filter: true,
  docExpansion: "list",
  persistAuthorization: false,
  validatorUrl: null,
});
"##;
/// Nothing of another place is loaded, and no other site shows it in a frame. Swagger UI sets styles of its own.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(page)).routes(routes!(asset))
}

/// Show the description as a page, to read and to try.
#[utoipa::path(get, path = "/api-docs", tag = "description", operation_id = "api_docs", security(("token" = [])),
    responses((status = 200, body = String, content_type = "text/html"), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn page() -> Response {
    (
        [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
        ],
        PAGE,
    )
        .into_response()
}

/// Give a part of that page.
#[utoipa::path(get, path = "/api-docs/{file}", tag = "description", operation_id = "api_docs_part", security(("token" = [])),
    params(("file" = String, Path, description = "Its name.", example = "start.js")),
    responses((status = 200, body = String, content_type = "text/javascript"), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
async fn asset(Path(file): Path<String>) -> Result<Response, Refusal> {
    match file.as_str() {
        "start.js" => Ok(([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], START).into_response()),
        "swagger-ui-bundle.js" => Ok(packed("text/javascript; charset=utf-8", BUNDLE)),
        "swagger-ui.css" => Ok(packed("text/css; charset=utf-8", STYLE)),
        other => Err(Refusal::new(
            ErrorKind::NotFound,
            format!("the page has no part '{other}'"),
        )),
    }
}

/// A part that is compressed already. Every browser takes it so.
fn packed(kind: &'static str, bytes: &'static [u8]) -> Response {
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_ENCODING, HeaderValue::from_static("gzip")),
        (header::CACHE_CONTROL, HeaderValue::from_static("max-age=3600")),
    ];
    (headers, bytes).into_response()
}
