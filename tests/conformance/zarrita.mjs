// Reads stores with zarrita.js, from their folder and over plain HTTP that lists nothing, and prints what it read.
//
//     node zarrita.mjs NODE_MODULES STORE [GROUP...]
//
// Prints JSON: of the root and each group the arrays by name, with dtype, shape, and the SHA-256 of their values as they lie
// in memory (little-endian, in C order); and the attribute `dggs` of the group. Exits 1 where folder and address differ.

import { createHash } from "node:crypto";
import { readFile, readdir, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, folder, ...groups] = process.argv.slice(2);
const library = (path) => import(pathToFileURL(resolve(modules, path)).href);
const zarr = await library("zarrita/dist/src/index.js");
const { default: FileSystemStore } = await library("@zarrita/storage/dist/src/fs.js");

// Files by their names, and parts of them; a folder is as little there as what does not exist.
const server = createServer(async (request, response) => {
  try {
    const bytes = await readFile(join(folder, decodeURIComponent(request.url)));
    const part = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? "");
    const length = { "Content-Length": bytes.length };
    if (!part) return response.writeHead(200, length).end(request.method === "HEAD" ? undefined : bytes);
    const from = part[1] === "" ? bytes.length - Number(part[2]) : Number(part[1]);
    const to = part[1] === "" || part[2] === "" ? bytes.length - 1 : Math.min(Number(part[2]), bytes.length - 1);
    const range = `bytes ${from}-${to}/${bytes.length}`;
    response.writeHead(206, { "Content-Range": range }).end(bytes.subarray(from, to + 1));
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));

async function arraysOf(group) {
  const names = [];
  for (const name of await readdir(join(folder, group))) {
    const document = join(folder, group, name, "zarr.json");
    if ((await stat(document).catch(() => null)) && JSON.parse(await readFile(document)).node_type === "array") names.push(name);
  }
  return names.sort();
}

async function read(store, group) {
  const opened = await zarr.open(zarr.root(store).resolve(`/${group}`), { kind: "group" });
  const arrays = {};
  for (const name of await arraysOf(group)) {
    const array = await zarr.open(opened.resolve(name), { kind: "array" });
    if (array.shape.length === 0) continue;
    const { data } = await zarr.get(array);
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    arrays[name] = { dtype: array.dtype, shape: array.shape, sha256 };
  }
  return { dggs: opened.attrs.dggs, arrays };
}

const found = {};
const address = `http://127.0.0.1:${server.address().port}`;
for (const group of ["", ...groups]) {
  const [here, there] = [await read(new FileSystemStore(folder), group), await read(new zarr.FetchStore(address), group)];
  if (JSON.stringify(here) !== JSON.stringify(there)) {
    console.error(`group '${group}': ${JSON.stringify(here)} in its folder, ${JSON.stringify(there)} at its address`);
    process.exit(1);
  }
  found[group] = here;
}
console.log(JSON.stringify(found));
server.close();
server.closeAllConnections();
