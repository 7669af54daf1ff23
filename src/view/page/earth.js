// Land, ice, shelves and lakes of Natural Earth, in the plane of the map: filled where the view is, and lined at coasts.

// Parts that a degree has in each layer: of 1:110 million land, ice and lakes, of 1:50 million shelves as well.
const LAYER_PARTS = [100, 100, 100, 200, 200, 200, 200];
const LAYERS = {
  110: { land: 0, ice: 1, lakes: 2 },
  50: { land: 3, ice: 4, shelves: 5, lakes: 6 },
};
// No more degrees than this from a point to the next, so that what is straight on the Earth bends on the map.
const STRAIGHT = 1;

const layersOf = (bytes) => {
  let at = 0;
  const number = () => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = bytes[at];
      at += 1;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  };
  const signed = () => {
    const value = number();
    return value % 2 ? -(value + 1) / 2 : value / 2;
  };
  return LAYER_PARTS.map((parts) => Array.from({ length: number() }, () => {
    let [x, y] = [0, 0];
    return Array.from({ length: number() }, () => {
      x += signed();
      y += signed();
      return [x / parts, y / parts];
    });
  }));
};

// What of a ring is on one side of a limit, by Sutherland and Hodgman.
const cutAlong = (ring, axis, sign, limit) => {
  const inside = (point) => sign * (point[axis] - limit) >= 0;
  if (ring.every(inside)) return ring;
  const out = [];
  ring.forEach((a, i) => {
    const b = ring[(i + 1) % ring.length];
    if (inside(a)) out.push(a);
    if (inside(a) !== inside(b)) {
      const t = (limit - a[axis]) / (b[axis] - a[axis]);
      out.push([a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]);
    }
  });
  return out;
};

// A ring in degrees as points of the plane: numbers in turn, whether the way to each is no seam, and bounds.
const projected = (ring, projection, seams) => {
  const points = [];
  const isShore = [];
  const bounds = [Infinity, Infinity, -Infinity, -Infinity];
  const isSeam = (a, b) => seams.some(([axis, limit]) => Math.abs(a[axis] - limit) < 1e-6 && Math.abs(b[axis] - limit) < 1e-6);
  ring.forEach((b, i) => {
    const a = ring[(i + ring.length - 1) % ring.length];
    const shore = !isSeam(a, b);
    const pieces = Math.max(1, Math.ceil(Math.max(Math.abs(b[0] - a[0]), Math.abs(b[1] - a[1])) / STRAIGHT));
    for (let k = 1; k <= pieces; k += 1) {
      const [lon, lat] = [a[0] + (b[0] - a[0]) * k / pieces, a[1] + (b[1] - a[1]) * k / pieces];
      const [x, y] = projection.degrees ? projection.at(lon, lat) : projection.project(lon, lat);
      points.push(x, y);
      isShore.push(shore);
      bounds[0] = Math.min(bounds[0], x);
      bounds[1] = Math.min(bounds[1], y);
      bounds[2] = Math.max(bounds[2], x);
      bounds[3] = Math.max(bounds[3], y);
    }
  });
  return { points: Float64Array.from(points), isShore, bounds };
};

// The layers of the part of the Earth that a projection has.
const earthOf = (bytes, projection) => {
  const raw = layersOf(bytes);
  const known = new Map();
  const prepare = (rings) => {
    const out = [];
    for (const ring of rings) {
      let parts = [[ring, [[0, 180], [0, -180], [1, -90]]]];
      if (projection.pole) {
        const sign = Math.sign(projection.pole);
        parts = [[cutAlong(ring, 1, sign, -sign * 30), [[0, 180], [0, -180], [1, -90], [1, -sign * 30]]]];
      } else if (projection.meridian !== undefined) {
        const turned = ring.map(([lon, lat]) => [lon, lat]);
        const [west, east] = [projection.meridian - 60, projection.meridian + 60];
        parts = [-360, 0, 360].map((turn) => {
          const moved = turned.map(([lon, lat]) => [lon + turn, lat]);
          const cut = cutAlong(cutAlong(moved, 0, 1, west), 0, -1, east);
          return [cut, [[0, west], [0, east], [0, 180 + turn], [0, turn - 180], [1, -90]]];
        });
      } else {
        const [west, east] = [projection.cut, projection.cut + 360];
        parts = [-360, 0, 360].map((turn) => {
          const moved = ring.map(([lon, lat]) => [lon + turn, lat]);
          const cut = cutAlong(cutAlong(moved, 0, 1, west), 0, -1, east);
          return [cut, [[0, west], [0, east], [0, 180 + turn], [0, turn - 180], [1, -90]]];
        });
      }
      for (const [part, seams] of parts) if (part.length > 2) out.push(projected(part, projection, seams));
    }
    return out;
  };
  return (scale, name) => {
    const index = LAYERS[scale][name];
    if (index === undefined) return [];
    if (!known.has(index)) known.set(index, prepare(raw[index] ?? []));
    return known.get(index);
  };
};

const touches = (a, b) => a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];

// Fills rings where the camera looks. What is far outside is drawn to the margin, so that numbers stay small.
const fillRings = (context, rings, camera) => {
  const view = camera.bounds();
  const [wide, high] = [camera.width, camera.height];
  context.beginPath();
  for (const { points, bounds } of rings) {
    if (!touches(bounds, view)) continue;
    const isNear = (bounds[2] - bounds[0]) * camera.scale < 4 * wide && (bounds[3] - bounds[1]) * camera.scale < 4 * high;
    let ring = [];
    let [lastX, lastY] = [NaN, NaN];
    for (let i = 0; i < points.length; i += 2) {
      const [x, y] = camera.pixel(points[i], points[i + 1]);
      if (Math.abs(x - lastX) < 0.5 && Math.abs(y - lastY) < 0.5) continue;
      ring.push([x, y]);
      [lastX, lastY] = [x, y];
    }
    if (!isNear) {
      ring = cutAlong(cutAlong(ring, 0, 1, -50), 0, -1, wide + 50);
      ring = cutAlong(cutAlong(ring, 1, 1, -50), 1, -1, high + 50);
    }
    if (ring.length < 3) continue;
    ring.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
  }
  context.fill("evenodd");
};

// Lines along the shores of rings, where the camera looks.
const strokeRings = (context, rings, camera) => {
  const view = camera.bounds();
  const [wide, high] = [camera.width + 20, camera.height + 20];
  context.beginPath();
  for (const { points, isShore, bounds } of rings) {
    if (!touches(bounds, view)) continue;
    let [fromX, fromY] = camera.pixel(points[points.length - 2], points[points.length - 1]);
    let isDown = false;
    for (let i = 0; i < points.length; i += 2) {
      const [x, y] = camera.pixel(points[i], points[i + 1]);
      const isFar = Math.max(x, fromX) < -20 || Math.min(x, fromX) > wide || Math.max(y, fromY) < -20 || Math.min(y, fromY) > high;
      if (!isShore[i / 2] || isFar) {
        isDown = false;
      } else {
        if (isDown && Math.abs(x - fromX) < 0.5 && Math.abs(y - fromY) < 0.5) continue;
        if (!isDown) context.moveTo(fromX, fromY);
        context.lineTo(x, y);
        isDown = true;
      }
      [fromX, fromY] = [x, y];
    }
  }
  context.stroke();
};
