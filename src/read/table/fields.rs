//! Columns by the names that configs have for them: those of the table, and fields of its structs, as `bbox.xmin`.
//!
//! On the line: `columns.rs` looks a name up here, and of a struct no more is read than the fields that are named
//! (`row_groups.rs`, `ipc/`), which stand as columns of their own after `batches.rs`.

use std::sync::Arc;

use arrow::array::{Array, AsArray, make_array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

/// What is read of a column: all of it, or one field of a struct.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pick {
    /// Position in the schema.
    pub root: usize,
    /// Names of the field within, from the outside; none where all is read.
    pub path: Vec<String>,
}

/// A column of a name.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub pick: Pick,
    pub field: &'a Field,
}

/// The columns of this name; several where the table has it twice. A column whose own name has a dot comes before the
/// field of a struct.
pub(super) fn find<'a>(schema: &'a Schema, name: &str) -> Vec<Found<'a>> {
    let roots = || schema.fields().iter().enumerate();
    let own = roots().filter(|(_, field)| field.name() == name);
    let own: Vec<Found> = own
        .map(|(root, field)| Found {
            pick: Pick {
                root,
                path: Vec::new(),
            },
            field,
        })
        .collect();
    if !own.is_empty() {
        return own;
    }
    let mut found = Vec::new();
    for (root, field) in roots() {
        within(field, name, &mut Vec::new(), &mut |path, field| {
            let pick = Pick {
                root,
                path: path.to_vec(),
            };
            found.push(Found { pick, field });
        });
    }
    found
}

/// Visits the fields of a struct that a name leads to, which begins with that of the struct.
fn within<'a>(
    field: &'a Field,
    name: &str,
    path: &mut Vec<String>,
    visit: &mut impl FnMut(&[String], &'a Field),
) {
    let rest = name.strip_prefix(field.name().as_str());
    let Some(rest) = rest.and_then(|rest| rest.strip_prefix('.')) else {
        return;
    };
    let DataType::Struct(fields) = field.data_type() else {
        return;
    };
    for field in fields {
        path.push(field.name().clone());
        if field.name() == rest {
            visit(path, field);
        } else {
            within(field, rest, path, visit);
        }
        path.pop();
    }
}

/// What of a struct's field is read, by what is read of the struct; `None` where nothing is.
pub(super) fn inside<'a>(paths: &[&'a [String]], field: &str) -> Option<Vec<&'a [String]>> {
    let tails = paths.iter().filter_map(|path| match path.split_first() {
        None => Some(&path[..0]),
        Some((first, rest)) => (first == field).then_some(rest),
    });
    let tails: Vec<&[String]> = tails.collect();
    (!tails.is_empty()).then_some(tails)
}

/// The paths of one root; `None` where nothing of it is read.
pub(super) fn of_root(picks: &[Pick], root: usize) -> Option<Vec<&[String]>> {
    let of = picks.iter().filter(|pick| pick.root == root);
    let of: Vec<&[String]> = of.map(|pick| pick.path.as_slice()).collect();
    (!of.is_empty()).then_some(of)
}

/// The columns that are read, structs with no more than the fields that are.
pub(super) fn narrowed(schema: &Schema, picks: &[Pick]) -> Schema {
    let fields = schema.fields().iter().enumerate();
    let fields = fields.filter_map(|(root, field)| Some(narrow(field, &of_root(picks, root)?)));
    Schema::new(fields.collect::<Vec<_>>())
}

/// A field with no more of a struct than is read.
pub(super) fn narrow(field: &FieldRef, paths: &[&[String]]) -> FieldRef {
    let DataType::Struct(fields) = field.data_type() else {
        return Arc::clone(field);
    };
    if paths.iter().any(|path| path.is_empty()) {
        return Arc::clone(field);
    }
    let fields = fields.iter();
    let read = fields.filter_map(|field| Some(narrow(field, &inside(paths, field.name())?)));
    let data_type = DataType::Struct(read.collect());
    Arc::new(field.as_ref().clone().with_data_type(data_type))
}

