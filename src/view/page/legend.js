// The colour bar under a histogram of the cells in sight.

const BINS = 48;

// Counts of values by bins of the colours' range, the first and the last with what is beyond it.
const histogramOf = (blocks, camera, [low, high], valuesOfBlock) => {
  const [x0, y0, x1, y1] = camera.bounds();
  const bins = new Array(BINS).fill(0);
  let [count, none] = [0, 0];
  for (const block of blocks) {
    const values = valuesOfBlock(block);
    if (!values || !block.geometry) continue;
    const { corners, owners, origin } = block.geometry;
    const [b0, b1, b2, b3] = block.bounds;
    const isInside = b0 >= x0 && b1 >= y0 && b2 <= x1 && b3 <= y1;
    let last = -1;
    for (let k = 0; k < corners.length / 8; k += 1) {
      const i = owners ? owners[k] : k;
      if (i === last) continue;
      if (!isInside) {
        const x = origin[0] + (corners[8 * k] + corners[8 * k + 6]) / 2;
        const y = origin[1] + (corners[8 * k + 1] + corners[8 * k + 7]) / 2;
        if (x < x0 || x > x1 || y < y0 || y > y1) continue;
      }
      last = i;
      const value = numberAt(values, i);
      if (value === null) continue;
      count += 1;
      if (Number.isNaN(value)) none += 1;
      else bins[Math.min(Math.max(Math.floor((value - low) / (high - low) * BINS), 0), BINS - 1)] += 1;
    }
  }
  return { bins, count, none };
};

const drawLegend = (canvas, { bins }, texels, [low, high], extremes, inks) => {
  const ratio = window.devicePixelRatio || 1;
  const [wide, high_] = [canvas.clientWidth, canvas.clientHeight];
  if (!wide) return;
  [canvas.width, canvas.height] = [Math.round(wide * ratio), Math.round(high_ * ratio)];
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const [left, right, top, bar] = [10, wide - 10, 4, 14];
  const base = high_ - 36;
  const most = Math.max(1, ...bins);
  const step = (right - left) / BINS;
  bins.forEach((count, i) => {
    const tall = count ? Math.max(1.5, (base - top) * Math.sqrt(count / most)) : 0;
    context.fillStyle = `rgb(${mixed(texels, (i + 0.5) / BINS).join(",")})`;
    context.fillRect(left + i * step, base - tall, step - 0.6, tall);
  });
  for (let x = left; x < right; x += 1) {
    context.fillStyle = `rgb(${mixed(texels, (x + 0.5 - left) / (right - left)).join(",")})`;
    context.fillRect(x, base + 3, 1.5, bar);
  }
  // Pointed where there are values beyond.
  const point = (x, to, part) => {
    context.fillStyle = `rgb(${mixed(texels, part).join(",")})`;
    context.beginPath();
    context.moveTo(x, base + 3);
    context.lineTo(to, base + 3 + bar / 2);
    context.lineTo(x, base + 3 + bar);
    context.fill();
  };
  if (extremes[0] !== null && extremes[0] < low) point(left, left - 8, 0);
  if (extremes[1] !== null && extremes[1] > high) point(right, right + 8, 1);
  context.fillStyle = inks.text;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "top";
  context.textAlign = "center";
  const ticks = ticksOf(low, high, Math.max(2, (right - left) / 62));
  for (const value of ticks.values) {
    const x = left + (value / 2 - low / 2) / (high / 2 - low / 2) * (right - left);
    context.fillRect(x - 0.5, base + 3 + bar, 1, 3);
    const text = rounded(value, ticks.step);
    const half = context.measureText(text).width / 2;
    context.fillText(text, Math.min(Math.max(x, half), wide - half), base + bar + 8);
  }
};
