// The report: curves that are read, a matrix that is sorted and opened, a table that is sorted.
const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

function make(kind, attributes, parent, text) {
  const made = document.createElementNS(SVG, kind);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

function add(parent, kind, text, className = "") {
  const made = document.createElement(kind);
  made.textContent = text;
  made.className = className;
  parent.append(made);
  return made;
}

function readCurve(svg) {
  const chart = data.charts[+svg.dataset.chart], cursor = svg.querySelector(".cursor"), told = svg.parentElement.querySelector(".reading");
  const rest = told.textContent;
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    let near = 0;
    chart.x.forEach((place, i) => { if (Math.abs(place - x) < Math.abs(chart.x[near] - x)) near = i; });
    cursor.setAttribute("x1", chart.x[near]);
    cursor.setAttribute("x2", chart.x[near]);
    cursor.setAttribute("visibility", "visible");
    told.textContent = `epoch ${chart.epochs[near]}: ${chart.told[near]}`;
  });
  svg.addEventListener("pointerleave", () => { cursor.setAttribute("visibility", "hidden"); told.textContent = rest; });
}

const ruler = document.createElement("canvas").getContext("2d");
ruler.font = "11px system-ui, sans-serif";
function short(text, most) {
  let kept = text;
  while (kept.length > 3 && ruler.measureText(kept).width > most) kept = kept.slice(0, -1);
  return kept === text ? text : `${kept.trimEnd()}…`;
}

// A grid of cells with names at its left and on top; cell(i, j) says what is there, or null.
function drawGrid(parent, rows, columns, side, cell, choose) {
  const longest = (names) => Math.min(150, Math.max(...names.map((name) => ruler.measureText(name).width))) + 14;
  const left = longest(rows), top = longest(columns), width = left + columns.length * side + 1, height = top + rows.length * side + 1;
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}`, role: "group" })) svg.setAttribute(key, value);
  make("rect", { class: "field", x: left, y: top, width: columns.length * side, height: rows.length * side }, svg);
  const name = (text, attributes) => make("title", {}, make("text", attributes, svg, short(text, 142)), text);
  rows.forEach((text, i) => name(text, { x: left - 5, y: top + (i + 0.5) * side + 4, "text-anchor": "end" }));
  columns.forEach((text, j) => name(text, { transform: `translate(${left + (j + 0.5) * side + 4} ${top - 5}) rotate(-90)` }));
  rows.forEach((_, i) => columns.forEach((__, j) => {
    const what = cell(i, j);
    if (!what) return;
    const x = left + j * side, y = top + i * side;
    const box = make("rect", { class: `cell ${what.kind}`, x, y, width: side, height: side, "fill-opacity": what.strength, "aria-label": what.label }, svg);
    make("title", {}, box, what.label);
    if (what.text && side >= 15) make("text", { class: "count", x: x + side / 2, y: y + side / 2 + 3.5, "text-anchor": "middle" }, svg, what.text);
    choose(box, i, j, what);
  }));
  for (let j = 1; j < columns.length; j++) make("line", { class: "lattice", x1: left + j * side, x2: left + j * side, y1: top, y2: height }, svg);
  for (let i = 1; i < rows.length; i++) make("line", { class: "lattice", x1: left, x2: width, y1: top + i * side, y2: top + i * side }, svg);
  parent.replaceChildren(svg);
}

const counts = new Map(data.cells.map(([i, j, count]) => [`${i},${j}`, count]));
let chosen = null;

function drawMatrix() {
  const order = data.orders[at("order").value], names = order.map((k) => data.names[k]);
  const side = Math.max(9, Math.min(24, Math.floor(620 / names.length)));
  drawGrid(at("matrix"), names, names, side, (row, column) => {
    const [i, j] = [order[row], order[column]], count = counts.get(`${i},${j}`);
    if (!count) return null;
    const share = count / data.totals[i];
    return { kind: i === j ? "hit" : "miss", strength: (0.3 + 0.7 * share).toFixed(2), text: String(count), key: `${i},${j}`,
      label: `${data.names[i]}, answered ${data.names[j]}: ${count} of ${data.totals[i]}` };
  }, (box, _, __, what) => {
    box.dataset.key = what.key;
    box.setAttribute("role", "button");
    box.setAttribute("tabindex", what.kind === "miss" ? "0" : "-1");
    box.setAttribute("aria-pressed", String(what.key === chosen));
    box.addEventListener("click", () => open(what.key));
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      open(what.key);
    });
  });
}

function open(key) {
  chosen = key;
  for (const box of at("matrix").querySelectorAll(".cell")) box.setAttribute("aria-pressed", String(box.dataset.key === key));
  const [i, j] = key.split(",").map(Number), panel = at("examples"), found = data.examples.filter((each) => each.i === i && each.j === j);
  panel.replaceChildren();
  add(panel, "h3", i === j ? `${data.names[i]}, named right` : `${data.names[i]}, taken for ${data.names[j]}`);
  add(panel, "p", `${found.length} of ${data.totals[i]} recordings, the surest first`, "soft");
  const list = add(panel, "ul", "");
  for (const each of found) {
    const item = add(list, "li", "");
    if (each.player) add(item, "a", each.name).href = `#case${each.player}`;
    else add(item, "b", each.name);
    const truth = i === j ? "" : `, ${(100 * each.of_true).toFixed(1)} % of the truth`;
    add(item, "span", `${(100 * each.p).toFixed(1)} % sure${truth}`, "soft");
  }
}

function drawScores() {
  if (!data.scores) return;
  const side = Math.max(12, Math.min(24, Math.floor(800 / data.scores.joints.length))), most = Math.max(...data.scores.values.flat());
  drawGrid(at("scores"), data.scores.actions, data.scores.joints, side, (i, j) => {
    const value = data.scores.values[i][j];
    return { kind: "heat", strength: (most ? value / most : 0).toFixed(3), label: `${data.scores.actions[i]}: ${data.scores.joints[j]} ${value.toFixed(2)}` };
  }, (box, _, __, what) => box.addEventListener("pointerenter", () => { at("score-note").textContent = what.label; }));
}

function sortTable(button) {
  const column = +button.dataset.column, head = button.closest("th"), body = at("table").tBodies[0];
  const down = head.getAttribute("aria-sort") === "ascending";
  for (const other of at("table").tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const value = (row) => row.cells[column].dataset.value;
  const sign = down ? -1 : 1;
  const text = column === 0 || column === body.rows[0].cells.length - 1;
  const rows = [...body.rows].sort((a, b) => sign * (text ? value(a).localeCompare(value(b)) : value(a) - value(b)));
  body.append(...rows);
}

document.querySelectorAll("svg[data-chart]").forEach(readCurve);
at("order").addEventListener("change", drawMatrix);
at("table").querySelectorAll("[data-column]").forEach((button) => button.addEventListener("click", () => sortTable(button)));
document.querySelectorAll("[data-cell]").forEach((button) => button.addEventListener("click", () => {
  open(button.dataset.cell);
  at("confusion").scrollIntoView();
}));
drawMatrix();
drawScores();
const first = data.cells.filter(([i, j]) => i !== j).sort((a, b) => b[2] - a[2])[0] ?? data.cells[0];
open(`${first[0]},${first[1]}`);