/// A batch with the named fields of structs as columns behind its own.
///
/// # Errors
/// A struct without such a field, which the batch has.
pub(super) fn unfolded(
    batch: &RecordBatch,
    named: &[(String, Vec<String>)],
) -> Result<RecordBatch, ArrowError> {
    if named.is_empty() {
        return Ok(batch.clone());
    }
    let mut fields = batch.schema().fields().to_vec();
    let mut arrays = batch.columns().to_vec();
    for (name, path) in named {
        let absent = || ArrowError::SchemaError(format!("there is no {name}"));
        let mut array = Arc::clone(batch.column_by_name(&path[0]).ok_or_else(absent)?);
        let mut nulls: Option<NullBuffer> = None;
        for part in &path[1..] {
            nulls = NullBuffer::union(nulls.as_ref(), array.nulls());
            let of_struct = array.as_struct_opt().ok_or_else(absent)?;
            let field = Arc::clone(of_struct.column_by_name(part).ok_or_else(absent)?);
            array = field;
        }
        nulls = NullBuffer::union(nulls.as_ref(), array.nulls());
        let data = array.to_data().into_builder().nulls(nulls).build()?;
        fields.push(Arc::new(Field::new(name, array.data_type().clone(), true)));
        arrays.push(make_array(data));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

/// The type of values that a dictionary stands for, in lists and structs, too.
pub(super) fn plain(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        // Of texts, none is copied for each row that has it.
        DataType::Dictionary(_, values) if is_text(values) => DataType::Utf8View,
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        DataType::List(item) => DataType::List(plain(item)),
        DataType::LargeList(item) => DataType::LargeList(plain(item)),
        DataType::FixedSizeList(item, length) => DataType::FixedSizeList(plain(item), *length),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain).collect::<Fields>()),
        _ => return Arc::clone(field),
    };
    Arc::new(field.as_ref().clone().with_data_type(data_type))
}

/// The same with views of texts, in structs, too.
pub(super) fn viewed(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(viewed).collect::<Fields>()),
        _ => return Arc::clone(field),
    };
    Arc::new(field.as_ref().clone().with_data_type(data_type))
}

/// Whether values are bytes of any length.
pub(super) fn is_binary(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView
    )
}

/// Whether values are text, or stand for text in a dictionary.
pub(in crate::read::table) fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Float64Array, Int32Array, StructArray};
    use arrow::datatypes::Float64Type;

    use super::*;

    fn schema() -> Schema {
        let float = |name: &str| Field::new(name, DataType::Float64, true);
        let inner = DataType::Struct(vec![float("x"), float("y")].into());
        let outer = DataType::Struct(vec![Field::new("in", inner, true), float("x.y")].into());
        Schema::new(vec![
            Field::new("a", outer, true),
            float("a.dot"),
            Field::new("b", DataType::Int32, true),
        ])
    }

    #[test]
    fn names_lead_to_columns_and_to_fields_of_structs() {
        let schema = schema();
        let found = |name: &str| -> Vec<(usize, String)> {
            let found = find(&schema, name).into_iter();
            found
                .map(|f| (f.pick.root, f.pick.path.join("/")))
                .collect()
        };
        assert_eq!(found("b"), [(2, String::new())]);
        assert_eq!(found("a.dot"), [(1, String::new())]);
        assert_eq!(found("a.in.x"), [(0, "in/x".to_owned())]);
        assert_eq!(found("a.x.y"), [(0, "x.y".to_owned())]);
        for none in ["c", "a.in.z", "a.in.", "b.x", "a."] {
            assert!(found(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn of_a_struct_no_more_is_read_than_is_named() {
        let picks = [
            Pick {
                root: 0,
                path: vec!["in".into(), "y".into()],
            },
            Pick {
                root: 2,
                path: Vec::new(),
            },
        ];
        let read = narrowed(&schema(), &picks);
        let names: Vec<&str> = read.fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        let y = Field::new("y", DataType::Float64, true);
        let inner = Field::new("in", DataType::Struct(vec![y].into()), true);
        assert_eq!(
            read.field(0).data_type(),
            &DataType::Struct(vec![inner].into())
        );
    }

    #[test]
    fn a_field_of_a_null_struct_is_null() {
        let x: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None, Some(3.0)]));
        let fields: Fields = vec![Field::new("x", DataType::Float64, true)].into();
        let nulls = NullBuffer::from(vec![true, true, false]);
        let of_struct: ArrayRef = Arc::new(StructArray::new(fields, vec![x], Some(nulls)));
        let b: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
        let batch = RecordBatch::try_from_iter([("a", of_struct), ("b", b)]).unwrap();
        let named = [("a.x".to_owned(), vec!["a".to_owned(), "x".to_owned()])];
        let unfolded = unfolded(&batch, &named).unwrap();
        assert_eq!(unfolded.num_columns(), 3);
        let x = unfolded
            .column_by_name("a.x")
            .unwrap()
            .as_primitive::<Float64Type>();
        assert_eq!(x.iter().collect::<Vec<_>>(), [Some(1.0), None, None]);
    }
}
