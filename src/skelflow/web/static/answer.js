// One answer: pictures, chart, joints and scene, all at the same frame.
import * as api from "./api.js";
import { drawChart } from "./chart.js";
import { drawJoints } from "./joints.js";
import { Scene } from "./scene.js";

const at = (id) => document.getElementById(id);
const scene = new Scene(at("scene"));
let shown = null; // the answer on the page, null while it is hidden
let timer = 0;

// All that is shown of a recording; the page stays as it is.
export async function load(id) {
  const answer = await api.answer(id);
  const [cloud, ...sheets] = await Promise.all([api.points(id), ...answer.views.map((view, number) =>
    Promise.all(Array.from({ length: view.sheets }, (_, i) => api.sheet(id, number, i))))]);
  return { answer, cloud, sheets };
}

export function show({ answer, cloud, sheets }) {
  hide();
  const views = answer.views.map((view, number) => drawView(view, sheets[number]));
  at("views").replaceChildren(...views.map((view) => view.figure));
  name(answer);
  scene.set(answer, cloud);
  const joints = drawJoints(answer, (body, joint) => scene.mark(body, joint));
  const parts = [...views.map((view) => view.frame), drawChart(answer, seek), (i) => scene.show(i), joints];
  shown = { answer, parts, frame: 0 };
  at("frame").max = answer.times_s.length - 1;
  at("answer").hidden = false;
  seek(0);
}

export function hide() {
  stop();
  shown = null;
  at("answer").hidden = true;
}

function name(answer) {
  const [best] = answer.predictions;
  at("action").textContent = `${best.name}, ${Math.round(100 * best.probability)} %`;
  at("recording").textContent = answer.recording;
  at("truth").hidden = answer.truth === null;
  at("truth").textContent = `shows: ${answer.truth}`;
  at("truth").className = `tag ${answer.truth === best.name ? "right" : "wrong"}`;
  const spent = Object.entries(answer.seconds).map(([stage, seconds]) => `${stage} ${seconds.toFixed(2)} s`);
  at("spent").textContent = `time: ${spent.join(", ")}`;
  at("repairs").replaceChildren(...answer.repairs.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
}

function drawView(view, sheets) {
  const figure = document.createElement("figure"), canvas = document.createElement("canvas");
  const caption = document.createElement("figcaption"), title = document.createElement("b");
  Object.assign(canvas, { width: view.width, height: view.height });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", view.name);
  title.textContent = view.name;
  caption.append(title, view.note);
  figure.append(canvas, caption);
  const pen = canvas.getContext("2d"), each = view.columns * view.rows;
  const frame = (i) => {
    const x = (i % each) % view.columns, y = Math.floor((i % each) / view.columns);
    pen.drawImage(sheets[Math.floor(i / each)], x * view.width, y * view.height, view.width, view.height, 0, 0, view.width, view.height);
    canvas.dataset.frame = i;
  };
  return { figure, frame };
}

export function seek(frame) {
  if (!shown) return;
  shown.frame = Math.max(0, Math.min(frame, shown.answer.times_s.length - 1));
  at("frame").value = shown.frame;
  at("time").textContent = `${shown.answer.times_s[shown.frame].toFixed(2)} s`;
  for (const part of shown.parts) part(shown.frame);
}

function stop() {
  cancelAnimationFrame(timer);
  timer = 0;
  at("play").textContent = "play";
}

function play() {
  const times = shown.answer.times_s, last = times.length - 1;
  if (shown.frame >= last) seek(0);
  let now = times[shown.frame], before = performance.now();
  const step = (moment) => {
    now += (moment - before) / 1000 * Number(at("speed").value);
    before = moment;
    let frame = shown.frame;
    while (frame < last && times[frame + 1] <= now) frame++;
    if (frame !== shown.frame) seek(frame);
    if (frame >= last) return stop();
    timer = requestAnimationFrame(step);
  };
  at("play").textContent = "pause";
  timer = requestAnimationFrame(step);
}

at("play").addEventListener("click", () => (timer ? stop() : play()));
at("frame").addEventListener("input", (event) => { stop(); seek(Number(event.target.value)); });
document.addEventListener("keydown", (event) => {
  if (!shown || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.target.closest("button, input, select, a, canvas")) return;
  if (event.key === " ") { event.preventDefault(); at("play").click(); }
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") { event.preventDefault(); stop(); seek(shown.frame + (event.key === "ArrowLeft" ? -1 : 1)); }
});
