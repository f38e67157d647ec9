//! One pass over JSON text: is it JSON, and can the database and every language carry it?
//!
//! This is on the hot path of every step. It allocates nothing and knows no keys; where something is wrong it says at
//! which byte, and `pointer` finds out where that is.

/// Containers inside of each other, at most.
pub(super) const MAX_DEPTH: u32 = 128;
/// No number is written with more characters: with the largest exponent it stays below the 16,383 digits behind the
/// point that `numeric` of PostgreSQL has.
const MAX_NUMBER_LENGTH: usize = 4_096;
/// No exponent is larger, in either direction, for the same reason.
const MAX_EXPONENT: i64 = 9_999;

/// What is wrong, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) offset: usize,
    pub(super) message: &'static str,
}

type Scan = Result<(), Refusal>;

pub(super) struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
    /// One bit for each open container, the innermost last: 1 for an object.
    objects: u128,
    depth: u32,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
            objects: 0,
            depth: 0,
        }
    }

    /// Scans one value and nothing behind it but white space.
    pub(super) fn run(mut self) -> Scan {
        loop {
            self.skip_space();
            if self.value()? {
                continue;
            }
            if self.after_value()? {
                break;
            }
        }
        self.skip_space();
        if self.at < self.text.len() {
            return self.refuse("there is more text behind the value");
        }
        Ok(())
    }

    /// Scans a scalar, or opens a container; true when a value must follow, inside of it.
    fn value(&mut self) -> Result<bool, Refusal> {
        match self.peek() {
            Some(b'"') => self.string()?,
            Some(b'{') => {
                self.open(true)?;
                if self.peek_after_space() == Some(b'}') {
                    self.close();
                } else {
                    self.key()?;
                    return Ok(true);
                }
            }
            Some(b'[') => {
                self.open(false)?;
                if self.peek_after_space() == Some(b']') {
                    self.close();
                } else {
                    return Ok(true);
                }
            }
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word(b"true")?,
            Some(b'f') => self.word(b"false")?,
            Some(b'n') => self.word(b"null")?,
            Some(b'N' | b'I') => return self.refuse("NaN and infinities are not JSON"),
            Some(_) => return self.refuse("a value is expected here"),
            None => return self.refuse("the text ends where a value is expected"),
        }
        Ok(false)
    }

    /// Goes on behind a value: closes containers, up to the next comma. True when the outermost value has ended.
    fn after_value(&mut self) -> Result<bool, Refusal> {
        loop {
            if self.depth == 0 {
                return Ok(true);
            }
            let in_object = self.objects & 1 == 1;
            match (self.peek_after_space(), in_object) {
                (Some(b','), true) => {
                    self.at += 1;
                    self.key()?;
                    return Ok(false);
                }
                (Some(b','), false) => {
                    self.at += 1;
                    return Ok(false);
                }
                (Some(b'}'), true) | (Some(b']'), false) => self.close(),
                (Some(_), true) => return self.refuse("',' or '}' is expected here"),
                (Some(_), false) => return self.refuse("',' or ']' is expected here"),
                (None, _) => return self.refuse("the text ends inside of an object or array"),
            }
        }
    }

    fn open(&mut self, object: bool) -> Scan {
        if self.depth == MAX_DEPTH {
            return self.refuse("the value is nested deeper than 128 levels");
        }
        self.objects = self.objects << 1 | u128::from(object);
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    fn close(&mut self) {
        self.objects >>= 1;
        self.depth -= 1;
        self.at += 1;
    }

    fn key(&mut self) -> Scan {
        if self.peek_after_space() != Some(b'"') {
            return self.refuse("a key in quotes is expected here");
        }
        self.string()?;
        if self.peek_after_space() != Some(b':') {
            return self.refuse("':' is expected here");
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Scan {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(0) => {
                    return self.refuse("the text has the character U+0000, which the database cannot store");
                }
                Some(0..0x20) => return self.refuse("a control character must be escaped in JSON"),
                Some(_) => self.at += 1,
                None => return refuse_at(start, "this text in quotes has no end"),
            }
        }
    }

    fn escape(&mut self) -> Scan {
        let start = self.at;
        match self.text.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                return Ok(());
            }
            Some(b'u') => {}
            _ => return self.refuse("this escape is not one of JSON's"),
        }
        match self.unit()? {
            0 => refuse_at(
                start,
                "the text has the character U+0000, which the database cannot store",
            ),
            0xDC00..=0xDFFF => refuse_at(start, LONE_SURROGATE),
            0xD800..=0xDBFF => {
                let followed = self.text.get(self.at..self.at + 2) == Some(b"\\u");
                if followed && (0xDC00..=0xDFFF).contains(&self.unit()?) {
                    Ok(())
                } else {
                    refuse_at(start, LONE_SURROGATE)
                }
            }
            _ => Ok(()),
        }
    }

    /// The four digits of `\uXXXX`.
    fn unit(&mut self) -> Result<u32, Refusal> {
        let digits = self.text.get(self.at + 2..self.at + 6).unwrap_or_default();
        let digits = digits.iter().map(|digit| char::from(*digit).to_digit(16));
        let unit = digits.clone().count() == 4;
        match digits.fold(unit.then_some(0), |unit, digit| Some(unit? << 4 | digit?)) {
            Some(unit) => {
                self.at += 6;
                Ok(unit)
            }
            None => self.refuse("\\u needs four hexadecimal digits").map(|()| 0),
        }
    }

    fn word(&mut self, word: &'static [u8]) -> Scan {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        self.refuse("a value is expected here")
    }

    fn number(&mut self) -> Scan {
        let start = self.at;
        let negative = self.take(b'-');
        if negative && self.peek() == Some(b'I') {
            return refuse_at(start, "NaN and infinities are not JSON");
        }
        let whole = self.digits();
        if whole == 0 {
            return refuse_at(start, "a number needs a digit here");
        }
        if whole > 1 && self.text[self.at - whole] == b'0' {
            return refuse_at(start, "a number must not begin with 0");
        }
        let point = self.take(b'.');
        if point && self.digits() == 0 {
            return refuse_at(start, "a number needs a digit behind the point");
        }
        let exponent = self.exponent(start)?;
        let text = &self.text[start..self.at];
        if !point && !exponent {
            return whole_number(text, whole, negative, start);
        }
        decimal_number(text, exponent, start)
    }

    /// True when there was one.
    fn exponent(&mut self, start: usize) -> Result<bool, Refusal> {
        if !matches!(self.peek(), Some(b'e' | b'E')) {
            return Ok(false);
        }
        self.at += 1;
        if matches!(self.peek(), Some(b'+' | b'-')) {
            self.at += 1;
        }
        let digits = self.digits();
        if digits == 0 {
            return refuse_at(start, "a number needs a digit in its exponent").map(|()| true);
        }
        let value = std::str::from_utf8(&self.text[self.at - digits..self.at])
            .ok()
            .and_then(|text| text.parse().ok());
        match value {
            Some(0..=MAX_EXPONENT) => Ok(true),
            _ => refuse_at(start, OUT_OF_RANGE).map(|()| true),
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn peek_after_space(&mut self) -> Option<u8> {
        self.skip_space();
        self.peek()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn refuse<T>(&self, message: &'static str) -> Result<T, Refusal> {
        Err(Refusal {
            offset: self.at,
            message,
        })
    }
}

const LONE_SURROGATE: &str = "the text has half of a surrogate pair, which is no character";
const OUT_OF_RANGE: &str = "the number is too large, or too near to 0, for a double";
const WHOLE_OUT_OF_RANGE: &str =
    "whole numbers go from −9223372036854775808 to 18446744073709551615; send larger ones as text";

fn refuse_at(offset: usize, message: &'static str) -> Scan {
    Err(Refusal { offset, message })
}

/// −2⁶³ … 2⁶⁴−1. `digits` counts those of `text`, which has no leading zeros.
fn whole_number(text: &[u8], digits: usize, negative: bool, start: usize) -> Scan {
    const ALWAYS_FITS: usize = 18;
    if digits <= ALWAYS_FITS {
        return Ok(());
    }
    let text = std::str::from_utf8(text).unwrap_or_default();
    let fits = if negative {
        text.parse::<i64>().is_ok()
    } else {
        text.parse::<u64>().is_ok()
    };
    if fits {
        Ok(())
    } else {
        refuse_at(start, WHOLE_OUT_OF_RANGE)
    }
}

/// What a double can hold, not rounded to infinity nor to 0.
fn decimal_number(text: &[u8], exponent: bool, start: usize) -> Scan {
    const ALWAYS_FITS: usize = 300;
    if !exponent && text.len() <= ALWAYS_FITS {
        return Ok(());
    }
    if text.len() > MAX_NUMBER_LENGTH {
        return refuse_at(start, "the number is written with more than 4096 characters");
    }
    let mantissa = text
        .split(|byte| matches!(byte, b'e' | b'E'))
        .next()
        .unwrap_or_default();
    let is_zero = !mantissa.iter().any(|byte| matches!(byte, b'1'..=b'9'));
    let value: Option<f64> = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    match value {
        Some(value) if value.is_finite() && (value != 0.0 || is_zero) => Ok(()),
        _ => refuse_at(start, OUT_OF_RANGE),
    }
}
