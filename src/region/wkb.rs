//! Polygons in well-known binary: of any byte order, with heights and measures or without, in collections too.
//!
//! Beside the line, below `geoparquet.rs`. Format: OGC 06-103r4, section 8.2, and the flags of extended well-known
//! binary.

use super::exact::Point;

/// Bits of a type: more coordinates follow, and a reference system stands before them.
const HAS_Z: u32 = 0x8000_0000;
const HAS_M: u32 = 0x4000_0000;
const HAS_SRID: u32 = 0x2000_0000;
/// Longitude and latitude on WGS84.
const DEGREES: u32 = 4326;
/// Collections within collections.
const DEEPEST: usize = 16;

/// The rings of each polygon.
pub(super) type Polygons = Vec<Vec<Vec<Point>>>;

/// All polygons of a geometry.
///
/// # Errors
/// In words: what has no inside, and bytes that are no geometry.
pub(super) fn polygons(bytes: &[u8]) -> Result<Polygons, String> {
    let mut found = Vec::new();
    let mut rest = Rest(bytes);
    rest.geometry(0, &mut found)?;
    match rest.0.len() {
        0 => Ok(found),
        more => Err(format!(
            "has {more} bytes behind its end, and is no well-known binary"
        )),
    }
}

/// Bytes that were not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn geometry(&mut self, depth: usize, found: &mut Polygons) -> Result<(), String> {
        let is_little = match self.take::<1>()? {
            [0] => false,
            [1] => true,
            [other] => {
                return Err(format!(
                    "starts with {other}, and well-known binary with 0 or 1"
                ));
            }
        };
        let kind = self.word(is_little)?;
        if kind & HAS_SRID != 0 {
            let srid = self.word(is_little)?;
            if srid != DEGREES {
                return Err(format!(
                    "is in the reference system {srid}, and a region in longitude and latitude on WGS84 ({DEGREES})"
                ));
            }
        }
        let bare = kind & !(HAS_Z | HAS_M | HAS_SRID);
        let more = match bare / 1000 {
            0 => (kind & HAS_Z).count_ones() + (kind & HAS_M).count_ones(),
            1 | 2 => 1,
            _ => 2,
        };
        match bare % 1000 {
            3 => found.push(self.rings(is_little, 2 + more as usize)?),
            6 | 7 if depth < DEEPEST => {
                for _ in 0..self.word(is_little)? {
                    self.geometry(depth + 1, found)?;
                }
            }
            7 => {
                return Err(format!(
                    "has collections in more than {DEEPEST} collections"
                ));
            }
            kind @ (1 | 2 | 4 | 5) => {
                let name = [
                    "Point",
                    "LineString",
                    "Polygon",
                    "MultiPoint",
                    "MultiLineString",
                ];
                return Err(format!(
                    "is a {}, which has no inside; a region is one or more of Polygon and MultiPolygon",
                    name[kind as usize - 1]
                ));
            }
            other => {
                return Err(format!(
                    "is of type {other} of well-known binary; a region is one or more of Polygon and MultiPolygon"
                ));
            }
        }
        Ok(())
    }

    /// The rings of a polygon, of so many numbers a position.
    fn rings(&mut self, is_little: bool, numbers: usize) -> Result<Vec<Vec<Point>>, String> {
        let mut rings = Vec::new();
        for _ in 0..self.word(is_little)? {
            let count = self.word(is_little)? as usize;
            let width = 8 * numbers;
            let bytes = count
                .checked_mul(width)
                .and_then(|n| self.0.split_at_checked(n));
            let (positions, rest) = bytes.ok_or_else(|| self.short())?;
            self.0 = rest;
            let number = |bytes: &[u8]| {
                let eight = bytes.first_chunk::<8>().copied().unwrap_or_default();
                if is_little {
                    f64::from_le_bytes(eight)
                } else {
                    f64::from_be_bytes(eight)
                }
            };
            let positions = positions.chunks_exact(width);
            rings.push(positions.map(|p| [number(p), number(&p[8..])]).collect());
        }
        Ok(rings)
    }

    fn word(&mut self, is_little: bool) -> Result<u32, String> {
        let four = self.take::<4>()?;
        Ok(if is_little {
            u32::from_le_bytes(four)
        } else {
            u32::from_be_bytes(four)
        })
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or_else(|| self.short())?;
        self.0 = rest;
        Ok(*taken)
    }

    fn short(&self) -> String {
        format!(
            "ends too early: {} bytes are left, and more are announced",
            self.0.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RING: [[f64; 2]; 4] = [[0.0, 1.0], [2.0, 1.0], [2.5, -3.0], [0.0, 1.0]];

    /// A polygon of the same ring so many times, with so many numbers a position.
    fn polygon(kind: u32, little: bool, rings: u32, numbers: usize) -> Vec<u8> {
        let word = |n: u32| {
            if little {
                n.to_le_bytes()
            } else {
                n.to_be_bytes()
            }
        };
        let mut bytes = vec![u8::from(little)];
        bytes.extend(word(kind));
        if kind & HAS_SRID != 0 {
            bytes.extend(word(DEGREES));
        }
        bytes.extend(word(rings));
        for _ in 0..rings {
            bytes.extend(word(4));
            for point in RING {
                for number in point.into_iter().chain([7.0, 8.0]).take(numbers) {
                    bytes.extend(if little {
                        number.to_le_bytes()
                    } else {
                        number.to_be_bytes()
                    });
                }
            }
        }
        bytes
    }

    /// So many of these in one.
    fn all(kind: u32, parts: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![1];
        bytes.extend(kind.to_le_bytes());
        bytes.extend((parts.len() as u32).to_le_bytes());
        bytes.extend(parts.concat());
        bytes
    }

    #[test]
    fn polygons_of_every_kind_are_read() {
        for little in [true, false] {
            for (kind, numbers) in [
                (3, 2),
                (1003, 3),
                (2003, 3),
                (3003, 4),
                (3 | HAS_Z, 3),
                (3 | HAS_Z | HAS_M, 4),
                (3 | HAS_SRID, 2),
            ] {
                let bytes = polygon(kind, little, 2, numbers);
                let expected = vec![vec![RING.to_vec(), RING.to_vec()]];
                assert_eq!(polygons(&bytes), Ok(expected), "{kind} {little}");
                for length in 0..bytes.len() {
                    assert!(polygons(&bytes[..length]).is_err(), "{kind} {length}");
                }
                assert!(polygons(&[bytes, vec![0]].concat()).is_err());
            }
        }
        let parts = [polygon(3, false, 1, 2), polygon(1003, true, 1, 3)];
        let two = all(6, &parts);
        assert_eq!(polygons(&two).unwrap().len(), 2);
        assert_eq!(polygons(&all(7, &[two.clone(), two])).unwrap().len(), 4);
        assert_eq!(polygons(&all(6, &[])), Ok(vec![]));
    }

    #[test]
    fn what_is_no_polygon_is_told() {
        let refused = |bytes: &[u8], says: &str| {
            let why = polygons(bytes).unwrap_err();
            assert!(why.contains(says), "{why}");
        };
        let mut other = polygon(3 | HAS_SRID, true, 1, 2);
        other[5..9].copy_from_slice(&3413_u32.to_le_bytes());
        refused(&other, "is in the reference system 3413");
        refused(&[7], "starts with 7");
        refused(&[], "ends too early");
        refused(&all(2, &[]), "is a LineString, which has no inside");
        refused(&all(17, &[]), "is of type 17 of well-known binary");
        let mut deep = all(7, &[]);
        for _ in 0..20 {
            deep = all(7, &[deep]);
        }
        refused(&deep, "collections in more than 16");
        // What is announced is not taken at its word.
        let mut huge = polygon(3, true, 1, 2);
        huge[9..13].copy_from_slice(&u32::MAX.to_le_bytes());
        refused(&huge, "ends too early");
    }
}
