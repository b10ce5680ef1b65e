// A recording replayed at its own rate, as from a camera: pictures, answers as they come, how late.
import { make } from "./chart.js";

const HEIGHT = 150, LEFT = 42, RIGHT = 8, TOP = 8, BOTTOM = 20, COLORS = 6;
const at = (id) => document.getElementById(id);
let socket = null;

export function stopLive() {
  socket?.close();
  socket = null;
  at("live").hidden = true;
}

export function watchLive(name, say) {
  stopLive();
  const own = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/live/${encodeURIComponent(name)}`);
  const shown = { lines: new Map(), end: 1 };
  let over = false;
  socket = own;
  own.binaryType = "arraybuffer";
  say("loading the network", { busy: true });
  own.onmessage = (event) => {
    if (socket !== own) return;
    if (event.data instanceof ArrayBuffer) return showPicture(event.data, own);
    const told = JSON.parse(event.data);
    if (told.begins) begin(told.begins, shown, say);
    if (told.answer) answer(told.answer, shown);
    if (told.finished) { over = true; finish(told.finished); }
    if (told.failed) { over = true; stopLive(); say(told.failed, { wrong: true }); }
  };
  own.onclose = () => {
    if (socket !== own) return;
    socket = null;
    if (!over) say("the server ended the replay", { wrong: true });
  };
}

function begin(facts, shown, say) {
  say("");
  shown.end = facts.seconds;
  at("live").hidden = false;
  at("live-action").textContent = "…";
  at("live-name").textContent = `${facts.recording}, ${facts.rate_hz.toFixed(0)} frames a second, as from a camera`;
  at("live-facts").textContent = "the first answer comes after half a second of frames";
  at("live-notes").textContent = "";
  at("live-legend").replaceChildren();
  for (const id of ["live-image", "live-flow"]) at(id).closest("figure").hidden = true;
  drawLines(shown);
  at("stage").focus({ preventScroll: true });
}

async function showPicture(message, own) {
  const canvas = at(new Uint8Array(message, 0, 1)[0] === 0 ? "live-image" : "live-flow");
  const picture = await createImageBitmap(new Blob([message.slice(1)], { type: "image/jpeg" }));
  if (socket !== own) return picture.close();
  if (canvas.width !== picture.width || canvas.height !== picture.height) Object.assign(canvas, { width: picture.width, height: picture.height });
  canvas.closest("figure").hidden = false;
  canvas.getContext("2d").drawImage(picture, 0, 0);
  picture.close();
}

function answer(told, shown) {
  const [best] = told.predictions, late = told.latency_s === null ? "" : `${Math.round(1000 * told.latency_s)} ms late, `;
  at("live-action").textContent = best ? `${best.name}, ${Math.round(100 * best.probability)} %` : "nobody is seen";
  at("live-facts").textContent = `${told.start_s.toFixed(1)} to ${told.end_s.toFixed(1)} s; ${late}${told.frames} frames, ${told.dropped} dropped`;
  if (told.notes.length) at("live-notes").textContent = told.notes.join("; "); // with the first answer alone
  for (const { name, probability } of told.predictions) {
    if (!shown.lines.has(name)) shown.lines.set(name, []);
    shown.lines.get(name).push([told.end_s, probability]);
  }
  drawLines(shown);
}

function finish({ frames, dropped }) {
  const kept = dropped ? "did not keep up" : "kept up";
  at("live-facts").textContent += `; over: ${kept}, ${dropped} of ${frames + dropped} frames dropped`;
}

// The actions with the highest probability at any time, each with its color for good.
function drawLines(shown) {
  const width = Math.max(300, Math.min(at("live-chart").clientWidth || 720, 1100));
  const x = (s) => LEFT + (width - LEFT - RIGHT) * Math.min(1, s / shown.end), y = (share) => TOP + HEIGHT * (1 - share);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${TOP + HEIGHT + BOTTOM}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "probability of each action as frames came");
  for (const share of [0, 0.5, 1]) {
    make("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(share), y2: y(share) }, svg);
    make("text", { x: LEFT - 5, y: y(share) + 4, "text-anchor": "end" }, svg, `${100 * share} %`);
  }
  make("text", { x: LEFT, y: TOP + HEIGHT + 15 }, svg, "0 s");
  make("text", { x: width - RIGHT, y: TOP + HEIGHT + 15, "text-anchor": "end" }, svg, `${shown.end.toFixed(1)} s`);
  const most = ([, points]) => Math.max(...points.map(([, share]) => share));
  const lines = [...shown.lines].sort((a, b) => most(b) - most(a)).slice(0, COLORS);
  shown.colors ??= new Map();
  const items = lines.map(([name, points]) => {
    if (!shown.colors.has(name)) shown.colors.set(name, `var(--c${shown.colors.size % COLORS})`);
    const color = shown.colors.get(name), item = document.createElement("li"), mark = document.createElement("i");
    make("polyline", { class: "line", stroke: color, points: points.map(([s, share]) => `${x(s).toFixed(1)},${y(share).toFixed(1)}`).join(" ") }, svg);
    for (const [s, share] of points) make("circle", { cx: x(s), cy: y(share), r: 2.5, fill: color }, svg);
    mark.style.background = color;
    item.append(mark, name);
    return item;
  });
  at("live-chart").replaceChildren(svg);
  at("live-legend").replaceChildren(...items);
}
