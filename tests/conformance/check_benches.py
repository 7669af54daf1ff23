# Puts small arrays to the peers of benches/head_to_head that need no package beyond those of the
# tests, checks their answers with the benches' own truth, then spoils each answer and expects that
# to be caught. Arguments: that folder, and one to write to.

import json
import sys
from pathlib import Path

import numpy as np

benches, scratch = map(Path, sys.argv[1:])
sys.path.insert(0, str(benches))

import adapters.numpy
import adapters.pandas
import adapters.pyarrow
import adapters.zagg_loop
import catalog
import guard
import truth

random = np.random.default_rng(1)
photons = 5_000
arrays = {
    "ids": random.integers(0, 300, photons).astype(np.uint64),
    "h": random.normal(2_000.0, 50.0, photons).astype(np.float32),
    "s": random.uniform(0.1, 3.0, photons).astype(np.float32),
}
# One cell of one photon, one of equal photons.
arrays["ids"][:4] = (1_000, 2_000, 2_000, 2_000)
arrays["h"][1:4] = 7.25
for i in range(1, 8):
    arrays[f"h{i}"] = (arrays["h"] / (i + 1)).astype(np.float32)
for name, values in arrays.items():
    np.save(scratch / f"{name}.npy", values)

# The truth by other means, for a few cells.
right = truth.truth(scratch)
for cell in (0, 150, len(right["ids"]) - 1):
    values = arrays["h"][arrays["ids"] == right["ids"][cell]].astype(np.float64)
    assert right["count"][cell] == len(values)
    assert right["min"][cell] == values.min() and right["max"][cell] == values.max()
    assert np.isclose(right["var"][cell], values.var(), rtol=1e-10, atol=1e-18)
    for name, q in truth.QUARTILES.items():
        assert np.isclose(right[name][cell], np.quantile(values, q), rtol=1e-15)

engines, answers, spoiled = catalog.engines(), 0, 0
for engine in engines.values():
    if engine.adapter not in ("numpy", "pandas", "pyarrow", "zagg_loop"):
        continue
    adapter = getattr(adapters, engine.adapter)
    tasks = [task for task in engine.tasks if task != "locate_groupby"]
    state = adapter.prepare({**arrays, "order": 12}, 2, tasks)
    for task in tasks:
        answer = adapter.answer(state, task, adapter.run(state, task))
        answer = {name: np.array(values) for name, values in answer.items()}
        verdict, errors = truth.check(task, answer, scratch, engine.tolerance, {})
        assert verdict == "right", f"{engine.name} {task}: {verdict}"
        answers += 1
        for name, values in answer.items():
            wrong = values.astype(np.float64)
            wrong[0] += 1.0
            if name == "ids":
                wrong = np.where(values == 2_000, 2_001, values).astype(np.uint64)
            verdict, _ = truth.check(task, {**answer, name: wrong}, scratch, engine.tolerance, {})
            assert verdict != "right", f"{engine.name} {task}: a wrong {name} is not seen"
            spoiled += 1
        fewer = {name: values[1:] for name, values in answer.items()}
        assert truth.check(task, fewer, scratch, engine.tolerance, {})[0] != "right"


def failed(sort, fold, reduce, instructions):
    """What the guard finds slower than before."""
    before = {"sort": 2.0, "fold": 1.0, "reduce": 4.0}
    before = {"ratios": {"w": before}, "instructions": {"w/fold": 1000}}
    after = {"sort": sort, "fold": fold, "reduce": reduce}
    after = {"ratios": {"w": after}, "instructions": {"w/fold": instructions}}
    return [row[0] for row in guard.moved(before, after, 1.25) if row[4]]


assert failed(3.0, 1.1, 4.0, 1030) == ["w/sort", "w/fold, instructions"]
assert failed(2.8, 1.4, 5.6, 1001) == []  # all moved alike: the yardstick did
assert failed(2.8, 1.4, 8.0, 1001) == ["w/reduce"]

print(json.dumps({"answers": answers, "spoiled": spoiled}))
print(f"{answers} answers right, each spoiled one caught")
