//! The footer of a Parquet file, checked before the library believes what it says of the schema.
//!
//! Below `file.rs`. A schema is a tree whose groups say how many children they have. The library sets memory
//! aside for as many, and calls itself for every one. Format: Apache Parquet, `FileMetaData` of
//! `parquet.thrift`.

use super::header::{Bad, I32, Input, LIST, STRUCT};
use crate::source::Bytes;

/// Groups within groups: lists of structs of lists have six.
const DEEPEST: usize = 64;
/// Length of the footer and the signature behind it.
const END: u64 = 8;

/// Checks the schema in the footer.
///
/// # Errors
/// In words, what it says that cannot be.
pub(super) fn check(file: &dyn Bytes) -> Result<(), String> {
    // No more than the file has.
    let read = |from: u64, length: u64| {
        let mut out = vec![0; length as usize];
        let read = file.read_at(from, &mut out);
        read.map(|()| out).map_err(|e| e.to_string())
    };
    let Some(end) = file.length().checked_sub(END) else {
        return Err("it is too short".to_owned());
    };
    let tail = read(end, END)?;
    let Some((length, b"PAR1")) = tail.split_first_chunk::<4>() else {
        return Err("it does not end as such; it is not whole, or encrypted".to_owned());
    };
    let length = u64::from(u32::from_le_bytes(*length));
    let start = end
        .checked_sub(length)
        .ok_or("its footer is longer than the file")?;
    let children = schema(&read(start, length)?).map_err(|_| "its footer is damaged")?;
    check_tree(&children)
}

/// How many children each element of the schema says that it has.
fn schema(bytes: &[u8]) -> Result<Vec<u64>, Bad> {
    let mut input = Input::new(bytes);
    let mut children = Vec::new();
    let mut place = 0;
    while let Some(kind) = input.field(&mut place)? {
        if place != 2 {
            input.pass(kind, 0)?;
            continue;
        }
        let (count, of) = if kind == LIST {
            input.list()?
        } else {
            return Err(Bad::Wrong);
        };
        if of != STRUCT {
            return Err(Bad::Wrong);
        }
        for _ in 0..count {
            children.push(element(&mut input)?);
        }
    }
    Ok(children)
}

fn element(input: &mut Input) -> Result<u64, Bad> {
    let (mut place, mut children) = (0, 0);
    while let Some(kind) = input.field(&mut place)? {
        match (place, kind) {
            (5, I32) => children = u64::try_from(input.signed()?).map_err(|_| Bad::Wrong)?,
            (5, _) => return Err(Bad::Wrong),
            _ => input.pass(kind, 0)?,
        }
    }
    Ok(children)
}

fn check_tree(children: &[u64]) -> Result<(), String> {
    // Children that are still to come, of each group that is open.
    let mut open: Vec<u64> = Vec::new();
    for (place, &count) in children.iter().enumerate() {
        let after = (children.len() - place - 1) as u64;
        if count > after {
            return Err(format!(
                "element {place} of its schema has {count} children, and {after} elements follow"
            ));
        }
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        open.push(count);
        while open.last() == Some(&0) {
            open.pop();
        }
        if open.len() > DEEPEST {
            return Err(format!(
                "its schema has more than {DEEPEST} groups within each other"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_that_cannot_be_are_told() {
        assert_eq!(check_tree(&[2, 0, 1, 0]), Ok(()));
        assert!(check_tree(&[2, 0]).unwrap_err().contains("element 0"));
        assert!(
            check_tree(&[1, u64::MAX, 0])
                .unwrap_err()
                .contains("element 1")
        );
        let mut deep = vec![1; 1000];
        deep.push(0);
        assert!(check_tree(&deep).unwrap_err().contains("within each other"));
        assert!(check_tree(&vec![0; 1000]).is_ok());
    }

    #[test]
    fn a_schema_is_found_among_other_fields() {
        // Version 1, two elements (a group of one, a leaf), then 7 rows.
        let bytes = [
            0x15, 2, 0x19, 0x2c, 0x48, 1, b'a', 0x15, 2, 0, 0x15, 2, 0x38, 1, b'b', 0, 0x16, 14, 0,
        ];
        assert_eq!(schema(&bytes), Ok(vec![1, 0]));
        assert_eq!(schema(&bytes[..9]), Err(Bad::Short));
    }
}
