//! The way to the database: whether it leads there, what stands in between, whether hints are heard.

use super::words::seconds;
use super::{Examination, unseen};
use crate::error::{Error, ErrorKind};
use crate::model::{Check, CheckId, Finding, PoolerSetting};
use crate::store::{Held, ServerFacts, Session, Store, run, sqlstate};
use serde_json::json;
use std::time::Instant;

/// Nobody says which database, or what they say is none.
pub(super) fn no_database(error: &Error) -> Check {
    Check::found(Finding::NoDatabaseNamed, error.message.clone(), json!({"error": error.kind.name()}))
        .advise("name one: --database-url, TASKER_DATABASE_URL or DATABASE_URL, such as postgres://user@host/database")
}

/// Why there is no connection.
pub(super) async fn failed(error: &Error, private: bool, store: Option<&Store>) -> Check {
    let state = sqlstate(error);
    let found = json!({"error": error.kind.name(), "sqlstate": state});
    let check = |finding: Finding| Check::found(finding, error.message.clone(), found.clone());
    if let Some(store) = store.filter(|store| refuses_parameters(store, state))
        && matches!(store.probe_session(None).await, Ok(Session::Pooled))
    {
        return pooler_denied(found);
    }
    match state {
        Some("28P01") => check(Finding::LoginRefused)
            .advise("correct the password in the URL, or set it: alter role … password '…'"),
        Some("28000") => check(Finding::LoginRefused)
            .advise("make the role (create role … login) or name another one in the URL; if it exists, pg_hba.conf has to let it in from here"),
        Some("42501") => Check::found(
            Finding::LoginRefused,
            "the role may not connect to this database",
            found.clone(),
        )
        .advise("an administrator grants it: grant connect on database … to …"),
        Some("3D000") => check(Finding::DatabaseMissing)
            .advise("correct the name in the URL, or make it: createdb …; then `tasker migrate`"),
        Some("53300") => check(Finding::NoConnectionLeft)
            .advise("end sessions that nobody needs: select pid, usename, application_name, state, state_change from pg_stat_activity;")
            .advise("lower database.max_connections of the processes, raise max_connections of the server or the limit of the role, or put a pooler in front"),
        Some("57P01" | "57P02" | "57P03") => check(Finding::ServerNotReady)
            .advise("wait and try again; if it goes on, the log of the server says what it recovers from"),
        Some("53100") => check(Finding::DiskFull)
            .advise("make room on the disk of the server: it takes no writes until then"),
        _ if private => check(Finding::PrivateClusterBroken)
            .advise("tasker pg status")
            .advise("the log that it names says more; or name another database with --database-url"),
        None if error.kind == ErrorKind::ConfigInvalid => no_database(error),
        None if error.kind == ErrorKind::DatabaseUnavailable => check(Finding::ServerUnreachable)
            .advise("is the server running, and are host and port right? pg_isready tells")
            .advise("if it went down by itself, its log says why: a full disk and the out-of-memory killer are the usual reasons"),
        _ => check(Finding::ConnectionFailed).advise("the message above is the server's own: its log has more"),
    }
}

/// A connection that was refused because of its parameters, by a setting that sends them without asking.
fn refuses_parameters(store: &Store, state: Option<&str>) -> bool {
    store.options().settings.pooler == PoolerSetting::None && matches!(state, Some("08P01" | "0A000"))
}

fn pooler_denied(found: serde_json::Value) -> Check {
    Check::found(
        Finding::PoolerDenied,
        "a pooler stands in front of the database and refuses what the engine sends to a server of its own",
        found,
    )
    .advise("set database.pooler to auto or transaction; or, in session mode, have the pooler ignore the parameters: ignore_startup_parameters = options, extra_float_digits")
}

/// What stands in between, how long a round trip takes, and whether hints are heard.
pub(super) async fn pooler(
    examination: &mut Examination<'_>,
    store: &Store,
    held: &mut Held,
    server: &ServerFacts,
) {
    let began = Instant::now();
    let answered = run!(store, held, None, |connection| store.doctor_clock(connection));
    let round_trip = began.elapsed().as_secs_f64();
    match answered {
        Ok(_) => examination.add(Check::ok(
            CheckId::Connection,
            format!(
                "PostgreSQL {} answers {} in {}",
                server.version_text,
                server.user,
                seconds(round_trip)
            ),
            json!({"user": server.user, "database": server.database, "round_trip_seconds": round_trip}),
        )),
        Err(error) => examination.add(failed(&error, false, Some(store)).await),
    }
    let found = store.probe_session(None).await;
    let Some(found) = examination.facts(found, &[CheckId::Pooler, CheckId::Listener]) else {
        return;
    };
    examination.add(between(store.options().settings.pooler, store.session(), found));
    let heard = listener(store, held, server, found).await;
    examination.add(heard);
}

