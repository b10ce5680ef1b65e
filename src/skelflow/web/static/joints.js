// The joints that the network found most informative, and its attention on each of them over time.

const MOST = 8, STRONGEST = 2;
const HEAT = [[20, 11, 52], [120, 28, 109], [207, 68, 70], [251, 155, 6], [252, 255, 164]];

function heat(share) {
  const place = Math.max(0, Math.min(share, 1)) * (HEAT.length - 1), low = Math.min(Math.floor(place), HEAT.length - 2);
  return HEAT[low].map((value, i) => value + (HEAT[low + 1][i] - value) * (place - low));
}

export function drawJoints(answer, mark) {
  const skeleton = answer.skeleton;
  if (!skeleton || !skeleton.scores.length) return null;
  const ranked = skeleton.scores.flatMap((scores, body) => scores.map((score, joint) => ({ body, joint, score })))
    .sort((a, b) => b.score - a.score).slice(0, MOST);
  const several = skeleton.scores.length > 1;
  const rows = ranked.map((each) => drawRow(skeleton, each, several));
  rows.forEach(({ row }, k) => row.addEventListener("click", () => {
    const on = row.getAttribute("aria-pressed") !== "true";
    rows.forEach((other) => other.row.setAttribute("aria-pressed", "false"));
    row.setAttribute("aria-pressed", String(on));
    mark(on ? ranked[k].body : -1, ranked[k].joint);
  }));
  document.getElementById("rows").replaceChildren(...rows.map(({ row }) => row));
  document.getElementById("rows-note").textContent = skeleton.attention
    ? "Score of each joint over the whole recording; the strip is the attention at the joint, frame by frame: bright is strong, empty where the joint is outside of what the network sees. Choose a joint to find it in 3D."
    : "Score of each joint over the whole recording. Choose a joint to find it in 3D.";
  const last = Math.max(1, answer.times_s.length - 1);
  return (i) => rows.forEach(({ cursor }) => { if (cursor) cursor.style.left = `calc(${100 * i / last}% - 1px)`; });
}

function drawRow(skeleton, { body, joint, score }, several) {
  const row = document.createElement("button"), name = document.createElement("span");
  const value = document.createElement("b"), strip = document.createElement("div");
  row.type = "button";
  row.className = "row";
  row.setAttribute("aria-pressed", "false");
  name.textContent = skeleton.joints[joint] + (several ? ` (${body + 1})` : "");
  name.title = name.textContent;
  value.textContent = score.toFixed(2);
  strip.className = "strip";
  row.append(name, value, strip);
  if (!skeleton.attention) {
    const bar = document.createElement("s");
    bar.style.width = `${100 * score}%`;
    strip.append(bar);
    return { row };
  }
  const values = skeleton.attention.map((frame) => frame[body]?.[joint] ?? null);
  const canvas = document.createElement("canvas"), cursor = document.createElement("i");
  Object.assign(canvas, { width: values.length, height: 1 });
  const pen = canvas.getContext("2d"), picture = pen.createImageData(values.length, 1);
  values.forEach((each, i) => each !== null && picture.data.set([...heat(each / STRONGEST), 255], 4 * i));
  pen.putImageData(picture, 0, 0);
  strip.append(canvas, cursor);
  return { row, cursor };
}
