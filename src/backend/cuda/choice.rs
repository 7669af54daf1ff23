//! Which CUDA devices a run uses, and how much of their memory.

use std::fmt;
use std::str::FromStr;

use crate::error::Result;

/// `cuda`, `cuda:N`, `cuda:N,M` or `cuda:all`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CudaChoice {
    /// By number; `None` for all.
    pub devices: Option<Vec<usize>>,
    /// Bytes of each device's memory; by default nine tenths of what is free.
    pub memory: Option<u64>,
}

impl fmt::Display for CudaChoice {
    /// As it is asked for: the first device is `cuda`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.devices.as_deref() {
            None => write!(f, "cuda:all"),
            Some([0]) => write!(f, "cuda"),
            Some(devices) => {
                let numbers: Vec<String> = devices.iter().map(ToString::to_string).collect();
                write!(f, "cuda:{}", numbers.join(","))
            }
        }
    }
}

impl FromStr for CudaChoice {
    type Err = String;

    /// From what stands after `cuda:`; nothing is the first device.
    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = match text {
            "" => Some(vec![0]),
            "all" => None,
            _ => {
                let mut numbers = Vec::new();
                for number in text.split(',') {
                    let number = number.trim().parse().map_err(|_| {
                        format!(
                            "'{number}' is no number of a device; use cuda, cuda:0, cuda:0,1 or \
                             cuda:all"
                        )
                    })?;
                    if numbers.contains(&number) {
                        return Err(format!("device {number} is named twice; name it once"));
                    }
                    numbers.push(number);
                }
                Some(numbers)
            }
        };
        Ok(Self {
            devices: numbers,
            memory: None,
        })
    }
}

/// Bytes from a number with K, M, G or T (powers of 1024) behind it, or none.
///
/// # Errors
/// There is no such number, or it is 0 or exceeds 64 bits.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let trimmed = text
        .trim()
        .trim_end_matches(['B', 'b'])
        .trim_end_matches('i');
    let (number, shift) = match trimmed.char_indices().last() {
        Some((at, unit)) if unit.is_ascii_alphabetic() => {
            let shift = match unit.to_ascii_uppercase() {
                'K' => 10,
                'M' => 20,
                'G' => 30,
                'T' => 40,
                _ => return Err(format!("'{text}' has no unit K, M, G or T")),
            };
            (&trimmed[..at], shift)
        }
        _ => (trimmed, 0),
    };
    let whole: Option<u64> = number.trim().parse().ok();
    let bytes = whole.and_then(|n| n.checked_mul(1 << shift));
    bytes
        .filter(|&bytes| bytes > 0)
        .ok_or_else(|| format!("'{text}' is no size; write bytes, or a number with K, M, G or T"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn devices(text: &str) -> Option<Vec<usize>> {
        text.parse::<CudaChoice>().unwrap().devices
    }

    #[test]
    fn devices_are_named_by_number_or_all() {
        assert_eq!(devices(""), Some(vec![0]));
        assert_eq!(devices("3"), Some(vec![3]));
        assert_eq!(devices("1,0"), Some(vec![1, 0]));
        assert_eq!(devices("all"), None);
        for wrong in ["x", "0,", "-1", "0,0"] {
            assert!(wrong.parse::<CudaChoice>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_have_units_of_1024() {
        assert_eq!(parse_bytes("4096"), Ok(4096));
        assert_eq!(parse_bytes("2G"), Ok(2 << 30));
        assert_eq!(parse_bytes("512 MiB"), Ok(512 << 20));
        assert_eq!(parse_bytes("1kB"), Ok(1024));
        for wrong in ["", "G", "0", "1X", "1.5G", "-1", "99999999999T"] {
            assert!(parse_bytes(wrong).is_err(), "{wrong}");
        }
    }
}
