// The page: choose or send a recording, wait for it, show the answer.
import { follow, forget, overview, send, start } from "./api.js";
import { check, collect, entriesOf, pack } from "./files.js";
import { hide, load, show } from "./answer.js";
import { stopLive, watchLive } from "./live.js";

const at = (id) => document.getElementById(id);
let job = null; // the recording that the page shows or waits for: no other one may change the page
let bounds = null; // of what may be sent

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

// End what the page shows or waits for, here and on the server.
function leave() {
  job?.control.abort();
  if (job?.id) forget(job.id);
  job = null;
  stopLive();
  hide();
  at("intro").hidden = true;
}

async function recognize(ask) {
  leave();
  const own = { control: new AbortController() }, isWanted = () => job === own;
  const report = (text, facts) => isWanted() && say(text, facts);
  job = own;
  try {
    report("sending", { busy: true });
    const status = await ask(report, own.control.signal);
    own.id = status.id;
    if (!isWanted()) return void forget(own.id);
    await follow(status, (now) => isWanted() && tell(now), isWanted);
    if (!isWanted()) return;
    const loaded = await load(own.id);
    if (!isWanted()) return;
    say("");
    show(loaded);
    at("stage").focus({ preventScroll: true });
  } catch (error) {
    report(error.message, { wrong: true });
  }
}

function mark(button) {
  for (const other of document.querySelectorAll("#samples button")) other.removeAttribute("aria-current");
  button?.setAttribute("aria-current", "true");
}

// Send files; `find` gives them, for a folder's have to be looked for.
function sendFiles(find) {
  mark(null);
  recognize(async (report, signal) => {
    report("looking at the files", { busy: true });
    const files = await find(signal);
    check(files, bounds);
    const { name, body } = await pack(files, signal, (done, total) => report("packing", { busy: true, done, total }));
    report("sending", { busy: true });
    return send(name, body, signal, (done, total) => report("sending", { busy: true, done, total }));
  });
}

function accept(input) {
  input.addEventListener("change", () => {
    const files = [...input.files].map((file) => ({ name: file.webkitRelativePath || file.name, file }));
    input.value = "";
    sendFiles(() => files);
  });
}

function watch(name) {
  leave();
  watchLive(name, say);
}

function acceptDrops(box) {
  const over = (event, on) => { event.preventDefault(); box.classList.toggle("over", on); };
  window.addEventListener("dragover", (event) => over(event, true));
  window.addEventListener("dragleave", (event) => over(event, false));
  window.addEventListener("drop", (event) => {
    over(event, false);
    const entries = entriesOf(event.dataTransfer); // the event keeps them no longer than it lasts
    sendFiles((signal) => collect(entries, signal));
  });
}

async function begin() {
  accept(at("files"));
  accept(at("folder"));
  acceptDrops(at("drop"));
  at("cancel").addEventListener("click", () => { leave(); say("stopped"); });
  window.addEventListener("pagehide", () => { // the page may be shown again as it was left
    if (!at("cancel").hidden) say("stopped");
    leave();
  });
  at("live-stop").addEventListener("click", () => { stopLive(); say("stopped"); });
  const here = bounds = await overview();
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
