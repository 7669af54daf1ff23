// Where the map looks: the point of the plane in the middle, and pixels to a unit of the plane.

const cameraOf = ({ window: first, projection: told }) => {
  const isDegrees = told.kind === "degrees";
  const camera = {
    x: first.x, y: first.y, scale: 1, width: 1, height: 1, fitted: 1,
    pixel: (x, y) => [camera.width / 2 + (x - camera.x) * camera.scale, camera.height / 2 - (y - camera.y) * camera.scale],
    plane: (px, py) => [camera.x + (px - camera.width / 2) / camera.scale, camera.y - (py - camera.height / 2) / camera.scale],
    bounds: () => {
      const [halfWide, halfHigh] = [camera.width / 2 / camera.scale, camera.height / 2 / camera.scale];
      return [camera.x - halfWide, camera.y - halfHigh, camera.x + halfWide, camera.y + halfHigh];
    },
    // What the map began with.
    fit: () => {
      camera.fitted = Math.min(camera.width / first.width, camera.height / first.height);
      [camera.x, camera.y, camera.scale] = [first.x, first.y, camera.fitted];
      camera.limit();
      camera.fitX = camera.x;
    },
    resize: (width, height) => {
      const isFitted = camera.scale === camera.fitted && camera.x === camera.fitX;
      [camera.width, camera.height] = [width, height];
      if (isFitted || camera.fitted === 1) camera.fit();
      else camera.fitted = Math.min(width / first.width, height / first.height);
    },
    pan: (dx, dy) => {
      camera.x -= dx / camera.scale;
      camera.y += dy / camera.scale;
      camera.limit();
    },
    // Zooms about a pixel.
    zoom: (factor, px = camera.width / 2, py = camera.height / 2) => {
      const before = camera.plane(px, py);
      const most = (isDegrees ? 111195 : 1) * 40;
      const least = Math.min(camera.fitted, isDegrees ? camera.width / 400 : camera.width / 3e7) / 1.5;
      camera.scale = Math.min(Math.max(camera.scale * factor, least), Math.max(most, camera.fitted));
      const after = camera.plane(px, py);
      camera.x += before[0] - after[0];
      camera.y += before[1] - after[1];
      camera.limit();
    },
    // The Earth stays in sight.
    limit: () => {
      const far = isDegrees ? 180 : 1.3e7;
      const middle = isDegrees ? (told.cut + 180) * told.shrink : 0;
      if (isDegrees || told.kind !== "crs" || Math.abs(first.x) < far) camera.x = Math.min(Math.max(camera.x, middle - far), middle + far);
      // A map in degrees ends at the poles: little is shown of what is beyond.
      const most = isDegrees ? Math.max(0, 90 - 0.9 * camera.height / 2 / camera.scale) : far;
      camera.y = Math.min(Math.max(camera.y, -most), most);
    },
  };
  return camera;
};
