// From degrees to the plane of the map and back: the projections that maps of icefold have, on their ellipsoids.
// Sources: Snyder, Map Projections: A Working Manual (1987); Karney, Transverse Mercator (2011), to the third order.

const DEGREE = Math.PI / 180;
const WGS84 = { axis: 6378137, flattening: 1 / 298.257223563 };
const HUGHES = { axis: 6378273, flattening: 1 / 298.279411123064 };
const E2 = WGS84.flattening * (2 - WGS84.flattening);

// Parameters of the systems that grids may have, by their EPSG codes.
const systemOf = (code) => {
  const polar = { 3031: [true, 71, 0], 3411: [false, 70, -45], 3413: [false, 70, -45], 3412: [true, 70, 0], 3976: [true, 70, 0] }[code];
  if (polar) {
    const ellipsoid = code === 3411 || code === 3412 ? HUGHES : WGS84;
    return { kind: "polar", south: polar[0], standard: polar[1], origin: polar[2], ellipsoid };
  }
  if (code >= 3571 && code <= 3576) return { kind: "azimuthal", origin: [180, -150, -100, -40, 10, 90][code - 3571] };
  if (code === 6933) return { kind: "cylindrical", standard: 30 };
  return { kind: "transverse", zone: code % 100, south: code >= 32700 };
};

const within = (degrees) => degrees - 360 * Math.round(degrees / 360);

// exp(e artanh(e s)), by which conformal latitudes differ from geodetic ones.
const conformal = (e2, sine) => {
  const e = Math.sqrt(e2);
  return Math.exp(e * Math.atanh(e * sine));
};

// The latitude whose conformal colatitude has this tangent of its half.
const latitudeOf = (e2, tangent) => {
  let latitude = 90 - 2 * Math.atan(tangent) / DEGREE;
  for (let i = 0; i < 7; i += 1) {
    latitude = 90 - 2 * Math.atan(tangent / conformal(e2, Math.sin(latitude * DEGREE))) / DEGREE;
  }
  return latitude;
};

const polar = ({ south, standard, origin, ellipsoid = WGS84 }) => {
  const e2 = ellipsoid.flattening * (2 - ellipsoid.flattening);
  const tangent = (lat) => Math.tan((90 - lat) * DEGREE / 2) * conformal(e2, Math.sin(lat * DEGREE));
  const sine = Math.sin(standard * DEGREE);
  const scale = Math.cos(standard * DEGREE) / Math.sqrt(1 - e2 * sine * sine);
  const factor = ellipsoid.axis * scale / tangent(standard);
  const row = (lat) => factor * tangent(south ? -lat : lat);
  const place = (lon, radius, spot) => {
    const turn = (lon - origin) * DEGREE;
    spot[0] = radius * Math.sin(turn);
    spot[1] = (south ? radius : -radius) * Math.cos(turn);
    return spot;
  };
  const at = (lon, radius) => place(lon, radius, [0, 0]);
  return {
    pole: south ? -90 : 90, unit: 1, row, at, place,
    project: (lon, lat) => at(lon, row(lat)),
    invert: (x, y) => {
      const lat = latitudeOf(e2, Math.hypot(x, y) / factor);
      return [within(origin + Math.atan2(x, south ? y : -y) / DEGREE), south ? -lat : lat];
    },
  };
};

const equirectangular = ({ cut, shrink }) => ({
  degrees: { cut, shrink }, unit: 111195, cut,
  row: (lat) => lat,
  at: (lon, lat) => [lon * shrink, lat],
  place: (lon, lat, spot) => {
    spot[0] = lon * shrink;
    spot[1] = lat;
    return spot;
  },
  project: (lon, lat) => [(lon < cut ? lon + 360 : lon > cut + 360 ? lon - 360 : lon) * shrink, lat],
  invert: (x, y) => {
    const lon = x / shrink;
    return Math.abs(y) <= 90 && lon >= cut && lon <= cut + 360 ? [within(lon), y] : null;
  },
});

// Snyder's q of a sine, for areas.
const areal = (sine) => {
  const e = Math.sqrt(E2);
  return (1 - E2) * (sine / (1 - E2 * sine * sine) + Math.atanh(e * sine) / e);
};
const ofArea = (q) => geodetic(Math.asin(Math.max(-1, Math.min(1, q / areal(1))))) / DEGREE;

