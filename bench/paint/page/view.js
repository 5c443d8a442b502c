// One zoom and one place for all pictures: moved in one, they move in all.
const view = { zoom: 1, x: 0, y: 0 };
const MOST_ZOOM = 16;
const pointers = new Map();
let pinch = null;

export const zoomed = () => view.zoom > 1;

function show() {
  const room = 1 - 1 / view.zoom;
  view.x = Math.max(0, Math.min(room, view.x));
  view.y = Math.max(0, Math.min(room, view.y));
  const style = document.documentElement.style;
  style.setProperty("--zoom", view.zoom);
  style.setProperty("--left", `${-100 * view.x}%`);
  style.setProperty("--top", `${-100 * view.y}%`);
}

// Where in the picture an event is, in 0..1.
export function within(pane, event) {
  const box = pane.getBoundingClientRect();
  return {
    x: view.x + (event.clientX - box.left) / box.width / view.zoom,
    y: view.y + (event.clientY - box.top) / box.height / view.zoom,
  };
}

// The other way: where a place of the picture is in a pane, in 0..1.
export const inPane = (place) => ({
  x: (place.x - view.x) * view.zoom, y: (place.y - view.y) * view.zoom,
});

export function zoomBy(factor, place = null) {
  const at = place || { x: view.x + 0.5 / view.zoom, y: view.y + 0.5 / view.zoom };
  const zoom = Math.max(1, Math.min(MOST_ZOOM, view.zoom * factor));
  view.x = at.x - ((at.x - view.x) * view.zoom) / zoom;
  view.y = at.y - ((at.y - view.y) * view.zoom) / zoom;
  view.zoom = zoom;
  show();
}

export function panBy(dx, dy) {
  view.x += dx / view.zoom;
  view.y += dy / view.zoom;
  show();
}

export function reset() {
  Object.assign(view, { zoom: 1, x: 0, y: 0 });
  show();
}

export function zoomByWheel(pane, event) {
  event.preventDefault();
  zoomBy(Math.exp(-event.deltaY / 300), within(pane, event));
}

// Two fingers zoom and move.  Returns whether an event belongs to such a gesture.
export function pinched(pane, event) {
  if (event.type === "pointerdown") pointers.set(event.pointerId, event);
  else if (event.type !== "pointermove") pointers.delete(event.pointerId);
  else if (pointers.has(event.pointerId)) pointers.set(event.pointerId, event);
  if (pointers.size < 2) {
    const ended = pinch !== null;
    if (!pointers.size) pinch = null;
    return ended;
  }
  const [a, b] = [...pointers.values()];
  const middle = { clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 };
  const apart = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  if (pinch && event.type === "pointermove") {
    const box = pane.getBoundingClientRect();
    panBy((pinch.middle.clientX - middle.clientX) / box.width,
      (pinch.middle.clientY - middle.clientY) / box.height);
    zoomBy(apart / pinch.apart, within(pane, middle));
  }
  pinch = { middle, apart };
  return true;
}
