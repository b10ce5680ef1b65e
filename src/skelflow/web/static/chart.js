// Probability of the likeliest actions over time, the clips they come from, and a cursor.

const WIDTH = 360, TOP = 8, HEIGHT = 140, LEFT = 42, LANE = 9, RIGHT = 8;
const SVG = "http://www.w3.org/2000/svg";

export function make(kind, attributes, parent, text) {
  const made = document.createElementNS(SVG, kind);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

// The first lane of each clip in which no other clip is in its way.
function lanesOf(clips) {
  const ends = [];
  return clips.map((clip) => {
    let lane = ends.findIndex((end) => end <= clip.first);
    if (lane < 0) lane = ends.length;
    ends[lane] = clip.stop;
    return lane;
  });
}

export function drawChart(answer, seek) {
  const times = answer.times_s, last = times.length - 1, end = times[last] || 1;
  const x = (i) => LEFT + (WIDTH - LEFT - RIGHT) * (last ? times[i] / end : 0);
  const y = (share) => TOP + HEIGHT * (1 - share);
  const lane = lanesOf(answer.clips), lanes = Math.max(0, ...lane) + 1, below = TOP + HEIGHT + 6;
  const full = below + lanes * (LANE + 2) + 18;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${full}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "probability of each action over time");
  for (const share of [0, 0.5, 1]) {
    make("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(share), y2: y(share) }, svg);
    make("text", { x: LEFT - 5, y: y(share) + 4, "text-anchor": "end" }, svg, `${100 * share} %`);
  }
  for (let k = 0; k <= 4; k++) {
    const share = k / 4, anchor = k === 0 ? "start" : k === 4 ? "end" : "middle";
    make("text", { x: LEFT + (WIDTH - LEFT - RIGHT) * share, y: full - 3, "text-anchor": anchor }, svg, `${(share * end).toFixed(1)} s`);
  }
  const color = (action) => (answer.actions.includes(action) ? `var(--c${answer.actions.indexOf(action) % 6})` : "var(--soft)");
  answer.actions.forEach((action, k) => {
    const spots = times.map((_, i) => `${x(i).toFixed(1)},${y(answer.probabilities[i][k]).toFixed(1)}`);
    make("polyline", { class: "line", points: spots.join(" "), stroke: color(action) }, svg);
  });
  const bars = answer.clips.map((clip, k) => make("rect", {
    class: "lane", x: x(clip.first), width: Math.max(3, x(clip.stop - 1) - x(clip.first)), rx: 2,
    y: below + lane[k] * (LANE + 2), height: LANE, fill: color(clip.action),
  }, svg));
  const cursor = make("line", { class: "cursor", y1: TOP - 4, y2: full - 16 }, svg);
  const go = (event) => {
    const box = svg.getBoundingClientRect();
    const share = ((event.clientX - box.left) / box.width * WIDTH - LEFT) / (WIDTH - LEFT - RIGHT);
    let near = 0;
    times.forEach((time, i) => { if (Math.abs(time - share * end) < Math.abs(times[near] - share * end)) near = i; });
    seek(near);
  };
  svg.addEventListener("pointerdown", go);
  svg.addEventListener("pointermove", (event) => event.buttons && go(event));
  document.getElementById("chart").replaceChildren(svg);
  const values = drawLegend(answer, color);
  return (i) => {
    cursor.setAttribute("x1", x(i));
    cursor.setAttribute("x2", x(i));
    values.forEach((value, k) => { value.textContent = `${Math.round(100 * answer.probabilities[i][k])} %`; });
    const under = [];
    answer.clips.forEach((clip, k) => {
      const now = clip.first <= i && i < clip.stop;
      bars[k].classList.toggle("now", now);
      if (now) under.push(describe(answer, clip, k));
    });
    document.getElementById("clip").textContent = under.join("; ");
  };
}

function describe(answer, clip, k) {
  const [from, to] = [answer.times_s[clip.first], answer.times_s[clip.stop - 1]].map((s) => s.toFixed(1));
  return `clip ${k + 1} of ${answer.clips.length} (${from} to ${to} s): ${clip.action} ${Math.round(100 * clip.probability)} %`;
}

function drawLegend(answer, color) {
  const items = answer.actions.map((action) => {
    const item = document.createElement("li"), line = document.createElement("i"), value = document.createElement("b");
    line.style.background = color(action);
    item.append(line, `${action} `, value);
    return { item, value };
  });
  document.getElementById("legend").replaceChildren(...items.map(({ item }) => item));
  return items.map(({ value }) => value);
}
