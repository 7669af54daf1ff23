// Colours of values and of everything else, light and dark, and numbers as people write them.

const channels = (text) => [0, 2, 4].map((at) => parseInt(text.slice(at, at + 2), 16));

// A palette as texels: red, green, blue and opacity of each.
const texelsOf = (text, isReversed) => {
  const count = text.length / 6;
  const texels = new Uint8Array(4 * count);
  for (let i = 0; i < count; i += 1) {
    const from = isReversed ? count - 1 - i : i;
    texels.set([...channels(text.slice(6 * from, 6 * from + 6)), 255], 4 * i);
  }
  return texels;
};

// A colour between two texels, as the graphics card mixes them.
const mixed = (texels, part) => {
  const count = texels.length / 4;
  const place = Math.min(Math.max(part * count - 0.5, 0), count - 1);
  const [low, high] = [Math.floor(place), Math.min(Math.floor(place) + 1, count - 1)];
  const t = place - low;
  return [0, 1, 2].map((k) => Math.round(texels[4 * low + k] * (1 - t) + texels[4 * high + k] * t));
};

// Values at round numbers within a range: at most so many steps of 1, 2 or 5 times a power of ten.
const ticksOf = (low, high, count) => {
  const rough = Math.max(high / count - low / count, Number.MIN_VALUE);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough * (1 - 1e-9)) ?? rough;
  const values = [];
  for (let i = Math.ceil(low / step - 1e-9); i <= high / step + 1e-9 && values.length <= 2 * count; i += 1) values.push(i * step);
  return { values, step };
};

// A number as wide as a step needs, with a true minus.
const rounded = (value, step) => {
  const size = Math.max(Math.abs(value), step);
  let text;
  if (size >= 1e7 || step < 1e-6) text = value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
  else text = value.toFixed(Math.min(Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)), 6));
  if (/^-0\.?0*$/.test(text)) text = text.slice(1);
  return text.replace("-", "\u2212");
};

// Six digits of a number.
const brief = (value) => String(Number(value.toPrecision(6)));

const grouped = (count) => String(count).replace(/\B(?=(\d{3})+(?!\d))/g, "\u2009");

const positionOf = ([lon, lat]) => {
  const part = (value, names) => `${Math.abs(value).toFixed(4)}\u00b0${value < 0 ? names[1] : names[0]}`;
  return `${part(lat, "NS")}, ${part(lon, "EW")}`;
};
