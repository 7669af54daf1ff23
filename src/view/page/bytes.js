// Pieces of the page: found in it, or fetched from whoever serves it; inflated, and put in order again.

const TYPES = {
  int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array,
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array,
  float32: Float32Array, float64: Float64Array,
};

const ofBase64 = (text) => {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const plain = atob(text);
  const bytes = new Uint8Array(plain.length);
  for (let i = 0; i < plain.length; i += 1) bytes[i] = plain.charCodeAt(i);
  return bytes;
};

const inflated = async (packed) => {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
};

// Whether all pieces are in the page; otherwise somebody serves them.
const isWhole = document.getElementById("piece-meta") !== null;

// A piece by its name, as bytes.
const piece = async (name) => {
  if (isWhole) {
    const element = document.getElementById(`piece-${name}`);
    if (!element) throw new Error(`the page has no piece ${name}`);
    return inflated(ofBase64(element.textContent));
  }
  let answer;
  try {
    answer = await fetch(`piece/${name}`);
  } catch {
    throw new Error("icefold no longer serves this page; start it again and open the address that it prints");
  }
  if (!answer.ok) throw new Error((await answer.text()) || `there is no piece ${name}`);
  return inflated(await answer.arrayBuffer());
};

const json = async (name) => JSON.parse(new TextDecoder().decode(await piece(name)));

// Values whose bytes stand together by their rank, as they were.
const unshuffled = (bytes, width) => {
  const count = bytes.length / width;
  const values = new Uint8Array(bytes.length);
  for (let rank = 0; rank < width; rank += 1) {
    const from = rank * count;
    for (let i = 0, to = rank; i < count; i += 1, to += width) values[to] = bytes[from + i];
  }
  return values;
};

// Numbers of 64 bits from their differences and the first of them: low and high words in turn.
const summed = (bytes, first) => {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  let low = Number(first & 0xffffffffn);
  let high = Number(first >> 32n);
  for (let i = 0; i < words.length; i += 2) {
    const sum = low + words[i];
    low = sum >>> 0;
    high = (high + words[i + 1] + (sum > 0xffffffff ? 1 : 0)) >>> 0;
    words[i] = low;
    words[i + 1] = high;
  }
  return words;
};

// The blocks of an order: first and last key, cells, and bounds in the plane.
const blocksOf = (bytes) => {
  const keys = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
  const numbers = new Float64Array(keys.buffer, keys.byteOffset, keys.length);
  const blocks = [];
  for (let at = 0; at < keys.length; at += 7) {
    blocks.push({
      index: blocks.length,
      first: keys[at],
      last: keys[at + 1],
      count: Number(keys[at + 2]),
      bounds: Array.from(numbers.subarray(at + 3, at + 7)),
      values: new Map(),
    });
  }
  return blocks;
};
