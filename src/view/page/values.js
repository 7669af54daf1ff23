// Values of cells: their exact text, and what the graphics card is told of them.

// What stands for values that are none on the graphics card.
const NO_NUMBER = 1e30;
const NOT_THERE = 2e30;

// Whether the bytes of a value are those of the fill value.
const isFill = (bytes, index, width, fill) => {
  for (let k = 0; k < width; k += 1) if (bytes[index * width + k] !== fill[k]) return false;
  return true;
};

// Values of a block as they are stored.
const valuesOf = (bytes, told) => {
  const array = TYPES[told.dtype];
  const width = array.BYTES_PER_ELEMENT;
  const plain = unshuffled(bytes, width);
  const fill = (told.fill.match(/../g) ?? []).map((text) => parseInt(text, 16));
  return {
    typed: new array(plain.buffer),
    isFill: (i) => isFill(plain, i, width, fill),
    isFloat: told.dtype.startsWith("float"),
    atSteps: told.steps,
  };
};

// A value as a number for colours: null where there is none at this step, NaN where it is no number.
const numberAt = (values, i) => {
  if (values.atSteps && values.isFill(i)) return null;
  if (values.isFloat && values.isFill(i)) return NaN;
  return Number(values.typed[i]);
};

// The shortest text that means a value of its type and no other.
const textAt = (values, i) => {
  if (values.atSteps && values.isFill(i)) return "none at this step";
  const value = values.typed[i];
  if (values.isFloat && Number.isNaN(value)) return "NaN";
  if (values.typed instanceof Float32Array && Number.isFinite(value)) {
    for (let digits = 1; digits <= 9; digits += 1) {
      const text = value.toPrecision(digits);
      if (Math.fround(Number(text)) === value) return Object.is(value, -0) ? "-0" : String(Number(text));
    }
  }
  return Object.is(value, -0) ? "-0" : String(value);
};

// Values for the graphics card: 0 and 1 at the ends of the range. Those of pieces are those of their cells.
const uploadOf = (values, owners, [low, high]) => {
  const count = owners ? owners.length : values.typed.length;
  const out = new Float32Array(count);
  const wide = high / 2 - low / 2;
  for (let k = 0; k < count; k += 1) {
    const value = numberAt(values, owners ? owners[k] : k);
    if (value === null) out[k] = NOT_THERE;
    else if (Number.isNaN(value)) out[k] = NO_NUMBER;
    else out[k] = Math.min(Math.max((value / 2 - low / 2) / wide, -1e6), 1e6);
  }
  return out;
};
