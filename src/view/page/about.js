// What the store says of itself and of what it was made of. All of it is text: nothing a store says becomes HTML.

const put = (parent, tag, text, kind) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (kind) element.className = kind;
  parent.append(element);
  return element;
};

const bytesText = (bytes) => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  let value = Number(bytes);
  while (value >= 1000 && at < units.length - 1) [value, at] = [value / 1000, at + 1];
  return `${value.toFixed(at ? 1 : 0)} ${units[at]}`;
};

// An identifier of something on the web: a link where it is what it says.
const putDoi = (parent, doi) => {
  if (!/^10\.\d{4,9}\/[-._;()/:A-Za-z0-9]+$/.test(doi)) {
    put(parent, "span", doi);
    return;
  }
  const link = put(parent, "a", `doi:${doi}`);
  link.href = `https://doi.org/${doi}`;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
};

const showAbout = (parent, meta) => {
  const facts = put(parent, "dl");
  const fact = (name, value) => {
    if (value === undefined || value === null || value === "") return null;
    put(facts, "dt", name);
    return put(facts, "dd", String(value));
  };
  const said = meta.attributes;
  fact("Cells", meta.orders.map((one) => `${grouped(one.cells)} of order ${one.order}`).reverse().join("; "));
  const finest = meta.orders[meta.orders.length - 1];
  fact("Grid", finest.rows ? finest.rows.words : `${finest.grid}, ${finest.latitude}`);
  fact("Projection", meta.framed.name);
  fact("Source", said.source);
  const times = [said.time_coverage_start, said.time_coverage_end].filter(Boolean);
  fact("Time", times.join(" to "));
  const made = meta.provenance;
  if (!made) {
    fact("Made of", said.history ?? "the store does not say");
  } else {
    const products = fact("Products", made.products?.length ? " " : null);
    for (const product of made.products ?? []) {
      const line = put(products, "div", `${product.title ?? product.product}, release ${product.release}: ${grouped(product.files)} files `);
      if (product.doi) putDoi(line, product.doi);
    }
    const command = fact("Command", made.command);
    if (command) command.className = "code";
    fact("icefold", made.icefold_version);
    const hash = fact("Config", made.config_sha256 ? `sha256 ${made.config_sha256}` : null);
    if (hash) hash.className = "code";
    const files = put(parent, "details");
    const count = made.granules?.length ?? 0;
    put(files, "summary", `${grouped(count)} ${count === 1 ? "file" : "files"}`);
    const list = put(files, "ul", undefined, "files");
    for (const granule of made.granules ?? []) put(list, "li", `${granule.name} (${bytesText(granule.bytes)})`);
    if (made.config) {
      const config = put(parent, "details");
      put(config, "summary", "Config");
      put(config, "pre", made.config);
    }
  }
  if (meta.left_out.length) {
    const left = put(parent, "details");
    put(left, "summary", `${meta.left_out.length} arrays are not shown`);
    const list = put(left, "ul");
    for (const [name, why] of meta.left_out) put(list, "li", `${name}: ${why}`);
  }
  put(parent, "p", `Made by icefold ${meta.version}. Coasts and ice: Natural Earth.`, "small");
};
