// Points and skeleton in 3D, turned with the mouse, a finger or the keys.

const NEAREST = 0.5;

export class Scene {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.frame = 0;
    this.marked = { body: -1, joint: -1 };
    this.reset();
    const pointers = new Map();
    canvas.addEventListener("pointerdown", (event) => { pointers.set(event.pointerId, event); canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      if (pointers.size === 2) this.pinch(pointers, event);
      else this.turn((event.clientX - before.clientX) * 0.01, (event.clientY - before.clientY) * 0.01);
      pointers.set(event.pointerId, event);
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => pointers.delete(event.pointerId));
    canvas.addEventListener("wheel", (event) => { event.preventDefault(); this.near(Math.exp(-event.deltaY * 0.001)); }, { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("resize", () => this.draw());
  }

  reset() { this.yaw = 0.5; this.pitch = 0.15; this.zoom = 1; }

  set(answer, buffer) {
    this.answer = answer;
    this.buffer = buffer;
    this.marked = { body: -1, joint: -1 };
    this.reset();
    this.findCenter();
  }

  // The median joint, or the median point where there is no skeleton, and how large all is.
  findCenter() {
    const joints = (this.answer.skeleton?.joints_m ?? []).flat(2).filter((joint) => joint.every((value) => value !== null));
    const spots = joints.length ? joints : this.spots(0);
    const middle = (axis) => { const sorted = spots.map((spot) => spot[axis]).sort((a, b) => a - b); return sorted[sorted.length >> 1] ?? 0; };
    this.center = [0, 1, 2].map(middle);
    const far = spots.map((spot) => Math.hypot(...spot.map((value, axis) => value - this.center[axis]))).sort((a, b) => a - b);
    this.size = Math.max(NEAREST, far[Math.floor(0.98 * far.length)] ?? 1);
  }

  part(frame) {
    const count = this.answer.points, start = frame * count * 9;
    return [new Int16Array(this.buffer.slice(start, start + 6 * count)), new Uint8Array(this.buffer, start + 6 * count, 3 * count)];
  }

  spots(frame) {
    const [places] = this.part(frame), found = [];
    for (let k = 0; k < places.length; k += 3) if (places[k + 2]) found.push([places[k] / 1000, places[k + 1] / 1000, places[k + 2] / 1000]);
    return found;
  }

  show(frame) { this.frame = frame; this.draw(); }
  mark(body, joint) { this.marked = { body, joint }; this.draw(); }
  turn(yaw, pitch) { this.yaw += yaw; this.pitch = Math.max(-1.5, Math.min(1.5, this.pitch + pitch)); this.draw(); }
  near(factor) { this.zoom = Math.max(0.3, Math.min(8, this.zoom * factor)); this.draw(); }

  pinch(pointers, event) {
    const other = [...pointers.values()].find((each) => each.pointerId !== event.pointerId), before = pointers.get(event.pointerId);
    const gap = (each) => Math.max(1, Math.hypot(each.clientX - other.clientX, each.clientY - other.clientY));
    this.near(gap(event) / gap(before));
  }

  key(event) {
    const turns = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };
    if (turns[event.key]) this.turn(...turns[event.key]);
    else if (event.key === "+" || event.key === "=") this.near(1.2);
    else if (event.key === "-") this.near(1 / 1.2);
    else if (event.key === "0") { this.reset(); this.draw(); }
    else return;
    event.preventDefault();
  }

  // From meters to pixels of the canvas and a distance.
  projector(width, height) {
    const [cy, sy, cp, sp] = [Math.cos(this.yaw), Math.sin(this.yaw), Math.cos(this.pitch), Math.sin(this.pitch)];
    const away = 3.2 * this.size, scale = 0.42 * Math.min(width, height) / this.size * this.zoom * away, [x0, y0, z0] = this.center;
    return (x, y, z) => {
      const [dx, dy, dz] = [x - x0, y - y0, z - z0];
      const rx = cy * dx + sy * dz, rz = cy * dz - sy * dx;
      const ry = cp * dy - sp * rz, depth = away + sp * dy + cp * rz;
      return depth > 0.1 ? [width / 2 + scale * rx / depth, height / 2 + scale * ry / depth, depth] : null;
    };
  }

  draw() {
    const { clientWidth, clientHeight } = this.canvas;
    if (!this.answer || !clientWidth) return;
    const dots = Math.min(window.devicePixelRatio || 1, 2), width = Math.round(clientWidth * dots), height = Math.round(clientHeight * dots);
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const project = this.projector(width, height);
    this.drawPoints(project, width, height, Math.max(1, Math.round(1.4 * dots * Math.sqrt(this.zoom))));
    this.drawSkeleton(project, dots);
  }

  drawPoints(project, width, height, side) {
    const [places, colors] = this.part(this.frame), picture = this.pen.createImageData(width, height);
    const nearest = new Float32Array(width * height).fill(Infinity);
    for (let k = 0; k < places.length; k += 3) {
      const spot = places[k + 2] ? project(places[k] / 1000, places[k + 1] / 1000, places[k + 2] / 1000) : null;
      if (!spot) continue;
      const left = Math.round(spot[0]), top = Math.round(spot[1]);
      for (let y = Math.max(0, top); y < Math.min(height, top + side); y++) {
        for (let x = Math.max(0, left); x < Math.min(width, left + side); x++) {
          const at = y * width + x;
          if (spot[2] >= nearest[at]) continue;
          nearest[at] = spot[2];
          picture.data.set([colors[k], colors[k + 1], colors[k + 2], 255], 4 * at);
        }
      }
    }
    this.pen.putImageData(picture, 0, 0);
  }

  drawSkeleton(project, dots) {
    const skeleton = this.answer.skeleton, pen = this.pen;
    if (!skeleton) return;
    const bone = getComputedStyle(this.canvas).getPropertyValue("--bone"); // light or dark, as the page is
    skeleton.joints_m[this.frame].forEach((joints, body) => {
      const spots = joints.map((joint) => (joint.every((value) => value !== null) ? project(...joint) : null));
      pen.lineWidth = 2 * dots;
      pen.strokeStyle = bone;
      for (const [a, b] of skeleton.bones) {
        if (!spots[a] || !spots[b]) continue;
        pen.beginPath();
        pen.moveTo(spots[a][0], spots[a][1]);
        pen.lineTo(spots[b][0], spots[b][1]);
        pen.stroke();
      }
      spots.forEach((spot, joint) => spot && this.drawJoint(spot, skeleton.scores[body]?.[joint] ?? 0, body, joint, bone, dots));
    });
    pen.shadowBlur = 0;
  }

  drawJoint([x, y], score, body, joint, bone, dots) {
    const pen = this.pen, chosen = this.marked.body === body && this.marked.joint === joint;
    pen.shadowColor = "#ffb454";
    pen.shadowBlur = 18 * score * dots;
    pen.fillStyle = `hsl(${205 - 170 * score} 95% ${60 + 8 * score}%)`;
    pen.beginPath();
    pen.arc(x, y, (2.5 + 4.5 * score) * dots, 0, 2 * Math.PI);
    pen.fill();
    pen.shadowBlur = 0;
    pen.strokeStyle = bone;
    pen.lineWidth = dots;
    pen.stroke();
    if (!chosen) return;
    pen.strokeStyle = "#ff3b6b";
    pen.lineWidth = 2.5 * dots;
    pen.beginPath();
    pen.arc(x, y, 12 * dots, 0, 2 * Math.PI);
    pen.stroke();
  }
}
