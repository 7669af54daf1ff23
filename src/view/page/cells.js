// Where cells are in the plane: their four corners for the graphics card, their outline, and the cell under a point.

// Coarse cells are drawn in pieces, those of this order, because their edges are curves.
const SMOOTH_ORDER = 7;
// Cells of a block and an order are not cut into more pieces.
const MOST_PIECES = 1 << 16;

const addCorner = (face, x, y, ring, nside, rowOf, projection, sink) => {
  sink.put(projection.place(longitudeOf(face, x, y, ring, nside), rowOf(ring), sink.spot));
};

// Adds the corners of a cell, or of a piece of one: south, east, west, north. At the poles of a map in degrees a corner is an
// edge, and there are two quadrilaterals.
const addQuads = (face, x, y, nside, rowOf, projection, sink) => {
  const ring = FACE_ROW[face] * nside - x - y;
  if (!projection.degrees) {
    addCorner(face, x, y, ring, nside, rowOf, projection, sink);
    addCorner(face, x + 1, y, ring - 1, nside, rowOf, projection, sink);
    addCorner(face, x, y + 1, ring - 1, nside, rowOf, projection, sink);
    addCorner(face, x + 1, y + 1, ring - 2, nside, rowOf, projection, sink);
    return;
  }
  const corners = [[x, y, ring], [x + 1, y, ring - 1], [x, y + 1, ring - 1], [x + 1, y + 1, ring - 2]];
  const lons = corners.map(([a, b, at]) => longitudeOf(face, a, b, at, nside));
  const rows = corners.map(([, , at]) => rowOf(at));
  const { cut } = projection.degrees;
  const wide = within(lons[1] - lons[2]);
  const middle = ((lons[2] + wide / 2 - cut) % 360 + 360) % 360 + cut;
  const near = lons.map((lon) => middle + within(lon - middle));
  const [west, east] = [middle - Math.abs(wide) / 2, middle + Math.abs(wide) / 2];
  const put = (lon, row) => sink.put(projection.place(lon, row, sink.spot));
  if (ring === 4 * nside) {
    put(west, rows[0]); put(east, rows[0]); put(west, rows[2]); put(east, rows[1]);
    put(west, rows[2]); put(east, rows[1]); put(west, rows[2]); put(near[3], rows[3]);
  } else if (ring === 2) {
    put(near[0], rows[0]); put(east, rows[1]); put(west, rows[2]); put(east, rows[3]);
    put(west, rows[2]); put(east, rows[3]); put(west, rows[3]); put(east, rows[3]);
  } else {
    for (let i = 0; i < 4; i += 1) put(near[i], rows[i]);
  }
};

// Rows of the plane by rings: each is found once, as long as it is not far from others.
const rowsOf = (order, projection, isAuthalic) => {
  const nside = 2 ** order;
  const [rings, rows] = [new Float64Array(65536).fill(-1), new Float64Array(65536)];
  return (ring) => {
    const at = ring & 65535;
    if (rings[at] !== ring) {
      rings[at] = ring;
      rows[at] = projection.row(latitudeOfRing(ring, nside, isAuthalic));
    }
    return rows[at];
  };
};

// How cells of an order are found and drawn: HEALPix.
const healpixOrder = (told, projection) => {
  const { order } = told;
  const isAuthalic = told.latitude !== "geodetic-spherical";
  const rows = new Map();
  const rowOf = (fine) => {
    if (!rows.has(fine)) rows.set(fine, rowsOf(fine, projection, isAuthalic));
    return rows.get(fine);
  };
  const place = [0, 0, 0];
  // The order of the pieces of so many cells.
  const fineOf = (count) => {
    let fine = order;
    while (fine < SMOOTH_ORDER && count * 4 ** (fine + 1 - order) <= MOST_PIECES) fine += 1;
    return fine;
  };
  const quads = (words, count, sink) => {
    const fine = fineOf(count);
    const [parts, nside, rowOfFine] = [2 ** (fine - order), 2 ** fine, rowOf(fine)];
    for (let i = 0; i < count; i += 1) {
      placeOf(words[2 * i], words[2 * i + 1], order, place);
      const [face, x, y] = place;
      for (let a = 0; a < parts; a += 1) {
        for (let b = 0; b < parts; b += 1) addQuads(face, x * parts + a, y * parts + b, nside, rowOfFine, projection, sink);
      }
      sink.end(i);
    }
  };
  return {
    side: Math.sqrt(4 * Math.PI / 12) * 6371007.2 / 2 ** order / projection.unit,
    quads,
    // Quadrilaterals of so many cells, at most: those at the poles have two.
    most: (count) => (count + (projection.degrees ? Math.min(count, 8) : 0)) * 4 ** (fineOf(count) - order),
    // Points around a cell, its edges followed.
    outline: (words, i) => {
      placeOf(words[2 * i], words[2 * i + 1], order, place);
      const [face, x, y] = place;
      const steps = order < SMOOTH_ORDER ? 2 ** (SMOOTH_ORDER - order) : 1;
      const nside = 2 ** order * steps;
      const ways = [[1, 0], [0, 1], [-1, 0], [0, -1]];
      const points = [];
      let [a, b] = [x * steps, y * steps];
      let last = null;
      for (const [da, db] of ways) {
        for (let k = 0; k < steps; k += 1) {
          const ring = FACE_ROW[face] * nside - a - b;
          let lon = longitudeOf(face, a, b, ring, nside);
          if (projection.degrees) {
            const { cut } = projection.degrees;
            if (ring === 0 || ring === 4 * nside) lon = last ?? lon;
            lon = last === null ? ((lon - cut) % 360 + 360) % 360 + cut : last + within(lon - last);
            last = lon;
          }
          points.push(projection.at(lon, projection.row(latitudeOfRing(ring, nside, isAuthalic))));
          [a, b] = [a + da, b + db];
        }
      }
      return points;
    },
    keyAt: (x, y) => {
      const here = projection.invert(x, y);
      return here && idOf(locate(here[0], here[1], order, isAuthalic), order);
    },
    called: (key) => `cell ${key}`,
    isSorted: true,
  };
};

