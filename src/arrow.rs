//! What icefold has of Apache Arrow: its arrays and schemas, in which batches, tables and answers are held.
//!
//! The names are those of the crate `arrow`. It stands for more crates than are needed here, and for those that
//! take longest to compile.

pub mod array {
    //! Arrays, and how they are built and looked into.
    pub use arrow_array::builder::*;
    pub use arrow_array::cast::*;
    pub use arrow_array::*;
    pub use arrow_data::ArrayData;
}

pub mod buffer {
    //! What arrays are made of.
    pub use arrow_buffer::buffer::*;
}

pub mod compute {
    //! What is done with arrays.
    #[cfg(feature = "parquet")]
    pub use arrow_cast::cast;
    pub use arrow_select::coalesce::BatchCoalescer;
    pub use arrow_select::concat::concat_batches;
    pub use arrow_select::filter::filter_record_batch;
    pub use arrow_select::take::take;
}

pub mod datatypes {
    //! Types of values, fields and schemas.
    pub use arrow_array::ArrowPrimitiveType;
    pub use arrow_array::types::*;
    pub use arrow_buffer::{ArrowNativeType, ToByteSlice};
    pub use arrow_schema::{
        DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit, UnionMode,
    };
}

pub mod error {
    //! What can go wrong with any of it.
    pub use arrow_schema::ArrowError;
}

pub mod ipc {
    //! Arrays as messages.
    pub use arrow_ipc::*;
}

pub mod record_batch {
    //! Rows.
    pub use arrow_array::{RecordBatch, RecordBatchOptions, RecordBatchReader};
}
