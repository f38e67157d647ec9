//! `tasker serve`.

use crate::args::GlobalOptions;
use crate::exit_status::ExitStatus;
use crate::failure::Failure;
use crate::live::interrupted;
use crate::printer::Printer;
use crate::session::{Session, configuration};
use clap::Args;
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tasker_core::model::AuthSettings;
use tasker_server::{Auth, Graphiql, GraphqlOptions, Options, router, serve};
use tokio_util::sync::CancellationToken;

/// Serve the HTTP interface: REST, its description, probes.
///
/// Until it is interrupted; what runs then has half a minute to end. It runs no steps: workers do. On loopback, which is what
/// it does unless told otherwise, it answers to the names of this machine only. Who has to say who they are is told by the settings
/// `auth.*`: nobody, unless tokens or API keys are taken.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker serve
  tasker serve --bind 127.0.0.1:9000
  tasker serve --graphiql node_modules
  curl http://127.0.0.1:8080/tasks?status=error
  curl http://127.0.0.1:8080/openapi.json")]
pub(crate) struct Arguments {
    /// The address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    bind: SocketAddr,
    /// The path that a proxy in front puts before everything, for links.
    #[arg(long, value_name = "PATH", default_value = "", hide_default_value = true)]
    prefix: String,
    /// How long a request may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// A folder node_modules with GraphiQL, for development: /graphql is a page to ask on, in a browser. Made by
    /// npm install graphiql@3 react@18 react-dom@18.
    #[arg(long, value_name = "DIRECTORY")]
    graphiql: Option<PathBuf>,
    /// Listen beyond this machine although nobody has to say who they are: whoever reaches the port may do everything.
    #[arg(long)]
    allow_unauthenticated: bool,
}

pub(super) async fn run(
    arguments: Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let local = arguments.bind.ip().is_loopback();
    let settings = configuration(global)?.settings().auth.clone();
    let allowed = arguments.allow_unauthenticated || settings.allow_unauthenticated;
    if !local && !settings.is_on() && !allowed {
        return Err(Failure::usage(format!(
            "{} is beyond this machine, and nobody would have to say who they are.",
            arguments.bind
        ))
        .next(
            "take API keys (auth.api_keys: true, then tasker key create) or tokens (auth.jwt_algorithms); or listen on 127.0.0.1 \
             behind a proxy that asks for credentials; or say that everybody may do everything: --allow-unauthenticated",
        ));
    }
    let auth = if settings.is_on() {
        Auth::checked(&settings)?
    } else {
        Auth::open()
    };
    let prefix = arguments.prefix.trim_end_matches('/').to_owned();
    if !prefix.is_empty() && !prefix.starts_with('/') {
        return Err(Failure::usage(format!(
            "--prefix begins with a slash: /{prefix}, not {prefix}."
        )));
    }
    let graphiql = arguments.graphiql.as_deref().map(Graphiql::read).transpose()?;
    let session = Session::new(global)?;
    // Whatever is wrong with the database is told here, and not at the first request.
    session.client.database_identity().await?;
    let stop = CancellationToken::new();
    let options = Options {
        prefix,
        timeout: Duration::from_secs(arguments.timeout),
        local_hosts_only: local,
        auth,
        stop: stop.clone(),
        graphql: GraphqlOptions {
            websocket: true,
            graphiql,
            ..GraphqlOptions::default()
        },
        ..Options::default()
    };
    let stopping = stop.clone();
    tokio::spawn(async move {
        interrupted().await;
        stopping.cancel();
    });
    let database = session.describe_database().await?;
    serve(
        arguments.bind,
        router(session.client.clone(), options),
        stop,
        |address| {
            printer.answer(
                &json!({"listening": format!("http://{address}"), "database": database, "authentication": settings.is_on()}),
                |look| {
                    format!(
                        "Listening on {}, on {database}\n{}\nIts description: {}",
                        look.command(&format!("http://{address}")),
                        who(&settings),
                        look.command(&format!("http://{address}/openapi.json"))
                    )
                },
            );
        },
    )
    .await
    .map_err(|error| Failure::failed(error.to_string()))?;
    session.client.close().await;
    Ok(ExitStatus::Ok)
}

/// Who has to say who they are, in words.
fn who(settings: &AuthSettings) -> &'static str {
    match (settings.api_keys, settings.jwt_algorithms.is_empty()) {
        (false, true) => "Nobody has to say who they are: whoever reaches it may do everything.",
        (true, true) => "Whoever asks has to have an API key.",
        (true, false) => "Whoever asks has to have a token or an API key.",
        (false, false) => "Whoever asks has to have a token.",
    }
}
