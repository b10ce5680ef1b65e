// The page: choose or send a recording, wait for it, show the answer.
import { follow, forget, load, overview, send, start } from "./api.js";
import { dropped, pack } from "./files.js";
import { show } from "./answer.js";
import { stopLive, watchLive } from "./live.js";

const at = (id) => document.getElementById(id);
let job = null;

function say(text, { wrong = false, done = 0, total = 0, busy = false } = {}) {
  at("message").textContent = text;
  at("status").classList.toggle("wrong", wrong);
  at("progress").hidden = !busy;
  at("cancel").hidden = !busy;
  if (total) { at("progress").max = total; at("progress").value = done; } else at("progress").removeAttribute("value");
}

function tell(status) {
  if (status.state === "waiting") {
    const others = status.ahead === 1 ? "1 recording is" : `${status.ahead} recordings are`;
    return say(status.ahead ? `${others} before yours` : "your turn is next", { busy: true });
  }
  const count = status.total ? `: ${status.done} of ${status.total} frame pairs` : "";
  say(`${status.name}: ${status.stage || "starting"}${count}`, { busy: true, done: status.done, total: status.total });
}

async function recognize(ask) {
  const own = {};
  if (job && job.id) forget(job.id);
  job = own;
  stopLive();
  at("intro").hidden = at("answer").hidden = true;
  try {
    say("sending", { busy: true });
    const status = await ask((sent, total) => say("sending", { busy: true, done: sent, total }));
    own.id = status.id;
    if (job !== own) return forget(own.id);
    await follow(status, (now) => job === own && tell(now), () => job === own);
    if (job !== own) return;
    const answer = await load(own.id);
    if (job !== own) return;
    await show(answer, own.id);
    say("");
    at("answer").hidden = false;
    at("stage").focus({ preventScroll: true });
    window.dispatchEvent(new Event("resize"));
  } catch (error) {
    if (job === own) say(error.message, { wrong: true });
  }
}

function mark(button) {
  for (const other of document.querySelectorAll("#samples button")) other.removeAttribute("aria-current");
  button?.setAttribute("aria-current", "true");
}

async function sendFiles(files) {
  mark(null);
  if (!files.length) return say("nothing was dropped that can be read", { wrong: true });
  await recognize(async (progress) => {
    say("packing", { busy: true });
    const { name, body } = await pack(files);
    return send(name, body, progress);
  });
}

function accept(input) {
  input.addEventListener("change", () => {
    const files = [...input.files].map((file) => ({ name: file.webkitRelativePath || file.name, file }));
    input.value = "";
    sendFiles(files);
  });
}

function watch(name) {
  if (job?.id) forget(job.id);
  job = null;
  at("intro").hidden = at("answer").hidden = true;
  watchLive(name, say);
}

function acceptDrops(box) {
  const over = (event, on) => { event.preventDefault(); box.classList.toggle("over", on); };
  window.addEventListener("dragover", (event) => over(event, true));
  window.addEventListener("dragleave", (event) => over(event, false));
  window.addEventListener("drop", async (event) => {
    over(event, false);
    sendFiles(await dropped(event.dataTransfer));
  });
}

async function begin() {
  accept(at("files"));
  accept(at("folder"));
  acceptDrops(at("drop"));
  at("cancel").addEventListener("click", () => {
    if (job?.id) forget(job.id);
    job = null;
    stopLive();
    say("stopped");
  });
  at("live-stop").addEventListener("click", () => { stopLive(); say("stopped"); });
  const here = await overview();
  at("about").textContent = `${here.network} (${here.weights}) tells ${here.actions.length} actions apart: ${here.actions.join(", ")}`;
  at("about").title = here.actions.join(", ");
  for (const sample of here.samples) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sample.title;
    button.addEventListener("click", () => { mark(button); recognize(() => start(sample.name)); });
    const item = document.createElement("li"), live = document.createElement("button");
    Object.assign(live, { type: "button", textContent: "live", title: "replay it as from a camera, with answers while frames come" });
    live.setAttribute("aria-label", `${sample.title}, live`);
    live.addEventListener("click", () => { mark(button); watch(sample.name); });
    item.append(button, live);
    at("samples").append(item);
  }
}

begin().catch((error) => say(error.message, { wrong: true }));
