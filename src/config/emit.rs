//! A tree as YAML again: the text of a config that changes were made to.
//!
//! Beside `change.rs`. What is read from it is what the tree holds, value by value; comments are of the text that it
//! came from.

use super::scalar::Scalar;
use super::tree::{Node, Value};

/// The text of a tree; it ends with a line break.
pub(super) fn emitted(root: &Node) -> String {
    let mut text = String::new();
    match &root.value {
        Value::Mapping(entries) if !entries.is_empty() => below(root, 0, &mut text),
        Value::List(nodes) if !nodes.is_empty() => below(root, 0, &mut text),
        _ => text.push_str(&format!("{}\n", in_line(root))),
    }
    text
}

/// The entries or items of a node, each on lines of its own.
fn below(node: &Node, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    let mut line = |lead: String, node: &Node| {
        text.push_str(&format!("{indent}{lead}"));
        if is_empty(node) {
            text.push_str(&format!(" {}\n", in_line(node)));
        } else {
            text.push('\n');
            below(node, depth + 1, text);
        }
    };
    match &node.value {
        Value::Mapping(entries) => {
            for entry in entries {
                line(format!("{}:", key(&entry.key)), &entry.node);
            }
        }
        Value::List(nodes) => nodes.iter().for_each(|node| line("-".to_owned(), node)),
        Value::Scalar(_) => {}
    }
}

/// Whether a node has nothing below it.
fn is_empty(node: &Node) -> bool {
    match &node.value {
        Value::Scalar(_) => true,
        Value::List(nodes) => nodes.is_empty(),
        Value::Mapping(entries) => entries.is_empty(),
    }
}

/// A node with nothing below it.
fn in_line(node: &Node) -> String {
    match &node.value {
        Value::Scalar(scalar) => written(scalar),
        Value::List(_) => "[]".to_owned(),
        Value::Mapping(_) => "{}".to_owned(),
    }
}

/// A scalar that is read as this one is.
fn written(scalar: &Scalar) -> String {
    let tag = scalar.tag.as_ref();
    let tag = tag.map_or(String::new(), |tag| format!("!!{tag} "));
    if scalar.plain && tag.is_empty() {
        if scalar.text.is_empty() {
            return "null".to_owned();
        }
        if is_plain(&scalar.text) {
            return scalar.text.clone();
        }
    }
    format!("{tag}{}", quoted(&scalar.text))
}

/// Whether text without quotes is read as it stands, and as nothing else: words, numbers and paths.
fn is_plain(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "._/-+~*^()<>= ".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || "./~+-".contains(c))
        && text.chars().all(inside)
        && !text.starts_with("- ")
        && !text.starts_with("--")
        && text.trim() == text
        && text != "-"
}

fn key(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == '-';
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if starts && text.chars().all(is_word) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// Between quotes, as JSON has it, which YAML reads too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::tree::scan;
    use super::*;

    /// What a node holds, without its places.
    fn shape(node: &Node) -> String {
        match &node.value {
            Value::Scalar(scalar) => format!("{:?}", scalar.resolved()),
            Value::List(nodes) => format!("{:?}", nodes.iter().map(shape).collect::<Vec<_>>()),
            Value::Mapping(entries) => {
                let pairs = entries.iter().map(|e| (e.key.clone(), shape(&e.node)));
                format!("{:?}", pairs.collect::<Vec<_>>())
            }
        }
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let others = "a: ''\nb: '~'\nc: ~\nd:\ne: !!str 5\nf: !!int '5'\ng: \"x\\ny: # z\"\nh: a b\n  c\n'1': y\n\
                      \"k: v\": {l: [], m: {}, n: [[1, 2], [{o: p}]]}\nq: 'true'\nr: 0x1f\ns: .nan\nt: -.inf\n\
                      u: \"{group}/x\"\nv: h_ph #2\nw: \"- x\"\nx: '-'\ny: '\u{e9}'\nz: '#'\naa: 'a: b'\n";
        let built_in = super::super::built_in();
        let texts = built_in.iter().map(|config| config.text);
        for text in texts.chain([others, "[]", "5", "- a\n- {b: c}\n"]) {
            let before = scan(text).unwrap().root.unwrap();
            let written = emitted(&before);
            let after = scan(&written).unwrap();
            assert!(after.faults.is_empty(), "{written}");
            assert_eq!(shape(&before), shape(&after.root.unwrap()), "{written}");
        }
    }
}
