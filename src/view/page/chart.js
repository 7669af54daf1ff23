// What is around the cells: sea and land below them, coasts, graticule, scale bar and the marked cell above.

// Above so many metres a pixel the coarser layers are drawn.
const COARSE = 15000;
const STEPS_OF_DEGREES = [90, 45, 30, 20, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];

const sized = (canvas, camera) => {
  const ratio = window.devicePixelRatio || 1;
  const [wide, high] = [Math.round(camera.width * ratio), Math.round(camera.height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, camera.width, camera.height);
  return context;
};

const scaleOf = (camera, projection) => (projection.unit / camera.scale > COARSE ? 110 : 50);

// Sea, land, ice, shelves and lakes.
const drawGround = (canvas, camera, projection, earth, inks) => {
  const context = sized(canvas, camera);
  context.fillStyle = inks.paper;
  context.fillRect(0, 0, camera.width, camera.height);
  context.fillStyle = inks.sea;
  if (projection.degrees) {
    const { cut, shrink } = projection.degrees;
    const [x0, y0] = camera.pixel(cut * shrink, 90);
    const [x1, y1] = camera.pixel((cut + 360) * shrink, -90);
    context.fillRect(x0, y0, x1 - x0, y1 - y0);
    context.save();
    context.beginPath();
    context.rect(x0, y0, x1 - x0, y1 - y0);
    context.clip();
  } else {
    context.fillRect(0, 0, camera.width, camera.height);
    context.save();
  }
  const scale = scaleOf(camera, projection);
  for (const [name, ink] of [["land", inks.land], ["shelves", inks.shelf], ["ice", inks.ice], ["lakes", inks.sea]]) {
    context.fillStyle = ink;
    fillRings(context, earth(scale, name), camera);
  }
  context.lineWidth = 0.7;
  context.strokeStyle = inks.edge;
  for (const name of ["shelves", "ice"]) strokeRings(context, earth(scale, name), camera);
  context.restore();
};

// Longitudes and latitudes in sight, found on a grid of pixels.
const inSight = (camera, projection) => {
  const STEPS = 24;
  if (projection.degrees) {
    const { cut, shrink } = projection.degrees;
    const [x0, y0, x1, y1] = camera.bounds();
    return {
      west: Math.max(x0 / shrink, cut), east: Math.min(x1 / shrink, cut + 360), south: Math.max(y0, -90), north: Math.min(y1, 90),
    };
  }
  const middle = projection.invert(camera.x, camera.y) ?? [0, 0];
  let [west, east, south, north] = [0, 0, middle[1], middle[1]];
  for (let i = 0; i <= STEPS; i += 1) {
    for (let j = 0; j <= STEPS; j += 1) {
      const here = projection.invert(...camera.plane(camera.width * i / STEPS, camera.height * j / STEPS));
      if (!here) continue;
      const off = within(here[0] - middle[0]);
      [west, east] = [Math.min(west, off), Math.max(east, off)];
      [south, north] = [Math.min(south, here[1]), Math.max(north, here[1])];
    }
  }
  if (projection.pole) {
    const [px, py] = camera.pixel(0, 0);
    if (px >= 0 && py >= 0 && px <= camera.width && py <= camera.height) {
      [west, east] = [-180, 180];
      if (projection.pole > 0) north = 90;
      else south = -90;
      return { west: -180, east: 180, south, north };
    }
  }
  return { west: middle[0] + west, east: middle[0] + east, south, north };
};

const stepOf = (range, wanted) => {
  const fits = STEPS_OF_DEGREES.filter((step) => range / step <= wanted);
  return fits[fits.length - 1] ?? STEPS_OF_DEGREES[0];
};

const degreesText = (value, step, [positive, negative]) => {
  const turned = value > 180 ? value - 360 : value < -180 ? value + 360 : value;
  const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const isPlain = Math.abs(turned) < step / 2 || Math.abs(turned) > 180 - 1e-9;
  return `${Math.abs(turned).toFixed(digits)}\u00b0${isPlain ? "" : turned > 0 ? positive : negative}`;
};

const graticuleOf = (camera, projection) => {
  const sight = inSight(camera, projection);
  const wanted = Math.max(3, Math.min(8, camera.width / 150));
  const across = stepOf(sight.east - sight.west, wanted * (projection.pole && sight.east - sight.west > 300 ? 1.6 : 1));
  const along = stepOf(sight.north - sight.south, wanted);
  const multiples = (low, high, step) => {
    const all = [];
    for (let i = Math.ceil(low / step - 1e-9); i <= high / step + 1e-9 && all.length < 40; i += 1) all.push(i * step);
    return all;
  };
  const low = Math.max(sight.south - along, -90);
  const high = Math.min(sight.north + along, 90);
  const path = (from, to, of) => {
    const points = [];
    for (let i = 0; i <= 90; i += 1) {
      const [lon, lat] = of(from + (to - from) * i / 90);
      const [x, y] = projection.degrees ? projection.at(lon, lat) : projection.project(lon, lat);
      points.push(camera.pixel(x, y));
    }
    return points;
  };
  const edge = (lat) => (projection.pole ? Math.sign(projection.pole) * Math.min(Math.abs(lat), 90 - along) : lat);
  const meridians = multiples(sight.west, sight.east - (sight.east - sight.west >= 360 ? 1e-6 : 0), across).map((lon) => ({
    text: degreesText(lon, across, "EW"), points: path(edge(low), edge(high), (lat) => [lon, lat]),
  }));
  const parallels = multiples(low, high, along).filter((lat) => Math.abs(lat) < 90).map((lat) => ({
    text: degreesText(lat, along, "NS"), points: path(sight.west, sight.east, (lon) => [lon, lat]),
  }));
  return { meridians, parallels };
};

const drawText = (context, text, x, y, inks, align = "center") => {
  context.textAlign = align;
  context.lineJoin = "round";
  context.lineWidth = 3;
  context.strokeStyle = inks.halo;
  context.strokeText(text, x, y);
  context.fillStyle = inks.text;
  context.fillText(text, x, y);
};

const drawGraticule = (context, camera, projection, inks) => {
  const { meridians, parallels } = graticuleOf(camera, projection);
  context.strokeStyle = inks.grid;
  context.lineWidth = 0.6;
  context.globalAlpha = 0.55;
  context.beginPath();
  for (const { points } of [...meridians, ...parallels]) {
    points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  }
  context.stroke();
  context.globalAlpha = 1;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  const margin = 16;
  // Where lines first leave the frame, labels stand; none near another.
  const taken = [[0, camera.height - 48, 190, camera.height], [camera.width - 52, 0, camera.width, 212]];
  const put = (text, x, y) => {
    const half = context.measureText(text).width / 2 + 5;
    const box = [x - half, y - 9, x + half, y + 9];
    if (box[0] < 0 || box[2] > camera.width || taken.some((other) => touches(box, other))) return false;
    taken.push(box);
    drawText(context, text, x, y, inks);
    return true;
  };
  const inner = (x, y) => x >= margin && y >= margin && x <= camera.width - margin && y <= camera.height - margin;
  const label = ({ text, points }) => {
    for (let i = 1; i < points.length; i += 1) {
      const [a, b] = [points[i - 1], points[i]];
      if (inner(...a) === inner(...b)) continue;
      let [outside, inside] = inner(...a) ? [b, a] : [a, b];
      for (let k = 0; k < 20; k += 1) {
        const middle = [(outside[0] + inside[0]) / 2, (outside[1] + inside[1]) / 2];
        if (inner(...middle)) inside = middle;
        else outside = middle;
      }
      if (put(text, Math.min(Math.max(inside[0], 24), camera.width - 24), inside[1])) return;
    }
  };
  meridians.forEach(label);
  parallels.forEach(({ text, points }) => {
    const shown = points.filter(([x, y]) => inner(x, y));
    if (shown.length) put(text, ...shown[Math.floor(shown.length / 2)]) || put(text, ...shown[Math.floor(shown.length / 4)]);
  });
};

// As long as the ground is there, by 1, 2 or 5 times a power of ten.
const drawScaleBar = (context, camera, projection, inks) => {
  const [left, bottom] = [20, camera.height - 20];
  const width = Math.min(150, camera.width / 3);
  const [from, to] = [camera.plane(left, bottom), camera.plane(left + width, bottom)];
  const metres = ground(projection, from, to);
  if (!metres || projection.unit / camera.scale * camera.width > 12e6) return null;
  const power = 10 ** Math.floor(Math.log10(metres));
  const length = [5, 2, 1].map((factor) => factor * power).find((one) => one <= metres);
  const wide = width * length / metres;
  const text = length >= 1000 ? `${length / 1000} km` : `${length} m`;
  for (const [ink, line] of [[inks.halo, 5], [inks.text, 2]]) {
    context.strokeStyle = ink;
    context.lineWidth = line;
    context.beginPath();
    context.moveTo(left, bottom - 5);
    context.lineTo(left, bottom);
    context.lineTo(left + wide, bottom);
    context.lineTo(left + wide, bottom - 5);
    context.stroke();
  }
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "alphabetic";
  drawText(context, text, left + wide / 2, bottom - 8, inks);
  return text;
};

// The cell that is looked at, and blocks that are not drawn.
const drawOver = (canvas, camera, projection, earth, inks, { outline, waiting }) => {
  const context = sized(canvas, camera);
  context.lineJoin = "round";
  context.strokeStyle = inks.coast;
  context.lineWidth = 1.1;
  context.save();
  if (projection.degrees) {
    const { cut, shrink } = projection.degrees;
    const [x0, y0] = camera.pixel(cut * shrink, 90);
    const [x1, y1] = camera.pixel((cut + 360) * shrink, -90);
    context.beginPath();
    context.rect(x0, y0, x1 - x0, y1 - y0);
    context.clip();
  }
  strokeRings(context, earth(scaleOf(camera, projection), "land"), camera);
  context.restore();
  drawGraticule(context, camera, projection, inks);
  context.setLineDash([4, 4]);
  context.lineWidth = 1;
  context.strokeStyle = inks.faint;
  for (const [x0, y0, x1, y1] of waiting) {
    const [left, top] = camera.pixel(x0, y1);
    const [right, bottom] = camera.pixel(x1, y0);
    context.strokeRect(left, top, right - left, bottom - top);
  }
  context.setLineDash([]);
  if (outline) {
    for (const [ink, line] of [[inks.halo, 4], [inks.text, 1.8]]) {
      context.strokeStyle = ink;
      context.lineWidth = line;
      context.beginPath();
      outline.forEach(([x, y], i) => (i ? context.lineTo(...camera.pixel(x, y)) : context.moveTo(...camera.pixel(x, y))));
      context.closePath();
      context.stroke();
    }
  }
  return drawScaleBar(context, camera, projection, inks);
};