const azimuthal = ({ origin }) => {
  const { axis } = WGS84;
  const project = (lon, lat) => {
    const radius = axis * Math.sqrt(Math.max(0, areal(1) - areal(Math.sin(lat * DEGREE))));
    const turn = within(lon - origin) * DEGREE;
    return [radius * Math.sin(turn), -radius * Math.cos(turn)];
  };
  const invert = (x, y) => {
    const radius = Math.hypot(x, y) / axis;
    const lat = ofArea(areal(1) - radius * radius);
    return radius * radius > 2 * areal(1) ? null : [within(origin + Math.atan2(x, -y) / DEGREE), lat];
  };
  return { pole: 90, unit: 1, project, invert };
};

const cylindrical = ({ standard }) => {
  const { axis } = WGS84;
  const sine = Math.sin(standard * DEGREE);
  const scale = Math.cos(standard * DEGREE) / Math.sqrt(1 - E2 * sine * sine);
  return {
    unit: 1, cut: -180,
    project: (lon, lat) => [axis * scale * DEGREE * lon, axis / (2 * scale) * areal(Math.sin(lat * DEGREE))],
    invert: (x, y) => {
      const [lon, q] = [x / (axis * scale * DEGREE), y * 2 * scale / axis];
      return Math.abs(lon) <= 180 && Math.abs(q) <= areal(1) ? [lon, ofArea(q)] : null;
    },
  };
};

const transverse = ({ zone, south }) => {
  const { axis, flattening } = WGS84;
  const [n, e] = [flattening / (2 - flattening), Math.sqrt(E2)];
  const [n2, n3] = [n * n, n * n * n];
  const radius = 0.9996 * axis / (1 + n) * (1 + n2 / 4 + n2 * n2 / 64);
  const forth = [n / 2 - 2 / 3 * n2 + 5 / 16 * n3, 13 / 48 * n2 - 3 / 5 * n3, 61 / 240 * n3];
  const back = [n / 2 - 2 / 3 * n2 + 37 / 96 * n3, n2 / 48 + n3 / 15, 17 / 480 * n3];
  const meridian = 6 * zone - 183;
  const northing = south ? 1e7 : 0;
  const moved = (xi, eta, terms, sign) => {
    let [x, y] = [xi, eta];
    terms.forEach((term, i) => {
      const twice = 2 * (i + 1);
      x += sign * term * Math.sin(twice * xi) * Math.cosh(twice * eta);
      y += sign * term * Math.cos(twice * xi) * Math.sinh(twice * eta);
    });
    return [x, y];
  };
  const project = (lon, lat) => {
    const turn = within(lon - meridian) * DEGREE;
    const tangent = Math.tan(lat * DEGREE);
    const secant = Math.sqrt(1 + tangent * tangent);
    const sigma = Math.sinh(e * Math.atanh(e * tangent / secant));
    const tau = tangent * Math.sqrt(1 + sigma * sigma) - sigma * secant;
    const cosine = Math.cos(turn);
    const xi = Math.atan2(tau, cosine);
    const eta = Math.asinh(Math.sin(turn) / Math.hypot(tau, cosine));
    const [up, right] = moved(xi, eta, forth, 1);
    return [500000 + radius * right, northing + radius * up];
  };
  const invert = (x, y) => {
    const [xi, eta] = moved((y - northing) / radius, (x - 500000) / radius, back, -1);
    const sine = Math.sin(xi) / Math.cosh(eta);
    const turn = Math.atan2(Math.sinh(eta), Math.cos(xi));
    const lat = latitudeOf(E2, Math.sqrt(Math.max(0, 1 - Math.abs(sine)) / (1 + Math.abs(sine))));
    return [within(meridian + turn / DEGREE), sine < 0 ? -lat : lat];
  };
  return { unit: 1, meridian, project, invert };
};

// The projection that the page is told of.
const projectionOf = (told) => {
  const asked = told.kind === "crs" ? systemOf(told.code) : told;
  const makers = { polar, degrees: equirectangular, azimuthal, cylindrical, transverse };
  return makers[asked.kind](asked);
};

// Metres along the ground from one place of the plane to another that is not far; null where one is not on the Earth.
const ground = (projection, from, to) => {
  const PIECES = 16;
  let sum = 0;
  let last = null;
  for (let i = 0; i <= PIECES; i += 1) {
    const t = i / PIECES;
    const here = projection.invert(from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t);
    if (!here) return null;
    if (last) {
      const sine = Math.sin((here[1] + last[1]) / 2 * DEGREE);
      const w2 = 1 - E2 * sine * sine;
      const across = WGS84.axis / Math.sqrt(w2);
      const east = across * Math.sqrt(1 - sine * sine) * within(here[0] - last[0]) * DEGREE;
      const north = across * (1 - E2) / w2 * (here[1] - last[1]) * DEGREE;
      sum += Math.hypot(east, north);
    }
    last = here;
  }
  return sum;
};
