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
}
