//! Dates and timestamps as times: seconds since 2018-01-01T00:00:00 UTC, as `delta_time` of the products has them.
//!
//! On the line: both tables and arrays in memory have them. Timestamps count from 1970 in days of 86,400 seconds; there was no leap second since
//! 2018, so the seconds of both are the same. A double holds less than a nanosecond of years, so the value is the largest
//! double that is not above the time: a comparison with any double is that of the exact time.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{self as types, DataType, TimeUnit};

use crate::config::largest_not_above;

/// Units of times of tables.
pub(crate) const UNITS: &str = "seconds since 2018-01-01";
/// Seconds from 1970 to 2018.
const EPOCH: i128 = 1_514_764_800;

/// How many of the counted things a second has; `None` of a type that is no time. A day is less than one.
enum Tick {
    Second(i128),
    Day,
}

fn tick(data_type: &DataType) -> Option<Tick> {
    Some(match data_type {
        DataType::Timestamp(TimeUnit::Second, _) => Tick::Second(1),
        DataType::Timestamp(TimeUnit::Millisecond, _) | DataType::Date64 => Tick::Second(1000),
        DataType::Timestamp(TimeUnit::Microsecond, _) => Tick::Second(1_000_000),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => Tick::Second(1_000_000_000),
        DataType::Date32 => Tick::Day,
        _ => return None,
    })
}

/// Whether values of a type are times.
pub(crate) fn is_time(data_type: &DataType) -> bool {
    tick(data_type).is_some()
}

/// The seconds of each value; `None` of an array that has no times.
pub(crate) fn seconds(array: &ArrayRef) -> Option<Vec<f64>> {
    let count = |values: &[i64], each: i128| {
        let values = values.iter();
        values
            .map(|&count| largest_not_above(i128::from(count) - EPOCH * each, each))
            .collect()
    };
    Some(match tick(array.data_type())? {
        Tick::Day => {
            let days = array.as_primitive::<types::Date32Type>().values().iter();
            days.map(|&day| (i128::from(day) * 86_400 - EPOCH) as f64)
                .collect()
        }
        Tick::Second(each) => match array.data_type() {
            DataType::Date64 => count(array.as_primitive::<types::Date64Type>().values(), each),
            DataType::Timestamp(TimeUnit::Second, _) => count(
                array.as_primitive::<types::TimestampSecondType>().values(),
                each,
            ),
            DataType::Timestamp(TimeUnit::Millisecond, _) => count(
                array
                    .as_primitive::<types::TimestampMillisecondType>()
                    .values(),
                each,
            ),
            DataType::Timestamp(TimeUnit::Microsecond, _) => count(
                array
                    .as_primitive::<types::TimestampMicrosecondType>()
                    .values(),
                each,
            ),
            _ => count(
                array
                    .as_primitive::<types::TimestampNanosecondType>()
                    .values(),
                each,
            ),
        },
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, Date64Array, TimestampNanosecondArray, TimestampSecondArray};
    use proptest::prelude::*;

    use super::*;

    fn one(array: impl Array + 'static) -> f64 {
        let array: ArrayRef = Arc::new(array);
        seconds(&array).unwrap()[0]
    }

    #[test]
    fn times_are_seconds_from_the_start_of_2018() {
        assert_eq!(one(Date32Array::from(vec![17_532])), 0.0);
        assert_eq!(one(Date64Array::from(vec![1_514_851_200_000])), 86_400.0);
        assert_eq!(one(TimestampSecondArray::from(vec![1_514_764_799])), -1.0);
        let noon = 1_546_344_000_250_000_000;
        assert_eq!(
            one(TimestampNanosecondArray::from(vec![noon])),
            31_579_200.25
        );
        let zoned = TimestampSecondArray::from(vec![1_514_764_860]).with_timezone("+02:00");
        assert_eq!(one(zoned), 60.0);
        for extreme in [i64::MIN, i64::MAX] {
            assert!(one(TimestampSecondArray::from(vec![extreme])).is_finite());
            assert!(one(TimestampNanosecondArray::from(vec![extreme])).is_finite());
        }
        let whole: ArrayRef = Arc::new(arrow::array::Int64Array::from(vec![1]));
        assert!(seconds(&whole).is_none());
    }

    #[test]
    fn a_nanosecond_before_a_bound_is_before_it() {
        let bound = 31_536_000_i128;
        let before = largest_not_above(bound * 1_000_000_000 - 1, 1_000_000_000);
        assert!(before < bound as f64 && before.next_up() == bound as f64);
        assert_eq!(
            largest_not_above(bound * 1_000_000_000, 1_000_000_000),
            bound as f64
        );
    }

    proptest! {
        #[test]
        fn comparisons_are_those_of_exact_times(count in -(1i128 << 60)..1i128 << 60, power in 0u32..4, near in -3i32..4) {
            let each = 1000i128.pow(power);
            let x = largest_not_above(count, each);
            // A bound some doubles off: exact in num-rational.
            let mut bound = x;
            for _ in 0..near.abs() {
                bound = if near < 0 { bound.next_down() } else { bound.next_up() };
            }
            let exact = |x: f64| num_rational::BigRational::from_float(x).unwrap();
            let time = num_rational::BigRational::new(count.into(), each.into());
            prop_assert_eq!(time >= exact(bound), x >= bound);
        }
    }
}
