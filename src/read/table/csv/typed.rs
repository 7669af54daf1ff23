//! Types of columns as a config says them, held against those that the values are of.
//!
//! Beside `mod.rs`: a type that holds all values of a column may be a wider one.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};

use super::Csv;
use super::value::Kind;
use crate::config::CsvType;

impl Csv {
    /// The same with these columns of these types; columns that it has not are passed over.
    ///
    /// # Errors
    /// In words: values that are of another type.
    pub fn typed(&self, types: &[(String, CsvType)]) -> Result<Self, String> {
        let mut kinds = self.kinds.clone();
        let names = || self.schema.fields().iter().map(|field| field.name());
        for (name, asked) in types {
            let places = names().enumerate().filter(|(_, known)| *known == name);
            for (place, _) in places {
                kinds[place] = self.of_type(name, kinds[place], *asked)?;
            }
        }
        let fields = names().zip(&kinds);
        let fields = fields.map(|(name, kind)| Field::new(name, kind.data_type(), true));
        Ok(Self {
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            rows: self.rows,
            texts: self.texts.clone(),
            fractions: self.fractions.clone(),
            kinds,
        })
    }

    /// The kind of a column that is asked for as a type.
    fn of_type(&self, name: &str, found: Kind, asked: CsvType) -> Result<Kind, String> {
        let wanted = match asked {
            CsvType::Int64 => Kind::Whole,
            CsvType::Float64 => Kind::Float,
            CsvType::Boolean => Kind::Truth,
            CsvType::Time => Kind::Time,
            CsvType::Text => Kind::Text,
        };
        let holds = match wanted {
            Kind::Text => true,
            Kind::Float => matches!(found, Kind::Whole | Kind::Float | Kind::Nothing),
            wanted => found == wanted || found == Kind::Nothing,
        };
        if holds {
            return Ok(wanted);
        }
        let asked = asked.name();
        let of_row = match found {
            Kind::Text => self.texts.get(name),
            Kind::Float => self.fractions.get(name),
            Kind::Nothing | Kind::Truth | Kind::Whole | Kind::Time => None,
        };
        Err(match of_row {
            Some((row, text)) => format!(
                "column {name} has '{text}' in row {row}, and data_source.types says {asked}; correct one of them"
            ),
            None => format!(
                "column {name} has {}, and data_source.types says {asked}; correct it",
                found.in_words()
            ),
        })
    }
}

impl Kind {
    /// What all values are, in words.
    fn in_words(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Truth => "true and false",
            Self::Whole => "whole numbers",
            Self::Float => "numbers",
            Self::Time => "dates and moments",
            Self::Text => "text",
        }
    }
}
