"""What programs are run over: synthetic granules, made once, and a config of means."""

from pathlib import Path

import processes
import tracks

# By how many names each long granule can be had.
NAMES = 5
# Without order statistics photons along a track need no sort.
MEANS = """data_source:
  product: ATL03
  groups: [gt1l, gt1r, gt2l, gt2r, gt3l, gt3r]
  coordinates:
    latitude: "/{group}/heights/lat_ph"
    longitude: "/{group}/heights/lon_ph"
  variables:
    h_ph: "/{group}/heights/h_ph"
  filters:
    - {dataset: "/{group}/heights/signal_conf_ph", column: 0, op: ne, value: -2}
aggregation:
  variables:
    count: {function: count, source: h_ph, dtype: int32, fill_value: 0}
    h_min: {function: min, source: h_ph, dtype: float32}
    h_max: {function: max, source: h_ph, dtype: float32}
    h_mean: {function: mean, source: h_ph, dtype: float32}
    h_variance: {function: var, source: h_ph, dtype: float32}
output:
  grid: {type: healpix, indexing_scheme: nested, parent_order: 6, child_order: 12}
"""


def granules(context, segments):
    """Synthetic granules with so many geolocation segments, made once."""
    folder = Path(context["scratch"]) / f"granules-{segments}"
    if not (folder / "done").exists():
        command = [context["binary"], "bench-device", "granule", "--out", str(folder)]
        command += ["--segments", str(segments), "--json-lines", context["lines"]]
        processes.run(command, check=True)
        (folder / "done").touch()
    return sorted(map(str, folder.glob("*.h5")))


def long_granules(context, rows, count, names=1):
    """Granules as long as the product's, in chunks of so many rows, each by so many names; synthetic ones of the demo where they
    cannot be made."""
    strong = context["sizes"]["strong"]
    try:
        import h5py  # noqa: F401
    except ImportError:
        strong = 0
    if not strong:
        return granules(context, context["sizes"]["segments"])
    folder = Path(context["scratch"]) / f"tracks-{rows}"
    if not (folder / "done").exists():
        tracks.write(folder, count, strong, rows, NAMES)
        (folder / "done").touch()
    return [str(folder / tracks.name(granule, again)) for granule in range(count) for again in range(names)]
