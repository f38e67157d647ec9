//! What must not be shown.

/// A URL with its password left out, wherever it stands.
pub fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let shown = match authority.rsplit_once('@') {
        Some((user, host)) => format!("{}@{host}", user.split(':').next().unwrap_or_default()),
        None => authority.to_owned(),
    };
    let (path, query) = path
        .split_once('?')
        .map_or((path, None), |(path, query)| (path, Some(query)));
    let is_secret = |pair: &str| {
        let key = pair.split('=').next().unwrap_or_default();
        key.eq_ignore_ascii_case("password") || key.eq_ignore_ascii_case("sslpassword")
    };
    let query: Vec<&str> = query
        .into_iter()
        .flat_map(|query| query.split('&'))
        .filter(|pair| !is_secret(pair))
        .collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{scheme}://{shown}{path}{mark}{}", query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_is_never_shown() {
        let shown =
            without_password("postgres://anna:s3cr%40t@db.example:5433/shop?sslmode=require&password=x");
        assert_eq!(shown, "postgres://anna@db.example:5433/shop?sslmode=require");
        assert_eq!(
            without_password("postgres://db/shop?sslPassword=x"),
            "postgres://db/shop"
        );
    }

    #[test]
    fn a_url_without_one_stays_as_it_is() {
        for url in [
            "postgres://db/shop",
            "postgres:///tasker?host=/run/tasker",
            "postgres://anna@db",
        ] {
            assert_eq!(without_password(url), url);
        }
    }
}
