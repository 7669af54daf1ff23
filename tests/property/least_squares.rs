//! Least squares the plain way: fractions, elimination and residuals.

use num_bigint::BigInt;
use num_rational::BigRational;

pub type Number = BigRational;

pub fn real(x: f64) -> Number {
    Number::from_float(x).expect("a finite number")
}

pub fn whole(n: u64) -> Number {
    Number::from(BigInt::from(n))
}

/// An ordinary least squares fit of y by the columns behind a constant one: coefficients, and their variances where
/// there is a degree of freedom. By elimination and residuals.
pub struct Fit {
    pub coefficients: Vec<Number>,
    pub variances: Option<Vec<Number>>,
}

fn fit(y: &[Number], columns: &[Vec<Number>]) -> Option<Fit> {
    let (n, p) = (y.len(), columns.len() + 1);
    let one = whole(1);
    let row = |i: usize| -> Vec<Number> {
        std::iter::once(one.clone())
            .chain(columns.iter().map(|c| c[i].clone()))
            .collect()
    };
    let rows: Vec<Vec<Number>> = (0..n).map(row).collect();
    // X'X | X'y | 1
    let mut table: Vec<Vec<Number>> = (0..p)
        .map(|i| {
            let dot = |of: &dyn Fn(usize) -> Number| (0..n).map(|r| &rows[r][i] * of(r)).sum();
            let mut line: Vec<Number> = (0..p).map(|j| dot(&|r| rows[r][j].clone())).collect();
            line.push(dot(&|r| y[r].clone()));
            line.extend((0..p).map(|j| whole(u64::from(i == j))));
            line
        })
        .collect();
    for i in 0..p {
        let pivot = (i..p).find(|&r| table[r][i] != whole(0))?;
        table.swap(i, pivot);
        let by = table[i][i].clone();
        table[i].iter_mut().for_each(|x| *x = &*x / &by);
        let line = table[i].clone();
        for (r, other) in table.iter_mut().enumerate() {
            if r != i {
                let by = other[i].clone();
                other
                    .iter_mut()
                    .zip(&line)
                    .for_each(|(x, l)| *x = &*x - &by * l);
            }
        }
    }
    let coefficients: Vec<Number> = table.iter().map(|line| line[p].clone()).collect();
    let residual = |r: usize| {
        let fitted: Number = rows[r].iter().zip(&coefficients).map(|(x, b)| x * b).sum();
        &y[r] - fitted
    };
    let rss: Number = (0..n).map(|r| residual(r) * residual(r)).sum();
    let variances = (n > p).then(|| {
        let variance = rss / whole((n - p) as u64);
        (0..p).map(|i| &variance * &table[i][p + 1 + i]).collect()
    });
    Some(Fit {
        coefficients,
        variances,
    })
}

/// Whether no other float64 is nearer to the truth.
pub fn is_nearest(found: f64, truth: &Number) -> bool {
    let off = |x: f64| {
        let off = real(x) - truth;
        if off < whole(0) { -off } else { off }
    };
    found.is_finite()
        && [found.next_up(), found.next_down()]
            .map(off)
            .into_iter()
            .all(|o| off(found) <= o)
}

/// Whether no other float64 is nearer to the root of the truth.
pub fn is_nearest_root(found: f64, truth: &Number) -> bool {
    let half = |other: f64| (real(found) + real(other)) / whole(2);
    let (low, high) = (half(found.next_down()), half(found.next_up()));
    found >= 0.0 && &high * &high >= *truth && (low < whole(0) || &low * &low <= *truth)
}

/// Of the first of these columns by the others.
pub fn fits(columns: &[Vec<f64>]) -> Option<Fit> {
    let exact: Vec<Vec<Number>> = columns
        .iter()
        .map(|column| column.iter().map(|&x| real(x)).collect())
        .collect();
    fit(&exact[0], &exact[1..])
}
