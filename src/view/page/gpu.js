// Drawing cells on the graphics card. Corners and values of a block are sent once, when it is first seen or when another
// variable is chosen. A frame sends 16 bytes for each block in sight, 32 for all, and draws each block by one call of four
// vertices for every cell in it; so it costs what is in sight, and nothing of it is made anew.

const VERTEX = `#version 300 es
layout(location = 0) in vec4 bottom;
layout(location = 1) in vec4 top;
layout(location = 2) in float value;
uniform vec4 place;
uniform vec2 range;
uniform float least;
out float part;
flat out int kind;
void main() {
  vec2 south = bottom.xy, east = bottom.zw, west = top.xy, north = top.zw;
  vec2 corner = gl_VertexID == 0 ? south : gl_VertexID == 1 ? east : gl_VertexID == 2 ? west : north;
  vec2 middle = 0.25 * (south + east + west + north);
  float wide = max(length(north - south), length(east - west));
  float grow = max(1.0, least / max(wide, 1e-20));
  vec2 at = place.xy + (middle + (corner - middle) * grow) * place.zw;
  kind = value > 1.5e30 ? 2 : value > 0.5e30 ? 1 : 0;
  part = clamp((value - range.x) * range.y, 0.0, 1.0);
  gl_Position = kind == 2 ? vec4(2.0, 2.0, 2.0, 1.0) : vec4(at, 0.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
in highp float part;
flat in int kind;
uniform sampler2D colors;
uniform vec4 none;
out vec4 color;
void main() { color = kind == 1 ? none : texture(colors, vec2(part, 0.5)); }`;

// Pixels of the screen that the diagonal of a cell has at least, so that tracks stay visible.
const LEAST = 2.6;

const gpuOf = (canvas) => {
  const gl = canvas.getContext("webgl2", { antialias: true, alpha: true, premultipliedAlpha: true, preserveDrawingBuffer: true });
  if (!gl) throw new Error("this browser does not draw with WebGL 2; use one that does, or turn its hardware acceleration on");
  const counted = { draws: 0, cells: 0, vertices: 0, bytes: 0 };
  let program;
  let spots;
  let texture;
  const shader = (type, text) => {
    const made = gl.createShader(type);
    gl.shaderSource(made, text);
    gl.compileShader(made);
    if (!gl.getShaderParameter(made, gl.COMPILE_STATUS) && !gl.isContextLost()) throw new Error(gl.getShaderInfoLog(made));
    return made;
  };
  const begin = () => {
    program = gl.createProgram();
    gl.attachShader(program, shader(gl.VERTEX_SHADER, VERTEX));
    gl.attachShader(program, shader(gl.FRAGMENT_SHADER, FRAGMENT));
    gl.linkProgram(program);
    spots = Object.fromEntries(["place", "range", "least", "none", "colors"].map((name) => [name, gl.getUniformLocation(program, name)]));
    texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
    for (const way of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, way, gl.LINEAR);
  };
  begin();
  const buffer = (data) => {
    const made = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, made);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    return made;
  };
  return {
    gl, counted, begin,
    setColors: (texels) => {
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, texels.length / 4, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
    },
    // Sends corners and values of a block.
    send: (block, upload) => {
      if (!block.drawn) {
        const array = gl.createVertexArray();
        gl.bindVertexArray(array);
        const corners = buffer(block.geometry.corners);
        for (const [index, offset] of [[0, 0], [1, 16]]) {
          gl.enableVertexAttribArray(index);
          gl.vertexAttribPointer(index, 4, gl.FLOAT, false, 32, offset);
          gl.vertexAttribDivisor(index, 1);
        }
        const values = buffer(upload);
        gl.enableVertexAttribArray(2);
        gl.vertexAttribPointer(2, 1, gl.FLOAT, false, 4, 0);
        gl.vertexAttribDivisor(2, 1);
        block.drawn = { array, corners, values, count: upload.length };
      } else {
        gl.bindBuffer(gl.ARRAY_BUFFER, block.drawn.values);
        gl.bufferData(gl.ARRAY_BUFFER, upload, gl.STATIC_DRAW);
      }
      gl.bindVertexArray(null);
    },
    drop: (block) => {
      if (!block.drawn) return;
      gl.deleteVertexArray(block.drawn.array);
      gl.deleteBuffer(block.drawn.corners);
      gl.deleteBuffer(block.drawn.values);
      block.drawn = null;
    },
    // Draws blocks that were sent; `range` says which part of what was sent has the colours.
    draw: (blocks, camera, range, none) => {
      Object.assign(counted, { draws: 0, cells: 0, vertices: 0, bytes: 32 });
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.useProgram(program);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.uniform1i(spots.colors, 0);
      gl.uniform2f(spots.range, range[0], 1 / (range[1] - range[0]));
      const [wide, high] = [2 * camera.scale / camera.width, 2 * camera.scale / camera.height];
      gl.uniform1f(spots.least, LEAST / camera.scale);
      gl.uniform4f(spots.none, ...none.map((part) => part / 255), 1);
      for (const block of blocks) {
        const [x, y] = block.geometry.origin;
        gl.uniform4f(spots.place, (x - camera.x) * wide, (y - camera.y) * high, wide, high);
        gl.bindVertexArray(block.drawn.array);
        gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, block.drawn.count);
        counted.draws += 1;
        counted.cells += block.drawn.count;
        counted.vertices += 4 * block.drawn.count;
        counted.bytes += 16;
      }
      gl.bindVertexArray(null);
    },
  };
};
