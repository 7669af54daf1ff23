// Puts the page together: what is shown, the controls, and a frame whenever something has changed.

const the = (id) => document.getElementById(id);

const fail = (error) => {
  the("notice").textContent = `This page cannot go on: ${error.message}`;
  the("notice").hidden = false;
  the("notice").dataset.failed = "yes";
  console.error(error);
};

const start = async () => {
  if (typeof DecompressionStream === "undefined") throw new Error("this browser is older than 2023 and cannot unpack it");
  const [meta, earthBytes] = await Promise.all([json("meta"), piece("earth")]);
  const projection = projectionOf(meta.framed.projection);
  const camera = cameraOf(meta.framed);
  const earth = earthOf(earthBytes, projection);
  const canvases = ["ground", "cells", "over"].map(the);
  const gpu = gpuOf(the("cells"));
  const shown = { variable: meta.first, step: 0, order: null, palette: null, isReversed: false, range: null };
  let inks = {};
  let theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  let [texels, current, last, mark, hovered] = [null, null, null, null, null];
  let [isAsked, painted, cost, movedAt] = [false, null, 0, 0];

  const told = () => meta.variables[shown.variable];
  const paletteOf = () => shown.palette ?? (told().change ? "RdBu" : "viridis");
  // The range of the colours: zero is in the middle of those that part there.
  const rangeOf = (order) => {
    const { low, high } = loader.rangeIn(order, shown.variable) ?? { low: 0, high: 1 };
    const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
    return shown.range ?? (meta.looks.diverging.includes(paletteOf()) ? [-most, most] : [low, high]);
  };
  const frame = () => {
    if (!isAsked) requestAnimationFrame(draw);
    isAsked = true;
  };
  // What comes in while cells are loaded is shown a few times a second: drawing must not hold loading up.
  let arrival = 0;
  const arrived = () => {
    arrival ||= setTimeout(() => {
      arrival = 0;
      frame();
    }, 150);
  };
  const loader = loaderOf(meta, projection, gpu, arrived, fail);

  const recolor = () => {
    const look = meta.looks[theme];
    inks = { ...look.inks, halo: theme === "dark" ? "rgba(11,14,20,0.85)" : "rgba(255,255,255,0.85)" };
    const palette = paletteOf();
    texels = texelsOf(look.palettes[palette], shown.isReversed);
    gpu.setColors(texels);
    document.documentElement.dataset.theme = theme;
    for (const name of ["paper", "text", "faint", "frame", "sea"]) document.documentElement.style.setProperty(`--${name}`, inks[name]);
    the("palette").value = palette;
    painted = null;
    frame();
  };

  // Sea and coasts are painted anew, or moved as they are while hands are on the map and painting takes long.
  const paint = (waiting) => {
    const isMoving = performance.now() - movedAt < 150;
    if (isMoving && painted && cost > 10) {
      const grown = camera.scale / painted.scale;
      const [dx, dy] = [(painted.x - camera.x) * camera.scale, (camera.y - painted.y) * camera.scale];
      for (const canvas of [canvases[0], canvases[2]]) canvas.style.transform = `translate(${dx}px, ${dy}px) scale(${grown})`;
      setTimeout(frame, 160);
      return;
    }
    const before = performance.now();
    for (const canvas of [canvases[0], canvases[2]]) canvas.style.transform = "";
    drawGround(canvases[0], camera, projection, earth, inks);
    const cell = mark ?? hovered;
    const outline = cell && cell.order === current?.order && cell.block.words ? cell.order.cells.outline(cell.block.words, cell.index) : null;
    drawOver(canvases[2], camera, projection, earth, inks, { outline, waiting });
    painted = { x: camera.x, y: camera.y, scale: camera.scale };
    cost = 0.7 * cost + 0.3 * (performance.now() - before);
  };

  let countTimer = 0;
  const showLegend = () => {
    const order = current?.order;
    if (!order) return;
    const [low, high] = rangeOf(order);
    const known = loader.rangeIn(order, shown.variable);
    const key = loader.valueKey(shown);
    const found = histogramOf(current.ready, camera, [low, high], (block) => block.values.get(key));
    drawLegend(the("legend"), found, texels, [low, high], [known?.min ?? null, known?.max ?? null], inks);
    const none = found.none ? `, ${grouped(found.none)} without a value` : "";
    the("count").textContent = `${grouped(found.count)} cells of order ${order.told.order} in sight${none}`;
    the("extremes").textContent = known && known.min !== null ? `${brief(known.min)} to ${brief(known.max)}` : "none";
    the("legend").setAttribute("aria-label", `Colours from ${low} to ${high} ${told().units ?? ""}, and how many cells in sight have which value`);
    for (const [id, end] of [["low", low], ["high", high]]) {
      the(id).dataset.exact = String(end);
      if (document.activeElement !== the(id)) the(id).value = brief(end);
    }
    for (const option of the("order").options) {
      if (option.value === "") option.textContent = `by zoom (now ${order.told.order})`;
    }
  };

  let waitingSince = null;
  const showNotice = (order) => {
    const notice = the("notice");
    if (notice.dataset.failed) return;
    waitingSince = current.isWhole ? null : waitingSince ?? performance.now();
    let text = "";
    if (current.isTooMuch) {
      text = `${grouped(current.cells)} cells are here, more than are drawn at once: zoom in, or make the store with coarser orders (overviews).`;
    } else if (meta.orders[order.index].cells === 0) {
      text = "This store has no cells.";
    } else if (waitingSince !== null && performance.now() - waitingSince > 400) {
      text = "Loading \u2026";
    } else if (waitingSince !== null) {
      setTimeout(frame, 420);
    }
    if (notice.textContent !== text) notice.textContent = text;
    notice.hidden = text === "";
  };

  const draw = () => {
    isAsked = false;
    const order = shown.order === null ? loader.suited(camera) : loader.orders[shown.order];
    current = loader.take(order, camera, shown);
    const groups = [];
    // What was there before stays until what follows is whole.
    if (!current.isWhole && last && last !== order) groups.push([last, loader.inSightOf(last, camera).filter((block) => loader.isReady(block, shown))]);
    groups.push([order, current.ready]);
    if (current.isWhole) last = order;
    const ratio = window.devicePixelRatio || 1;
    const [wide, high] = [Math.round(camera.width * ratio), Math.round(camera.height * ratio)];
    const canvas = canvases[1];
    if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
    const blocks = groups.flatMap(([, of]) => of);
    const known = loader.rangeIn(order, shown.variable) ?? { low: 0, high: 1 };
    const part = (value) => (value / 2 - known.low / 2) / (known.high / 2 - known.low / 2);
    gpu.draw(blocks, camera, rangeOf(order).map(part), channels(inks.none.slice(1)));
    paint(current.isTooMuch ? current.missing.map((block) => block.bounds) : []);
    showNotice(order);
    document.body.dataset.state = current.isWhole ? "whole" : "loading";
    clearTimeout(countTimer);
    countTimer = setTimeout(showLegend, 120);
    loader.tidy(camera);
  };

  // Counts have the unit 1, which nobody reads.
  const unitOf = (variable) => {
    const { units } = meta.variables[variable];
    return units && units !== "1" ? units : "";
  };
  const textOf = (cell, variable, values) => `${textAt(values, cell.index)} ${unitOf(variable)}`.trim();
  const centerOf = (cell) => {
    const points = cell.order.cells.outline(cell.block.words, cell.index);
    const sum = points.reduce(([a, b], [x, y]) => [a + x, b + y], [0, 0]);
    return projection.invert(sum[0] / points.length, sum[1] / points.length);
  };
  const say = (text) => { the("live").textContent = text; };
  const pointed = (at, isByKey = false) => {
    const cell = at && current ? loader.cellAt(current.order, camera, at) : null;
    const values = cell?.block.values.get(loader.valueKey(shown));
    const tip = the("tip");
    if (cell?.key !== hovered?.key || cell?.order !== hovered?.order) frame();
    hovered = cell;
    const here = at && projection.invert(...camera.plane(...at));
    the("position").textContent = here ? positionOf(here) : "";
    if (!cell || !values) {
      tip.hidden = true;
      if (isByKey) say("no cell in the middle");
      return;
    }
    tip.replaceChildren();
    put(tip, "strong", textOf(cell, shown.variable, values), "value");
    put(tip, "span", told().name, "name");
    put(tip, "span", cell.order.cells.called(cell.key), "id");
    tip.hidden = false;
    const [wide, high] = [tip.offsetWidth, tip.offsetHeight];
    tip.style.left = `${Math.max(4, Math.min(at[0] + 14, camera.width - wide - 6))}px`;
    tip.style.top = `${Math.max(4, at[1] + high + 20 > camera.height ? at[1] - high - 12 : at[1] + 16)}px`;
    if (isByKey) say(`${told().name} ${textOf(cell, shown.variable, values)}, ${cell.order.cells.called(cell.key)}`);
  };
  const showMark = async () => {
    const cell = mark;
    const box = the("cell");
    box.hidden = !cell;
    if (!cell) return;
    const step = meta.axis ? shown.step : 0;
    // Of a block that was out of sight the corners are gone, too.
    const [, ...all] = await Promise.all([
      loader.wordsIn(cell.order, cell.block),
      ...meta.variables.map((one, variable) => loader.valuesIn(cell.order, cell.block, loader.valueKey({ variable, step }))),
    ]);
    if (cell !== mark) return;
    box.replaceChildren();
    put(box, "h2", `${cell.order.cells.called(cell.key)}, order ${cell.order.told.order}`);
    const center = centerOf(cell);
    if (center) put(box, "p", positionOf(center), "small");
    const table = put(box, "table");
    all.forEach((values, variable) => {
      const line = put(table, "tr");
      const name = put(line, "th", meta.variables[variable].name);
      name.scope = "row";
      const value = put(line, "td", textAt(values, cell.index));
      value.dataset.variable = meta.variables[variable].name;
      put(line, "td", unitOf(variable), "small");
    });
    say(`${cell.order.cells.called(cell.key)}: ${all.map((values, variable) => `${meta.variables[variable].name} ${textOf(cell, variable, values)}`).join(", ")}`);
  };
  const chosen = (at) => {
    const cell = at && current ? loader.cellAt(current.order, camera, at) : null;
    mark = cell && !(mark && mark.key === cell.key && mark.order === cell.order) ? cell : null;
    showMark().catch(fail);
    frame();
  };
  const moved = () => {
    movedAt = performance.now();
    the("tip").hidden = true;
    frame();
  };
  const reset = () => {
    camera.fit();
    moved();
  };
  attachGestures(canvases[2], camera, { moved, pointed, chosen, reset });

  const reshow = () => {
    the("long").textContent = [told().long_name, unitOf(shown.variable) && `[${told().units}]`].filter(Boolean).join(" ");
    hovered = null;
    recolor();
    showMark().catch(fail);
  };
  attachControls({ meta, shown, camera, reshow, recolor, moved, reset, frame, canvases,
    turnTheme: () => { theme = theme === "dark" ? "light" : "dark"; recolor(); } });
  showAbout(the("about"), meta);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => { theme = event.matches ? "dark" : "light"; recolor(); });
  new ResizeObserver(() => {
    camera.resize(the("map").clientWidth, the("map").clientHeight);
    painted = null;
    frame();
  }).observe(the("map"));
  camera.resize(the("map").clientWidth, the("map").clientHeight);
  the("cells").addEventListener("webglcontextlost", (event) => event.preventDefault());
  the("cells").addEventListener("webglcontextrestored", () => { gpu.begin(); loader.forget(); recolor(); });
  reshow();
  // For scripts, and tests: where the map looks, and what a frame costs.
  window.icefold = {
    counted: gpu.counted,
    camera,
    look: (lon, lat, scale) => {
      [camera.x, camera.y] = projection.project(lon, lat);
      if (scale) camera.scale = scale;
      moved();
    },
    pixelOf: (lon, lat) => camera.pixel(...projection.project(lon, lat)),
    projection,
    order: () => current.order.told.order,
    side: () => current.order.cells.side,
    drawNow: () => { isAsked = true; draw(); gpu.gl.finish(); },
  };
};

start().catch(fail);
