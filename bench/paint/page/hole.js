// A hole as bytes, one a pixel, 1 = missing, and the shapes that are drawn into it.
export class Hole {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.pixels = new Uint8Array(width * height);
  }

  get count() {
    let count = 0;
    for (const pixel of this.pixels) count += pixel;
    return count;
  }

  get share() { return this.count / this.pixels.length; }

  clear() { this.pixels.fill(0); }

  invert() { for (let i = 0; i < this.pixels.length; i++) this.pixels[i] ^= 1; }

  set(x0, x1, y, value) {
    if (y < 0 || y >= this.height) return;
    const from = Math.max(0, x0), to = Math.min(this.width, x1);
    if (to > from) this.pixels.fill(value, y * this.width + from, y * this.width + to);
  }

  // A stroke of a round brush: every pixel whose centre is within the radius of the segment.
  stroke(a, b, radius, value) {
    const top = Math.floor(Math.min(a.y, b.y) - radius);
    const bottom = Math.ceil(Math.max(a.y, b.y) + radius);
    const left = Math.floor(Math.min(a.x, b.x) - radius);
    const right = Math.ceil(Math.max(a.x, b.x) + radius);
    const dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
    for (let y = Math.max(0, top); y <= Math.min(this.height - 1, bottom); y++) {
      for (let x = Math.max(0, left); x <= Math.min(this.width - 1, right); x++) {
        const px = x + 0.5 - a.x, py = y + 0.5 - a.y;
        const along = length ? Math.max(0, Math.min(1, (px * dx + py * dy) / length)) : 0;
        const ex = px - along * dx, ey = py - along * dy;
        if (ex * ex + ey * ey <= radius * radius) this.pixels[y * this.width + x] = value;
      }
    }
  }

  rectangle(a, b, value) {
    const left = Math.round(Math.min(a.x, b.x)), right = Math.round(Math.max(a.x, b.x));
    const top = Math.round(Math.min(a.y, b.y)), bottom = Math.round(Math.max(a.y, b.y));
    for (let y = top; y < bottom; y++) this.set(left, right, y, value);
  }

  // The inside of a closed line by the even-odd rule, at pixel centres.
  polygon(points, value) {
    const top = Math.floor(Math.min(...points.map((p) => p.y)));
    const bottom = Math.ceil(Math.max(...points.map((p) => p.y)));
    for (let y = Math.max(0, top); y <= Math.min(this.height - 1, bottom); y++) {
      const centre = y + 0.5, crossings = [];
      points.forEach((p, k) => {
        const q = points[(k + 1) % points.length];
        if ((p.y <= centre) === (q.y <= centre)) return;
        crossings.push(p.x + ((centre - p.y) / (q.y - p.y)) * (q.x - p.x));
      });
      crossings.sort((one, other) => one - other);
      for (let k = 0; k + 1 < crossings.length; k += 2) {
        this.set(Math.ceil(crossings[k] - 0.5), Math.ceil(crossings[k + 1] - 0.5), y, value);
      }
    }
  }

  // Everything that is connected with a pixel and like it.
  flood(point, value) {
    const x = Math.floor(point.x), y = Math.floor(point.y), start = y * this.width + x;
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    if (this.pixels[start] === value) return;
    const waiting = [start];
    this.pixels[start] = value;
    const visit = (next) => {
      if (this.pixels[next] !== value) {
        this.pixels[next] = value;
        waiting.push(next);
      }
    };
    while (waiting.length) {
      const at = waiting.pop(), column = at % this.width;
      if (column > 0) visit(at - 1);
      if (column < this.width - 1) visit(at + 1);
      if (at >= this.width) visit(at - this.width);
      if (at < this.pixels.length - this.width) visit(at + this.width);
    }
  }

  isRim(at) {
    const column = at % this.width, here = this.pixels;
    return Boolean(here[at]) && ((column > 0 && !here[at - 1])
      || (column < this.width - 1 && !here[at + 1]) || (at >= this.width && !here[at - this.width])
      || (at < here.length - this.width && !here[at + this.width]));
  }

  // Eight pixels a byte, the highest bit first: what the server takes.
  packed() {
    const bytes = new Uint8Array(Math.ceil(this.pixels.length / 8));
    this.pixels.forEach((pixel, i) => { if (pixel) bytes[i >> 3] |= 0x80 >> (i & 7); });
    return bytes;
  }

  unpack(bytes) {
    for (let i = 0; i < this.pixels.length; i++) {
      this.pixels[i] = (bytes[i >> 3] >> (7 - (i & 7))) & 1;
    }
  }
}

export function toBase64(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) {
    text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  }
  return btoa(text);
}

export const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

// Undo and redo: the holes before and after, packed.
export class History {
  constructor() { this.past = []; this.future = []; }

  note(hole) {
    this.past.push(hole.packed());
    if (this.past.length > 100) this.past.shift();
    this.future = [];
  }

  step(hole, from, to) {
    if (!from.length) return false;
    to.push(hole.packed());
    hole.unpack(from.pop());
    return true;
  }

  undo(hole) { return this.step(hole, this.past, this.future); }

  redo(hole) { return this.step(hole, this.future, this.past); }
}
