//! What a plain word of YAML means: the core schema of YAML 1.2, and nothing of YAML 1.1.

use super::node::Data;
use serde_json::Number;

/// Why a word that looks like a number is refused.
pub(super) struct NotANumber(pub(super) String);

/// The value of an unquoted word. `yes`, `on` and `1_000` are text in YAML 1.2.
pub(super) fn plain(word: &str) -> Result<Data, NotANumber> {
    match word {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Data::Null),
        "true" | "True" | "TRUE" => return Ok(Data::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Data::Bool(false)),
        _ => {}
    }
    if is_infinite_or_nan(word) {
        return Err(NotANumber(format!(
            "'{word}' is no number that JSON can carry; write a finite number, or quote it"
        )));
    }
    match number(word)? {
        Some(value) => Ok(Data::Number {
            value,
            text: word.into(),
        }),
        None => Ok(text(word)),
    }
}

/// The value of a word with a tag of the core schema; `None` when the word does not fit the tag, or the tag is none.
pub(super) fn tagged(word: &str, suffix: &str) -> Option<Data> {
    if suffix == "str" {
        return Some(text(word));
    }
    let data = plain(word).ok()?;
    let fits = match (suffix, &data) {
        ("null", Data::Null) | ("bool", Data::Bool(_)) | ("float", Data::Number { .. }) => true,
        ("int", Data::Number { value, .. }) => !value.is_f64(),
        _ => false,
    };
    fits.then_some(data)
}

fn text(word: &str) -> Data {
    Data::Text {
        value: word.to_owned(),
        filled: false,
    }
}

fn is_infinite_or_nan(word: &str) -> bool {
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(word, ".nan" | ".NaN" | ".NAN")
}

fn number(word: &str) -> Result<Option<Number>, NotANumber> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = word.strip_prefix(prefix)
            && !digits.is_empty()
            && digits.chars().all(|digit| digit.is_digit(radix))
        {
            return u64::from_str_radix(digits, radix)
                .map(|value| Some(value.into()))
                .map_err(|_| too_large(word));
        }
    }
    if is_whole(word) {
        let word_without_plus = word.strip_prefix('+').unwrap_or(word);
        return match (word_without_plus.parse::<u64>(), word_without_plus.parse::<i64>()) {
            (Ok(value), _) => Ok(Some(value.into())),
            (_, Ok(value)) => Ok(Some(value.into())),
            _ => Err(too_large(word)),
        };
    }
    if !is_decimal(word) {
        return Ok(None);
    }
    let value = word.parse::<f64>().ok().and_then(Number::from_f64);
    value.map(Some).ok_or_else(|| too_large(word))
}

fn too_large(word: &str) -> NotANumber {
    let word = super::node::excerpt(word);
    NotANumber(format!(
        "the number {word} is too large: whole numbers go from −2⁶³ to 2⁶⁴−1; quote it to make it text"
    ))
}

/// `[-+]?[0-9]+`
fn is_whole(word: &str) -> bool {
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_decimal(word: &str) -> bool {
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    digits(before)
        && digits(after)
        && !(before.is_empty() && after.is_empty())
        && exponent.is_none_or(is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(word: &str) -> String {
        match plain(word) {
            Ok(Data::Null) => "null".into(),
            Ok(Data::Bool(value)) => format!("bool {value}"),
            Ok(Data::Number { value, .. }) => format!("number {value}"),
            Ok(Data::Text { value, .. }) => format!("text {value}"),
            Ok(_) => "collection".into(),
            Err(NotANumber(_)) => "refused".into(),
        }
    }

    #[test]
    fn words_mean_what_yaml_1_2_says() {
        for (word, expected) in [
            ("~", "null"),
            ("", "null"),
            ("True", "bool true"),
            ("yes", "text yes"),
            ("on", "text on"),
            ("12", "number 12"),
            ("+12", "number 12"),
            ("-12", "number -12"),
            ("012", "number 12"),
            ("0x1F", "number 31"),
            ("0o17", "number 15"),
            ("0x", "text 0x"),
            ("1_000", "text 1_000"),
            ("1.0", "number 1.0"),
            (".5", "number 0.5"),
            ("5.", "number 5.0"),
            ("1e3", "number 1000.0"),
            ("1.0.0", "text 1.0.0"),
            (".", "text ."),
            ("e5", "text e5"),
            ("-", "text -"),
            ("inf", "text inf"),
            ("nan", "text nan"),
            (".inf", "refused"),
            ("-.INF", "refused"),
            (".nan", "refused"),
            ("1e400", "refused"),
            ("18446744073709551615", "number 18446744073709551615"),
            ("18446744073709551616", "refused"),
            ("-9223372036854775808", "number -9223372036854775808"),
            ("-9223372036854775809", "refused"),
            ("2026-01-01", "text 2026-01-01"),
        ] {
            assert_eq!(shown(word), expected, "{word:?}");
        }
    }
}
