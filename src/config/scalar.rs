//! A YAML scalar and its value, by the core schema of YAML 1.2 (section 10.3.2).
//!
//! Beside `tree.rs`, which reads scalars as they are written; `nodes.rs` asks for their values. A number to
//! which YAML 1.1, as other readers of the format use it, would give another value is refused.

/// A scalar of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scalar {
    pub text: String,
    /// Without quotes, and not a block.
    pub plain: bool,
    /// The type that a tag of YAML's own gives it: `str`, `int`, `float`, `bool`, `null`.
    pub tag: Option<String>,
}

/// A value whose type nobody asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Resolved<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(&'a str),
}

impl Scalar {
    /// Whether the scalar can be anything but text.
    fn typed(&self) -> bool {
        match self.tag.as_deref() {
            Some("str") => false,
            Some(_) => true,
            None => self.plain,
        }
    }

    pub fn is_null(&self) -> bool {
        let null = self.text.is_empty() || self.text == "~";
        self.typed() && (null || self.text.eq_ignore_ascii_case("null"))
    }

    pub fn resolved(&self) -> Resolved<'_> {
        if !self.typed() {
            return Resolved::Text(&self.text);
        }
        if self.is_null() {
            return Resolved::Null;
        }
        if let Some(value) = self.boolean() {
            return Resolved::Bool(value);
        }
        if let Some(value) = self.integer() {
            if let Ok(value) = u64::try_from(value) {
                return Resolved::Unsigned(value);
            }
            if let Ok(value) = i64::try_from(value) {
                return Resolved::Signed(value);
            }
        }
        match self.float() {
            Some(value) => Resolved::Float(value),
            None => Resolved::Text(&self.text),
        }
    }

    pub fn boolean(&self) -> Option<bool> {
        if self.text.eq_ignore_ascii_case("true") {
            Some(true)
        } else if self.text.eq_ignore_ascii_case("false") {
            Some(false)
        } else {
            None
        }
    }

    /// A whole number: decimal, or hexadecimal behind `0x`.
    pub fn integer(&self) -> Option<i128> {
        let (negative, digits) = match self.text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, self.text.strip_prefix('+').unwrap_or(&self.text)),
        };
        let (radix, digits) = match digits.strip_prefix("0x") {
            Some(digits) => (16, digits),
            None => (10, digits),
        };
        // Groups of digits may be set apart, as in 65_536, which YAML 1.1 has and readers share.
        if !digits
            .split('_')
            .all(|group| !group.is_empty() && group.chars().all(|c| c.is_digit(radix)))
        {
            return None;
        }
        let value = i128::from_str_radix(&digits.replace('_', ""), radix).ok()?;
        Some(if negative { -value } else { value })
    }

    /// A number that f64 holds, perhaps rounded, or `.nan`, `.inf`, `-.inf`.
    pub fn float(&self) -> Option<f64> {
        let unsigned = self.text.strip_prefix(['+', '-']).unwrap_or(&self.text);
        let negative = self.text.starts_with('-');
        if unsigned.eq_ignore_ascii_case(".nan") {
            return Some(f64::NAN);
        }
        if unsigned.eq_ignore_ascii_case(".inf") {
            return Some(if negative {
                f64::NEG_INFINITY
            } else {
                f64::INFINITY
            });
        }
        // Rust's own words for infinities and NaN are text in YAML.
        let numeric = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        numeric.then(|| self.text.parse().ok()).flatten()
    }
}

/// Why plain text is refused as a number: a 0 in front makes it octal in YAML 1.1 and decimal in
/// YAML 1.2.
pub(super) fn leading_zero(text: &str) -> Option<String> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let rest = unsigned.strip_prefix('0')?;
    if !rest.starts_with(|c: char| c.is_ascii_digit() || c == '_') {
        return None;
    }
    let digits = unsigned.replace('_', "");
    digits.parse::<f64>().ok()?;
    let plain = digits.trim_start_matches('0');
    let zero = if plain.starts_with(|c: char| c.is_ascii_digit()) {
        ""
    } else {
        "0"
    };
    Some(format!(
        "'{text}' has a 0 in front, which makes an octal number in YAML 1.1 and a decimal one in \
         YAML 1.2; write {sign}{zero}{plain}, or quote it if it is text"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Scalar {
        Scalar {
            text: text.into(),
            plain: true,
            tag: None,
        }
    }

    #[test]
    fn scalars_are_what_the_core_schema_says() {
        for (text, value) in [
            ("", Resolved::Null),
            ("~", Resolved::Null),
            ("Null", Resolved::Null),
            ("true", Resolved::Bool(true)),
            ("yes", Resolved::Text("yes")),
            ("0", Resolved::Unsigned(0)),
            ("-2", Resolved::Signed(-2)),
            ("+7", Resolved::Unsigned(7)),
            ("0x1F", Resolved::Unsigned(31)),
            (
                "18446744073709551616",
                Resolved::Float(18_446_744_073_709_551_616.0),
            ),
            ("0.5", Resolved::Float(0.5)),
            ("1e-3", Resolved::Float(1e-3)),
            (".5", Resolved::Float(0.5)),
            ("-.Inf", Resolved::Float(f64::NEG_INFINITY)),
            ("inf", Resolved::Text("inf")),
            ("nan", Resolved::Text("nan")),
            ("2^-30", Resolved::Text("2^-30")),
            ("1_000", Resolved::Unsigned(1000)),
            ("_1", Resolved::Text("_1")),
            ("0b11", Resolved::Text("0b11")),
            ("0o17", Resolved::Text("0o17")),
            ("1:30", Resolved::Text("1:30")),
        ] {
            assert_eq!(plain(text).resolved(), value, "{text}");
        }
        assert!(matches!(plain(".NaN").resolved(), Resolved::Float(x) if x.is_nan()));
        let quoted = Scalar {
            plain: false,
            ..plain("5")
        };
        assert_eq!(quoted.resolved(), Resolved::Text("5"));
        let tagged = |text: &str, tag: &str| Scalar {
            tag: Some(tag.into()),
            ..plain(text)
        };
        assert_eq!(tagged("5", "str").resolved(), Resolved::Text("5"));
        assert!(!tagged("", "str").is_null());
    }

    #[test]
    fn a_zero_in_front_is_refused_with_what_to_write() {
        for (text, write) in [
            ("010", "write 10,"),
            ("-07", "write -7,"),
            ("+08", "write 8,"),
            ("00", "write 0,"),
            ("00.5", "write 0.5,"),
            ("007.25e1", "write 7.25e1,"),
            ("0_10", "write 10,"),
        ] {
            let message = leading_zero(text).unwrap();
            assert!(message.contains(write), "{message}");
        }
        for text in [
            "0", "-0", "0.5", "0x10", "10", "0e5", "0o17", "0b1", "", "-", "01-02", "0a",
        ] {
            assert_eq!(leading_zero(text), None, "{text}");
        }
    }
}
