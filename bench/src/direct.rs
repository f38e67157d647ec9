//! The way to PostgreSQL itself where the engine goes through a pooler: what the bench does beside the engine needs sessions
//! of its own (a lock for the whole run, a search path, counters of one backend).

use anyhow::Result;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Row};
use std::str::FromStr;
use std::time::Duration;
use tasker_core::Error;

/// How long a guess may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Where servers usually have their sockets; tried where this user may not see the setting.
const USUAL_SOCKETS: &str = "/var/run/postgresql, /tmp";

/// Which server answers: two that started in the same microsecond do not serve databases of the same name here.
const WHICH: &str = "select pg_postmaster_start_time()::text || ' ' || current_database()";
/// Where the server listens, as itself says.
const WHERE: &str = "select host(inet_server_addr()), current_setting('port')::text, current_database()::text, \
                     current_user::text, (select setting from pg_settings where name = 'unix_socket_directories')";

/// The URL that leads straight to the server behind `url`: the one `named`, else where the server itself says that it listens.
///
/// # Errors
/// `ConfigInvalid` where there is no such way, or the way that was named leads to another server.
pub(crate) async fn find(url: &str, named: Option<&str>) -> Result<String> {
    let pooled = quiet(url)?.extra_float_digits(None).statement_cache_capacity(0);
    let mut asking = pooled.clone().connect().await?;
    let wanted = which(&mut asking).await?;
    if let Some(named) = named {
        if answers(&quiet(named)?, &wanted).await {
            return Ok(named.to_owned());
        }
        return Err(no_way("--direct-url does not lead to the database behind --database-url").into());
    }
    let guesses = guesses(&mut asking, &pooled).await?;
    asking.close().await?;
    for options in guesses {
        if answers(&options, &wanted).await {
            return Ok(options.to_url_lossy().into());
        }
    }
    Err(no_way("a pooler stands before the database, and PostgreSQL itself was not found where it says that it listens").into())
}

/// A connection whose statements nobody counts as the engine's.
pub(crate) fn quiet(url: &str) -> Result<PgConnectOptions> {
    Ok(PgConnectOptions::from_str(url)?
        .application_name("tasker-bench-looker")
        .disable_statement_logging())
}

/// By the simple protocol, which a pooler in transaction mode leaves whole.
async fn which(connection: &mut PgConnection) -> Result<String> {
    let row = sqlx::Executor::fetch_one(connection, sqlx::raw_sql(WHICH)).await?;
    Ok(row.try_get(0)?)
}

async fn guesses(asking: &mut PgConnection, pooled: &PgConnectOptions) -> Result<Vec<PgConnectOptions>> {
    let row = sqlx::Executor::fetch_one(asking, sqlx::raw_sql(WHERE)).await?;
    let address: Option<String> = row.try_get(0)?;
    let port: String = row.try_get(1)?;
    let (database, user): (String, String) = (row.try_get(2)?, row.try_get(3)?);
    let sockets: Option<String> = row.try_get(4)?;
    let straight = pooled
        .clone()
        .extra_float_digits(Some(2))
        .statement_cache_capacity(100)
        .port(port.parse()?)
        .database(&database)
        .username(&user);
    let sockets = sockets.unwrap_or_else(|| USUAL_SOCKETS.to_owned());
    let sockets = sockets
        .split(',')
        // A name may stand in quotes, in the file and so here.
        .map(|directory| directory.trim().trim_matches('"'))
        .filter(|directory| directory.starts_with('/'))
        .map(|directory| straight.clone().socket(directory));
    // The pooler reached the server over TCP, or over a socket: then it is on the same machine.
    let over_tcp = address.map(|address| straight.clone().host(&address));
    Ok(over_tcp.into_iter().chain(sockets).collect())
}

async fn answers(options: &PgConnectOptions, wanted: &str) -> bool {
    let asked = async {
        let mut connection = options.connect().await?;
        let found = which(&mut connection).await?;
        connection.close().await?;
        anyhow::Ok(found)
    };
    matches!(tokio::time::timeout(PATIENCE, asked).await, Ok(Ok(found)) if found == wanted)
}

fn no_way(what: &str) -> Error {
    Error::new(
        tasker_core::ErrorKind::ConfigInvalid,
        format!("{what}: give --direct-url, a URL that leads to the same database without the pooler"),
    )
}