// The same of rows and columns.
const rasterOrder = (told, projection) => {
  const { west, north, width, height, shape: [rows, columns] } = told.rows;
  const { degrees } = projection;
  const column = (x) => {
    if (!degrees) return Math.floor((x - west) / width);
    // A grid may be said from any turn on.
    const lon = x / degrees.shrink;
    const turned = lon - 360 * Math.floor((lon - west) / 360);
    return Math.floor((turned - west) / width);
  };
  const corners = (key) => {
    const [row, at] = [Math.floor(key / columns), key % columns];
    let [x0, x1] = [west + at * width, west + (at + 1) * width];
    if (degrees) {
      const middle = (x0 + x1) / 2;
      const turn = 360 * Math.floor((middle - degrees.cut) / 360);
      [x0, x1] = [(x0 - turn) * degrees.shrink, (x1 - turn) * degrees.shrink];
    }
    return [x0, north - (row + 1) * height, x1, north - row * height];
  };
  const keyOf = (words, i) => words[2 * i + 1] * 4294967296 + words[2 * i];
  return {
    side: Math.sqrt(width * (degrees ? degrees.shrink : 1) * height),
    quads: (words, count, sink) => {
      for (let i = 0; i < count; i += 1) {
        const [x0, y0, x1, y1] = corners(keyOf(words, i));
        for (const spot of [[x0, y0], [x1, y0], [x0, y1], [x1, y1]]) sink.put(spot);
        sink.end(i);
      }
    },
    most: (count) => count,
    outline: (words, i) => {
      const [x0, y0, x1, y1] = corners(keyOf(words, i));
      return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
    },
    keyAt: (x, y) => {
      const [row, at] = [Math.floor((north - y) / height), column(x)];
      return row >= 0 && row < rows && at >= 0 && at < columns ? BigInt(row) * BigInt(columns) + BigInt(at) : null;
    },
    called: (key) => `row ${key / BigInt(columns)}, column ${key % BigInt(columns)}`,
    isSorted: false,
  };
};

const orderOf = (told, projection) => (told.rows ? rasterOrder(told, projection) : healpixOrder(told, projection));

// Corners of the cells of a block, from its middle, and the cell of each piece where cells are cut.
const geometryOf = (block, cells) => {
  const [x0, y0, x1, y1] = block.bounds;
  const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
  const most = cells.most(block.count);
  const corners = new Float32Array(8 * most);
  const owners = new Uint32Array(most);
  let [at, owned] = [0, 0];
  cells.quads(block.words, block.count, {
    spot: [0, 0],
    put: (spot) => {
      corners[at] = spot[0] - x;
      corners[at + 1] = spot[1] - y;
      at += 2;
    },
    end: (cell) => {
      while (owned < at / 8) {
        owners[owned] = cell;
        owned += 1;
      }
    },
  });
  const isCut = owned !== block.count;
  return { origin: [x, y], corners: corners.slice(0, at), owners: isCut ? owners.slice(0, owned) : null };
};

// The place of a key in a block, or -1.
const indexIn = (block, key, isSorted) => {
  const keys = new BigUint64Array(block.words.buffer, block.words.byteOffset, block.count);
  if (!isSorted) {
    block.places ??= new Map(Array.from(keys, (own, i) => [own, i]));
    return block.places.get(key) ?? -1;
  }
  let [low, high] = [0, keys.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (keys[middle] === key) return middle;
    if (keys[middle] < key) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
};
