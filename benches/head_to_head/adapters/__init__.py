"""One module per peer, loaded by benches/peers/peer.py. Each offers

    PACKAGE      the distribution whose version is recorded
    TOLERANCE    errors that it may make, as benches/peers/truth.py defines them
    prepare(data, threads, tasks) -> state    untimed: imports, copies into its own form
    run(state, task) -> result                timed: everything until the result is in memory
    answer(state, task, result) -> dict       untimed: ids and statistics as numpy arrays

`data` has numpy arrays: lon, lat where a task locates, ids, h where one groups. A locate answer has
`sphere`: whether its cells are those of a sphere, not of the WGS84 ellipsoid.
"""
