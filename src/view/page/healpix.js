// HEALPix: corners of cells by their nested ids, and the cell of a position.
// Source: Gorski et al., ApJ 622 (2005). Ids are low and high words of 32 bits, so that all of order 29 are exact.

const FACE_ROW = [2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4];
const FACE_COLUMN = [1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7];

// What is added to a geodetic latitude to make it authalic, in radians (Snyder, equation 3-18, to e^10).
const SHIFTS = (() => {
  const [e2, e4, e6, e8, e10] = [1, 2, 3, 4, 5].map((power) => E2 ** power);
  return [
    -e2 / 3 - 31 / 180 * e4 - 59 / 560 * e6 - 42811 / 604800 * e8 - 605399 / 11975040 * e10,
    17 / 360 * e4 + 61 / 1260 * e6 + 76969 / 1814400 * e8 + 215431 / 5987520 * e10,
    -383 / 45360 * e6 - 3347 / 259200 * e8 - 1751791 / 119750400 * e10,
    6007 / 3628800 * e8 + 201293 / 59875200 * e10,
    -5839 / 17107200 * e10,
  ];
})();
const shift = (phi) => SHIFTS.reduce((sum, factor, i) => sum + factor * Math.sin(2 * (i + 1) * phi), 0);
const geodetic = (beta) => {
  let phi = beta;
  for (let i = 0; i < 7; i += 1) phi = beta - shift(phi);
  return phi;
};

// Every second bit of a word, together.
const gathered = (word) => {
  let bits = word & 0x55555555;
  bits = (bits | (bits >>> 1)) & 0x33333333;
  bits = (bits | (bits >>> 2)) & 0x0f0f0f0f;
  bits = (bits | (bits >>> 4)) & 0x00ff00ff;
  return (bits | (bits >>> 8)) & 0x0000ffff;
};

// Bits apart, one place between each two, as a whole number of any size.
const spread = (value) => {
  let bits = 0n;
  for (let i = 0n, rest = BigInt(value); rest > 0n; i += 2n, rest >>= 1n) bits |= (rest & 1n) << i;
  return bits;
};

// Face and place in it of an id, into `out`: face, x to the north-east, y to the north-west.
const placeOf = (low, high, order, out) => {
  const bits = 2 * order;
  let inside = high;
  if (bits <= 32) {
    out[0] = Math.floor((high * 4294967296 + low) / 4 ** order);
    inside = 0;
    low = bits === 32 ? low : low & (2 ** bits - 1);
  } else {
    out[0] = high >>> (bits - 32);
    inside = high & (2 ** (bits - 32) - 1);
  }
  out[1] = gathered(low) + gathered(inside) * 65536;
  out[2] = gathered(low >>> 1) + gathered(inside >>> 1) * 65536;
};

// The geodetic latitude, in degrees, of a ring of corners: 0 at the north pole, 4 nside at the south pole.
const latitudeOfRing = (ring, nside, isAuthalic) => {
  let beta;
  if (ring < nside) beta = Math.PI / 2 - 2 * Math.asin(ring / nside / Math.sqrt(6));
  else if (ring > 3 * nside) beta = 2 * Math.asin((4 * nside - ring) / nside / Math.sqrt(6)) - Math.PI / 2;
  else beta = Math.asin(2 * (2 * nside - ring) / (3 * nside));
  return (isAuthalic ? geodetic(beta) : beta) / DEGREE;
};

// The longitude of a corner, in degrees from 0 to 360; any at a pole.
const longitudeOf = (face, x, y, ring, nside) => {
  const around = Math.min(ring, nside, 4 * nside - ring);
  if (around === 0) return 0;
  let place = FACE_COLUMN[face] * around + x - y;
  if (place < 0) place += 8 * around;
  return 45 * place / around;
};

// The cell of a position in degrees, as face, x and y.
const locate = (lon, lat, order, isAuthalic) => {
  const nside = 2 ** order;
  const phi = lat * DEGREE;
  const beta = isAuthalic ? phi + shift(phi) : phi;
  const z = Math.sin(beta);
  const turn = ((lon / 90) % 4 + 4) % 4;
  const last = nside - 1;
  if (Math.abs(z) <= 2 / 3) {
    const [sum, height] = [nside * (0.5 + turn), nside * z * 0.75];
    const [down, up] = [Math.floor(sum - height), Math.floor(sum + height)];
    const [right, left] = [Math.floor(down / nside), Math.floor(up / nside)];
    const face = right === left ? (right % 4) + 4 : right < left ? right % 4 : (left % 4) + 8;
    return [face, up % nside, last - down % nside];
  }
  const quarter = Math.min(3, Math.floor(turn));
  const part = turn - quarter;
  const around = nside * Math.sqrt(6) * Math.sin((Math.PI / 2 - Math.abs(beta)) / 2);
  const down = Math.min(last, Math.floor(part * around));
  const up = Math.min(last, Math.floor((1 - part) * around));
  return z >= 0 ? [quarter, last - up, last - down] : [quarter + 8, down, up];
};

const idOf = ([face, x, y], order) => (BigInt(face) << BigInt(2 * order)) | spread(x) | (spread(y) << 1n);
