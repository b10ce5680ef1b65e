// The joints with the highest scores, and the attention at the place of each over time.

const MOST = 8, STRONGEST = 2;
const HEAT = [[20, 11, 52], [120, 28, 109], [207, 68, 70], [251, 155, 6], [252, 255, 164]];

function heat(share) {
  const place = Math.max(0, Math.min(share, 1)) * (HEAT.length - 1), low = Math.min(Math.floor(place), HEAT.length - 2);
  return HEAT[low].map((value, i) => value + (HEAT[low + 1][i] - value) * (place - low));
}

const SCORE = "One score a joint for the whole recording (Eq. 2), scaled within it: 1.00 is the highest of these joints, and does not say how much the answer rests on it.";
const STRIP = "The strip is the attention at the joint's place, frame by frame: bright is strong, empty where the joint is outside of what the network sees. It changes mostly where the discs of joints overlap.";
const CHOOSE = "Choose a joint to find it in 3D.";

export function drawJoints(answer, mark) {
  const skeleton = answer.skeleton, note = document.getElementById("rows-note");
  if (!skeleton?.scores.length) {
    note.textContent = skeleton
      ? "There are no scores: nobody is seen, or the network gives joints none; synthetic-8, which comes with the package, gives them."
      : "The recording has no skeleton, so there are no scores.";
    document.getElementById("rows").replaceChildren();
    return () => {};
  }
  const ranked = skeleton.scores.flatMap((scores, body) => scores.map((score, joint) => ({ body, joint, score })))
    .sort((a, b) => b.score - a.score).slice(0, MOST);
  const several = skeleton.scores.length > 1;
  const rows = ranked.map((each) => drawRow(skeleton, each, several, answer.times_s));
  rows.forEach(({ row }, k) => row.addEventListener("click", () => {
    const on = row.getAttribute("aria-pressed") !== "true";
    rows.forEach((other) => other.row.setAttribute("aria-pressed", "false"));
    row.setAttribute("aria-pressed", String(on));
    mark(on ? ranked[k].body : -1, ranked[k].joint);
  }));
  document.getElementById("rows").replaceChildren(...rows.map(({ row }) => row));
  note.textContent = [SCORE, ...(skeleton.attention ? [STRIP] : []), CHOOSE].join(" ");
  const last = Math.max(1, answer.times_s.length - 1);
  return (i) => rows.forEach(({ cursor }) => { if (cursor) cursor.style.left = `calc(${100 * i / last}% - 1px)`; });
}

function drawRow(skeleton, { body, joint, score }, several, times) {
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
  // weighed frames may be stronger
  const strongest = skeleton.attention.flat(2).reduce((most, each) => Math.max(most, each), STRONGEST);
  const values = skeleton.attention.map((frame) => frame[body]?.[joint] ?? null);
  const canvas = document.createElement("canvas"), cursor = document.createElement("i");
  Object.assign(canvas, { width: values.length, height: 1 });
  const pen = canvas.getContext("2d"), picture = pen.createImageData(values.length, 1);
  values.forEach((each, i) => each !== null && picture.data.set([...heat(each / strongest), 255], 4 * i));
  pen.putImageData(picture, 0, 0);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", describe(values, times));
  strip.append(canvas, cursor);
  return { row, cursor };
}

// What a strip shows, in words.
function describe(values, times) {
  const seen = values.filter((value) => value !== null);
  if (!seen.length) return "outside of what the network sees throughout";
  const most = Math.max(...seen), when = times[values.indexOf(most)].toFixed(1);
  const outside = seen.length < values.length ? `, outside of what the network sees in ${values.length - seen.length} of ${values.length} frames` : "";
  return `attention ${Math.min(...seen).toFixed(2)} to ${most.toFixed(2)}, strongest at ${when} s${outside}`;
}
