// Cells on their way to the map: which blocks are in sight, and what of them is there.

// Cells in sight that are drawn at once at most; who wants more zooms in, or has coarser orders.
const MOST_IN_SIGHT = 4000000;
// Cells that stay on the graphics card out of sight.
const MOST_KEPT = 6000000;
// Pieces that are asked for at the same time.
const AT_ONCE = 6;
// Pixels of a cell's side from which on an order is fine enough to be seen.
const SEEN = 1.6;

const loaderOf = (meta, projection, gpu, changed, failed) => {
  const orders = meta.orders.map((told, index) => ({ index, told, cells: orderOf(told, projection), ranges: new Map(), blocks: null }));
  const busy = new Set();
  let underWay = 0;
  let wanted = [];
  const once = (name, work) => {
    if (busy.has(name)) return;
    busy.add(name);
    work().then(changed, failed);
  };
  const valueKey = (shown) => `${shown.variable}-${meta.variables[shown.variable].steps ? shown.step : 0}`;
  // The blocks of an order; null until they are known.
  const blocksIn = (order) => {
    if (!order.blocks) {
      once(`blocks-${order.index}`, async () => {
        order.blocks = blocksOf(await piece(`blocks-${order.index}`));
      });
    }
    return order.blocks;
  };
  // The range of a variable's colours in an order; null until it is known.
  const rangeIn = (order, variable) => {
    const known = order.ranges.get(variable);
    if (!known) {
      once(`range-${order.index}-${variable}`, async () => {
        order.ranges.set(variable, await json(`range-${order.index}-${variable}`));
      });
    }
    return known ?? null;
  };
  const valuesIn = async (order, block, key) => {
    if (!block.values.has(key)) {
      const [variable] = key.split("-");
      const bytes = await piece(`values-${order.index}-${block.index}-${key}`);
      block.values.set(key, valuesOf(bytes, meta.variables[variable]));
    }
    return block.values.get(key);
  };
  const wordsIn = async (order, block) => {
    if (!block.words) {
      const bytes = unshuffled(await piece(`ids-${order.index}-${block.index}`), 8);
      block.words = summed(bytes, block.first);
    }
    return block.words;
  };
  const isReady = (block, shown) => block.drawn && block.sent === valueKey(shown);
  const bring = async ({ order, block, shown, range }) => {
    const key = valueKey(shown);
    const [, values] = await Promise.all([wordsIn(order, block), valuesIn(order, block, key)]);
    block.geometry ??= geometryOf(block, order.cells);
    gpu.send(block, uploadOf(values, block.geometry.owners, [range.low, range.high]));
    block.sent = key;
  };
  const next = () => {
    while (underWay < AT_ONCE && wanted.length) {
      const one = wanted.shift();
      if (one.block.isComing || isReady(one.block, one.shown)) continue;
      one.block.isComing = true;
      underWay += 1;
      bring(one).then(() => true, failed).then(() => {
        one.block.isComing = false;
        underWay -= 1;
        changed();
        // The browser draws between two.
        setTimeout(next, 0);
      });
    }
  };
  // Blocks of an order in sight.
  const inSightOf = (order, camera) => {
    const view = camera.bounds();
    const spare = LEAST / camera.scale;
    const wide = [view[0] - spare, view[1] - spare, view[2] + spare, view[3] + spare];
    return (blocksIn(order) ?? []).filter((block) => touches(block.bounds, wide));
  };
  return {
    orders, blocksIn, rangeIn, valuesIn, wordsIn, valueKey, isReady, inSightOf,
    // The order that suits a zoom: the finest whose cells are seen.
    suited: (camera) => {
      for (let at = orders.length - 1; at > 0; at -= 1) if (orders[at].cells.side * camera.scale >= SEEN) return orders[at];
      return orders[0];
    },
    // What of an order can be drawn now; what cannot comes as soon as it can.
    take: (order, camera, shown) => {
      const range = rangeIn(order, shown.variable);
      const blocks = inSightOf(order, camera);
      const cells = blocks.reduce((sum, block) => sum + block.count, 0);
      const isTooMuch = cells > MOST_IN_SIGHT;
      const ready = blocks.filter((block) => isReady(block, shown));
      const missing = blocks.filter((block) => !isReady(block, shown));
      const [x, y] = [camera.x, camera.y];
      const away = ({ bounds: [x0, y0, x1, y1] }) => Math.hypot((x0 + x1) / 2 - x, (y0 + y1) / 2 - y);
      missing.sort((a, b) => away(a) - away(b));
      wanted = range && !isTooMuch ? missing.map((block) => ({ order, block, shown: { ...shown }, range })) : [];
      next();
      const isKnown = order.blocks !== null && range !== null;
      return { order, range, blocks, ready, missing, cells, isTooMuch, isWhole: isKnown && missing.length === 0 };
    },
    // Takes from the graphics card what is out of sight, where there is too much.
    tidy: (camera) => {
      const view = camera.bounds();
      let kept = 0;
      for (const order of [...orders].reverse()) {
        for (const block of order.blocks ?? []) {
          if (!block.drawn) continue;
          kept += block.count;
          if (kept > MOST_KEPT && !block.isComing && !touches(block.bounds, view)) {
            kept -= block.count;
            gpu.drop(block);
            Object.assign(block, { geometry: null, words: null, places: null, sent: null });
            block.values.clear();
          }
        }
      }
    },
    // After the graphics card has lost everything.
    forget: () => orders.forEach((order) => (order.blocks ?? []).forEach((block) => Object.assign(block, { drawn: null, sent: null }))),
    // The cell at a pixel, or the nearest within a few pixels: cells that are smaller are drawn larger.
    cellAt: (order, camera, [px, py]) => {
      const offsets = [[0, 0]];
      for (const far of [1, 2, 3]) for (let i = 0; i < 8; i += 1) offsets.push([far * Math.cos(i * Math.PI / 4), far * Math.sin(i * Math.PI / 4)]);
      const blocks = inSightOf(order, camera).filter((block) => block.words);
      for (const [dx, dy] of order.cells.side * camera.scale > 6 ? [[0, 0]] : offsets) {
        const at = camera.plane(px + dx, py + dy);
        const key = order.cells.keyAt(...at);
        if (key === null) continue;
        for (const block of blocks) {
          if (order.cells.isSorted ? key < block.first || key > block.last : !touches(block.bounds, [...at, ...at])) continue;
          const index = indexIn(block, key, order.cells.isSorted);
          if (index >= 0) return { order, block, index, key };
        }
      }
      return null;
    },
  };
};
