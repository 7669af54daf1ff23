//! Changes to documents and bytes, as an input of a fuzzer says.

use serde_json::{Map, Value, json};

/// Takes numbers off the front of the input; zeros where it has ended.
pub struct Input<'a>(pub &'a [u8]);

impl Input<'_> {
    pub fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first
    }

    pub fn below(&mut self, n: usize) -> usize {
        let number = (0..4).fold(0, |sum, _| sum << 8 | usize::from(self.byte()));
        number % n.max(1)
    }
}

/// Changes some values of a document: one to four, wherever they are.
pub fn edit_json(document: &mut Value, input: &mut Input) {
    for _ in 0..=input.byte() % 4 {
        edit(descend(document, input), input);
    }
}

/// A value in a document, anywhere.
fn descend<'a>(mut value: &'a mut Value, input: &mut Input) -> &'a mut Value {
    loop {
        let inner = match &*value {
            Value::Array(list) => list.len(),
            Value::Object(map) => map.len(),
            _ => 0,
        };
        if inner == 0 || input.byte().is_multiple_of(8) {
            return value;
        }
        let at = input.below(inner);
        value = match value {
            Value::Array(list) => &mut list[at],
            Value::Object(map) => map.values_mut().nth(at).expect("there are as many"),
            _ => unreachable!("only these hold values"),
        };
    }
}

fn edit(value: &mut Value, input: &mut Input) {
    match value {
        Value::Array(list) if !input.byte().is_multiple_of(4) => edit_list(list, input),
        Value::Object(map) if !input.byte().is_multiple_of(4) => edit_map(map, input),
        Value::String(text) if !input.byte().is_multiple_of(2) => {
            let mut bytes = std::mem::take(text).into_bytes();
            edit_bytes(&mut bytes, input);
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
        Value::Number(number) if !input.byte().is_multiple_of(2) => {
            let step = i64::from(input.byte().cast_signed());
            *value = match (number.as_i64(), number.as_u64()) {
                (Some(n), _) => json!(n.wrapping_add(step)),
                (_, Some(n)) => json!(n.wrapping_add_signed(step)),
                _ => json!(number.as_f64().unwrap_or(0.0) + step as f64),
            };
        }
        other => *other = odd(input),
    }
}

fn edit_list(list: &mut Vec<Value>, input: &mut Input) {
    if list.is_empty() {
        return list.push(odd(input));
    }
    let at = input.below(list.len());
    match input.byte() % 5 {
        0 => drop(list.remove(at)),
        1 => list.push(list[at].clone()),
        2 => list.reverse(),
        3 => list.truncate(at),
        _ => list.insert(at, odd(input)),
    }
}

fn edit_map(map: &mut Map<String, Value>, input: &mut Input) {
    let keys: Vec<String> = map.keys().cloned().collect();
    let Some(key) = keys.get(input.below(keys.len())) else {
        map.insert("key".to_owned(), odd(input));
        return;
    };
    match input.byte() % 4 {
        0 => drop(map.remove(key)),
        1 => drop(map.insert(format!("{key}2"), map[key].clone())),
        2 => {
            let other = &keys[input.below(keys.len())];
            drop(map.insert(key.clone(), map[other].clone()));
        }
        _ => drop(map.insert(key.clone(), odd(input))),
    }
}

/// Values at which readers stumble.
fn odd(input: &mut Input) -> Value {
    match input.byte() % 20 {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(0),
        3 => json!(-1),
        4 => json!(u64::MAX),
        5 => json!(i64::MIN),
        6 => json!(1_u64 << 50),
        7 => json!(1e308),
        8 => json!(0.5),
        9 => json!(""),
        10 => json!("x".repeat(70_000)),
        11 => json!("../../etc/passwd"),
        12 => json!("/"),
        13 => json!("a\u{0}b\u{1b}[2J\n"),
        14 => json!([]),
        15 => json!({}),
        16 => json!([[[[[[[[]]]]]]]]),
        17 => json!(256),
        18 => json!("NaN"),
        _ => json!(input.below(1 << 20)),
    }
}

/// Changes some bytes: one to six times.
pub fn edit_bytes(bytes: &mut Vec<u8>, input: &mut Input) {
    for _ in 0..=input.byte() % 6 {
        let at = input.below(bytes.len());
        match input.byte() % 6 {
            0 if !bytes.is_empty() => bytes[at] = input.byte(),
            1 if !bytes.is_empty() => bytes[at] ^= 1 << (input.byte() % 8),
            2 => bytes.insert(at, input.byte()),
            3 if !bytes.is_empty() => drop(bytes.remove(at)),
            4 => bytes.truncate(at),
            _ => {
                let end = bytes.len().min(at + usize::from(input.byte()));
                bytes.extend_from_within(at..end);
            }
        }
    }
}

/// Changes words of a text: lines doubled, taken away, moved inwards, and values exchanged for odd ones.
pub fn edit_text(text: &str, input: &mut Input) -> String {
    const ODD: [&str; 16] = [
        "",
        "~",
        "-1",
        "1e999",
        "0x10",
        "010",
        ".nan",
        "[]",
        "{}",
        "&a",
        "*a",
        "!!int x",
        "\"",
        "- -",
        "18446744073709551616",
        "../../etc/passwd",
    ];
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=input.byte() % 4 {
        let at = input.below(lines.len());
        let Some(line) = lines.get_mut(at) else {
            break;
        };
        match input.byte() % 7 {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => line.insert_str(0, "  "),
            3 => *line = line.trim_start().to_owned(),
            4 => {
                let key = line
                    .split_once(':')
                    .map_or("key", |(key, _)| key)
                    .to_owned();
                let odd = ODD[input.below(ODD.len())];
                *line = format!("{key}: {odd}");
            }
            5 => lines.swap(at, 0),
            _ => {
                let mut bytes = line.clone().into_bytes();
                edit_bytes(&mut bytes, input);
                *line = String::from_utf8_lossy(&bytes).into_owned();
            }
        }
    }
    lines.join("\n")
}
