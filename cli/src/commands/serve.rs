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
use tasker_server::{Auth, Graphiql, GraphqlOptions, Options, Origins, router, serve};
use tokio::net::lookup_host;
use tokio_util::sync::CancellationToken;

/// Serve the HTTP interface: REST, its description, probes.
///
/// Until it is interrupted; what runs then has half a minute to end, and a second interrupt ends it at once. It runs no steps:
/// workers do. On loopback, which is what it does unless told otherwise, it answers to the names of this machine only. Who has to say
/// who they are is told by the settings `auth.*`: nobody, unless tokens or API keys are taken. Pages of other sites change nothing
/// then, unless they are listed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tasker serve
  tasker serve --bind localhost:9000 --workers 4
  tasker serve --allow-origin https://ops.example
  tasker serve --graphiql node_modules
  curl http://127.0.0.1:8080/tasks?status=error
  curl http://127.0.0.1:8080/openapi.json")]
pub(crate) struct Arguments {
    /// The address or name, and the port, to listen on; port 0 takes a free one. Of several addresses of a name one is taken, of this
    /// machine alone if there is one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    bind: String,
    /// How many threads answer requests: as many as the machine has processors, unless given. It runs no handlers.
    #[arg(long, value_name = "THREADS", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
    /// A page of this origin may ask, from the browser of whoever looks at it (CORS); may be given several times. `*` is the pages of
    /// every site, where everybody has to say who they are.
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
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

impl Arguments {
    /// How many threads answer requests, if that was said.
    pub(crate) fn threads(&self) -> Option<usize> {
        self.workers.map(usize::from)
    }
}

pub(super) async fn run(
    arguments: Arguments,
    global: &GlobalOptions,
    printer: &Printer,
) -> Result<ExitStatus, Failure> {
    let addresses = addresses(&arguments.bind).await?;
    let local = addresses.iter().all(|address| address.ip().is_loopback());
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
    if let Some(wrong) = prefix.chars().find(|&one| !is_of_a_path(one)) {
        return Err(Failure::usage(format!(
            "--prefix is the path of a URL, and has no {wrong:?}: write it as the URL has it, with %20 for a space."
        )));
    }
    let origins = Origins::new(&arguments.allow_origin)?;
    if origins.are_any() && !settings.is_on() {
        return Err(Failure::usage(
            "--allow-origin '*' opens this to the pages of every site, and nobody would have to say who they are.",
        )
        .next("list the origins that may ask: --allow-origin https://ops.example; or take API keys or tokens (auth.*)"));
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
        origins,
        stop: stop.clone(),
        graphql: GraphqlOptions {
            websocket: true,
            graphiql,
            ..GraphqlOptions::default()
        },
        ..Options::default()
    };
    let database = session.describe_database().await?;
    let threads = tokio::runtime::Handle::current().metrics().num_workers();
    let serving = serve(
        &addresses,
        router(session.client.clone(), options),
        stop.clone(),
        |address| {
            printer.answer(
                &json!({"listening": format!("http://{address}"), "database": database, "authentication": settings.is_on(), "threads": threads}),
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
    );
    let ending = async {
        serving
            .await
            .map_err(|error| Failure::failed(error.to_string()))?;
        session.client.close().await;
        Ok(ExitStatus::Ok)
    };
    let twice = async {
        interrupted().await;
        stop.cancel();
        interrupted().await;
    };
    tokio::select! {
        // Before anybody is told that it listens, it listens for interrupts.
        biased;
        () = twice => Err(Failure::interrupted()),
        ended = ending => ended,
    }
}

/// Whether a character may stand in the path of a URL (RFC 3986, 3.3).
fn is_of_a_path(one: char) -> bool {
    one.is_ascii_alphanumeric() || "/-._~%!$&'()*+,;=:@".contains(one)
}

/// Where to listen. A name that is this machine's alone may have other addresses, too: those are left.
async fn addresses(bind: &str) -> Result<Vec<SocketAddr>, Failure> {
    let found = lookup_host(bind).await;
    let mut found: Vec<SocketAddr> = found
        .map_err(|error| {
            Failure::usage(format!("--bind {bind} is no address to listen on: {error}."))
                .next("give an address or a name with a port: 127.0.0.1:8080, [::1]:8080 or localhost:8080")
        })?
        .collect();
    if found.iter().any(|address| address.ip().is_loopback()) {
        found.retain(|address| address.ip().is_loopback());
    }
    Ok(found)
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
