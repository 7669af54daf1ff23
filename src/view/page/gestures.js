// Hands on the map: dragging, wheel, two fingers, keys.

const attachGestures = (element, camera, { moved, pointed, chosen, reset }) => {
  const pointers = new Map();
  let travelled = 0;
  const place = (event) => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    element.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    travelled = 0;
  });
  element.addEventListener("pointermove", (event) => {
    const now = place(event);
    const last = pointers.get(event.pointerId);
    if (!last) {
      if (event.pointerType !== "touch") pointed(now);
      return;
    }
    const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    if (others.length === 0) {
      camera.pan(now[0] - last[0], now[1] - last[1]);
    } else if (others.length === 1) {
      const [other] = others;
      const apart = (a) => Math.max(10, Math.hypot(a[0] - other[0], a[1] - other[1]));
      camera.pan((now[0] - last[0]) / 2, (now[1] - last[1]) / 2);
      camera.zoom(apart(now) / apart(last), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    }
    travelled += Math.hypot(now[0] - last[0], now[1] - last[1]);
    pointers.set(event.pointerId, now);
    moved();
  });
  const lifted = (event) => {
    const wasOne = pointers.size === 1;
    if (pointers.delete(event.pointerId) && wasOne && travelled < 5 && event.type === "pointerup") chosen(place(event));
  };
  element.addEventListener("pointerup", lifted);
  element.addEventListener("pointercancel", lifted);
  element.addEventListener("pointerleave", () => pointed(null));
  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 400 : 1;
    const amount = Math.min(Math.max(event.deltaY * unit, -240), 240);
    camera.zoom(Math.exp(-amount * (event.ctrlKey ? 0.01 : 0.0022)), ...place(event));
    moved();
  }, { passive: false });
  element.addEventListener("dblclick", (event) => {
    camera.zoom(event.shiftKey ? 0.5 : 2, ...place(event));
    moved();
  });
  const middle = () => [camera.width / 2, camera.height / 2];
  const keys = {
    ArrowLeft: () => camera.pan(camera.width / 8, 0),
    ArrowRight: () => camera.pan(-camera.width / 8, 0),
    ArrowUp: () => camera.pan(0, camera.height / 8),
    ArrowDown: () => camera.pan(0, -camera.height / 8),
    "+": () => camera.zoom(1.5),
    "=": () => camera.zoom(1.5),
    "-": () => camera.zoom(1 / 1.5),
    0: reset,
    Home: reset,
  };
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      chosen(middle());
      return;
    }
    if (event.key === "Escape") {
      chosen(null);
      return;
    }
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
    moved();
    pointed(middle(), true);
  });
};
