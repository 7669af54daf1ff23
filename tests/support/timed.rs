//! Granules whose photons have times, and configs that part them into steps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hdf5::types::VarLenUnicode;
use hdf5::{File, H5Type};
use icefold::grid::Order;
use icefold::store::StoreReader;

use super::Site;

/// Seconds of a day.
pub const DAY: f64 = 86_400.0;
/// Photons of a ground track.
pub const PHOTONS: usize = 1_500;

/// Values of a store that are not the fill value, by array, step in words (none without steps) and cell.
pub type Values = BTreeMap<(String, String, u64), Vec<u8>>;

impl Site {
    /// A granule of two ground tracks over several shards, whose photons have these times, in seconds since
    /// 2018-01-01; heights are those of the number of the photon.
    pub fn timed(&self, name: &str, lon: f64, time: impl Fn(usize) -> f64) -> PathBuf {
        let path = self.path(name);
        let file = File::create(&path).unwrap();
        for (track, east) in [("gt1l", 0.0), ("gt2r", 0.4)] {
            let each = |f: &dyn Fn(usize) -> f64| (0..PHOTONS).map(f).collect::<Vec<f64>>();
            let put = |name: &str, values: &[f64]| {
                let set = file.new_dataset::<f64>().shape(values.len()).chunk(400);
                let set = set.deflate(4).create(&*format!("{track}/heights/{name}"));
                set.unwrap().write_raw(values).unwrap();
            };
            put("lat_ph", &each(&|i| 60.0 + i as f64 * 0.004));
            put("lon_ph", &each(&|i| lon + east + (i % 5) as f64 * 0.3));
            put("delta_time", &each(&|i| time(i)));
            let h: Vec<f32> = (0..PHOTONS)
                .map(|i| ((i * 7919) % 997) as f32 * 0.31)
                .collect();
            let set = file.new_dataset::<f32>().shape(PHOTONS);
            let set = set.create(&*format!("{track}/heights/h_ph")).unwrap();
            set.write_raw(&h).unwrap();
            let times = file
                .dataset(&format!("{track}/heights/delta_time"))
                .unwrap();
            let units = times.new_attr::<VarLenUnicode>().create("units").unwrap();
            let epoch: VarLenUnicode = "seconds since 2018-01-01".parse().unwrap();
            units.write_scalar(&epoch).unwrap();
        }
        file.close().unwrap();
        path
    }

    /// Two granules over two years, the photons of one in no order of time.
    pub fn two_years(&self) -> [PathBuf; 2] {
        [
            self.timed("a.h5", -45.0, |i| 340.0 * DAY + i as f64 * 0.49 * DAY),
            self.timed("b.h5", -44.7, |i| {
                340.0 * DAY + ((i * 601) % PHOTONS) as f64 * 0.49 * DAY
            }),
        ]
    }

    /// A config of all kinds of statistics in cells of order 7, with more at its end, as a file.
    pub fn stepped(&self, name: &str, more: &str) -> PathBuf {
        let path = self.path(name);
        let text = format!(
            r#"
data_source:
  groups: [gt1l, gt2r]
  coordinates: {{latitude: "/{{group}}/heights/lat_ph", longitude: "/{{group}}/heights/lon_ph"}}
  variables: {{h: "/{{group}}/heights/h_ph"}}
aggregation:
  variables:
    n: {{function: count, source: h}}
    h_mean: {{function: mean, source: h}}
    h_std: {{function: std, source: h, dtype: float64}}
    h_max: {{function: max, source: h, fill_value: -1}}
    h_median: {{function: median, source: h}}
    bins: {{function: histogram, source: h, params: {{edges: [0, 100, 200]}}}}
output:
  grid: {{type: healpix, parent_order: 5, child_order: 7}}
{more}
"#
        );
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The same, and how heights change in time.
    pub fn trending(&self, name: &str, more: &str) -> PathBuf {
        let path = self.stepped(name, more);
        let text = std::fs::read_to_string(&path).unwrap();
        let (heights, outputs) = (r#"h: "/{group}/heights/h_ph""#, "  variables:\n");
        let times = format!(r#"{heights}, t: "/{{group}}/heights/delta_time""#);
        let trends = "    h_slope: {function: slope, source: h, params: {x: t}, dtype: float64}\n    \
                      h_first: {function: first, source: h, params: {by: t}}\n    \
                      granules: {function: n_granules, source: h}\n";
        let text = text.replace(heights, &times);
        let text = text.replace(outputs, &format!("{outputs}{trends}"));
        assert!(text.contains("t: \"/{group}") && text.contains("h_slope"));
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// What a granule says of itself: a dataset of one number.
pub fn tell(granule: &Path, group: &str, name: &str, value: impl H5Type) {
    let file = File::open_rw(granule).unwrap();
    let group = file
        .group(group)
        .or_else(|_| file.create_group(group))
        .unwrap();
    let set = group
        .new_dataset_builder()
        .with_data(&[value])
        .create(name)
        .unwrap();
    drop((set, group));
    file.close().unwrap();
}

/// Values of an order of a store.
pub fn values(store: &Path, order: u8) -> Values {
    let reader = StoreReader::open_order(store, Order::new(order).unwrap()).unwrap();
    let cells = reader.cell_ids().unwrap();
    let mut found = Values::new();
    for name in reader.arrays() {
        let array = reader.read(name).unwrap();
        let shape = &array.info.shape;
        // What is the same at all steps has none.
        let times = reader.times().filter(|_| array.info.at_steps);
        let bins = match times {
            Some(_) => shape[2..].iter().product::<u64>(),
            None => shape[1..].iter().product(),
        };
        let steps = times.map_or(1, icefold::store::StoredSteps::len);
        assert_eq!(shape[0], cells.len() as u64);
        let fill = array.info.fill.repeat(bins as usize);
        let slots = array.bytes.chunks_exact(fill.len());
        assert_eq!(slots.len() as u64, steps * cells.len() as u64);
        for (slot, value) in slots.enumerate().filter(|(_, value)| *value != fill) {
            let (cell, step) = (slot / steps as usize, slot % steps as usize);
            let step = times.map_or_else(String::new, |times| times.said(step));
            found.insert((name.clone(), step, cells[cell]), value.to_vec());
        }
    }
    found
}

/// Those of one step, as a store without steps has them.
pub fn at_step(values: &Values, step: &str) -> Values {
    let of_step = values.iter().filter(|((_, found, _), _)| found == step);
    of_step
        .map(|((name, _, cell), value)| ((name.clone(), String::new(), *cell), value.clone()))
        .collect()
}