/// What was set, what the engine works by, and what a probe found.
fn between(setting: PoolerSetting, chosen: Option<Session>, found: Session) -> Check {
    let name = |session| match session {
        Session::Direct => "direct",
        Session::Pooled => "transaction",
    };
    let facts = json!({"setting": setting, "found": name(found), "chosen": chosen.map(name)});
    match (setting, found) {
        (PoolerSetting::None, Session::Pooled) => Check::found(
            Finding::PoolerUnclear,
            "a pooler that drops parameters stands in front, and database.pooler says that there is none: right only if it keeps a session on one server",
            facts,
        )
        .advise("unless its pool_mode is session, set database.pooler to auto or transaction"),
        (_, Session::Pooled) => Check::found(
            Finding::PoolerInFront,
            "a pooler stands in front; chosen: transaction mode (no named statements, limits set in each call)",
            facts,
        )
        .advise("nothing has to be done; straight to PostgreSQL a call is one round trip in place of four"),
        (PoolerSetting::Transaction, Session::Direct) => Check::found(
            Finding::PoolerNotThere,
            "database.pooler is transaction, and nothing stands in between: each call takes four round trips in place of one",
            facts,
        )
        .advise("set database.pooler to auto"),
        (_, Session::Direct) => Check::ok(
            CheckId::Pooler,
            "nothing stands in between; chosen: a session of our own, with named statements",
            facts,
        ),
    }
}

async fn listener(store: &Store, held: &mut Held, server: &ServerFacts, found: Session) -> Check {
    let check = CheckId::Listener;
    if server.standby {
        return Check::unseen(check, "not looked at: a standby takes no notifications");
    }
    let around = store.options().settings.listen_url.as_deref();
    let facts = json!({"listen_url": around.is_some()});
    if around.is_none() && found == Session::Pooled {
        return Check::found(
            Finding::NobodyListens,
            "behind the pooler nobody listens: idle workers find what other processes made by polling, within a second",
            facts,
        )
        .advise("to be told at once, set database.listen_url to a URL that leads straight to PostgreSQL");
    }
    if around.is_some() {
        match store.probe_session(around).await {
            Ok(Session::Direct) => {}
            Ok(Session::Pooled) => {
                return Check::found(
                    Finding::ListenerPooled,
                    "database.listen_url leads to a pooler too, which hands sessions to others",
                    facts,
                )
                .advise("set it to a URL that leads straight to PostgreSQL, or leave it out");
            }
            Err(error) => return unreachable(&error, facts),
        }
    }
    let options = match store.listening() {
        Ok(Some(options)) => options,
        Ok(None) => return Check::ok(check, "nobody listens, as it was set", facts),
        Err(error) => return unreachable(&error, facts),
    };
    let heard = async {
        let hearing = store.probe_listener(options).await?;
        // A call of its own: behind a pooler nobody hears it before the commit.
        run!(store, held, None, |connection| store
            .doctor_notify(connection, &hearing))?;
        Ok(hearing.heard().await)
    };
    match heard.await {
        Ok(true) => Check::ok(check, "hints of other processes are heard", facts),
        Ok(false) => Check::found(
            Finding::ListenerDeaf,
            "what is said in the database was not heard within two seconds where the engine listens",
            facts,
        )
        .advise("does database.listen_url lead to the same database? Notifications stay inside one")
        .advise("workers find work by polling meanwhile, within a second"),
        Err(error) if around.is_some() => unreachable(&error, facts),
        Err(error) => unseen(check, &error),
    }
}

fn unreachable(error: &Error, facts: serde_json::Value) -> Check {
    Check::found(
        Finding::ListenerUnreachable,
        format!("database.listen_url leads nowhere: {}", error.message),
        facts,
    )
    .advise("correct it, or leave it out: workers find work by polling meanwhile, within a second")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_is_held_against_what_was_found() {
        let verdict = |setting, found| between(setting, Some(found), found).finding;
        assert_eq!(verdict(PoolerSetting::Auto, Session::Direct), None);
        assert_eq!(verdict(PoolerSetting::None, Session::Direct), None);
        assert_eq!(
            verdict(PoolerSetting::Transaction, Session::Pooled),
            Some(Finding::PoolerInFront)
        );
        assert_eq!(
            verdict(PoolerSetting::Auto, Session::Pooled),
            Some(Finding::PoolerInFront)
        );
        assert_eq!(
            verdict(PoolerSetting::None, Session::Pooled),
            Some(Finding::PoolerUnclear)
        );
        assert_eq!(
            verdict(PoolerSetting::Transaction, Session::Direct),
            Some(Finding::PoolerNotThere)
        );
    }
}
