//! Maps and pages of stores.

use std::path::PathBuf;

use icefold::config::Order;
use icefold::picture::{Drawn, MapStyle, Theme, check_picture, draw_with};
use icefold::view::{Viewed, check_page, page, write_page};
use pyo3::prelude::*;

use crate::errors::{OrRaise, refused};
use crate::verbs::{looked, near};

/// What a map looks like, as Python gives it.
#[derive(Debug, FromPyObject)]
#[pyo3(from_item_all)]
pub struct MapLook {
    order: Option<u8>,
    time: Option<String>,
    title: Option<String>,
    bbox: Option<[f64; 4]>,
    vmin: Option<f64>,
    vmax: Option<f64>,
    cmap: Option<String>,
    dark: bool,
    size: Option<(u32, Option<u32>)>,
    label: Option<String>,
}

impl MapLook {
    fn style(&self) -> icefold::Result<MapStyle> {
        let theme = if self.dark { Theme::Dark } else { Theme::Light };
        let mut style = MapStyle::new().theme(theme).values(self.vmin, self.vmax)?;
        if let Some(bbox) = self.bbox {
            style = style.bbox(bbox)?;
        }
        if let Some(name) = &self.cmap {
            style = style.cmap(name)?;
        }
        if let Some((width, height)) = self.size {
            style = style.size(width, height)?;
        }
        Ok(match &self.label {
            Some(label) => style.label(label),
            None => style,
        })
    }
}

/// Draws one array of a store as a PNG, SVG or PDF.
#[pyfunction]
pub fn render(
    py: Python<'_>,
    store: PathBuf,
    variable: &str,
    output: PathBuf,
    look: MapLook,
) -> PyResult<()> {
    let order = look.order.map(|order| {
        Order::new(order).ok_or_else(|| refused(format!("order={order} is beyond 29")))
    });
    let style = look.style().or_raise(py)?;
    let drawn = Drawn {
        variable,
        order: order.transpose()?,
        time: look.time.as_deref(),
        title: look.title.as_deref(),
    };
    looked(py, false, |remote| {
        check_picture(&output)?;
        let near = near(&store, false, remote)?;
        near.outcome(draw_with(near.path(), drawn, &style, &output))
    })
}

/// The page of a store as HTML, and as a file where one is named.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "as Python calls it")]
pub fn view(
    py: Python<'_>,
    store: PathBuf,
    variables: Vec<String>,
    orders: Vec<u8>,
    title: Option<String>,
    max_size: u64,
    output: Option<PathBuf>,
) -> PyResult<String> {
    let orders = orders.into_iter().map(|order| {
        Order::new(order).ok_or_else(|| refused(format!("order={order} is beyond 29")))
    });
    let orders = orders.collect::<PyResult<_>>()?;
    let made = looked(py, false, |remote| {
        if let Some(output) = &output {
            check_page(output)?;
        }
        let near = near(&store, false, remote)?;
        let viewed = Viewed {
            store: near.path().to_path_buf(),
            variables,
            orders,
            title,
            max_size,
        };
        near.outcome(match &output {
            Some(output) => write_page(&viewed, output),
            None => page(&viewed),
        })
    })?;
    Ok(made.html)
}
