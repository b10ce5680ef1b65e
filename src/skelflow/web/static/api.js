// What the page asks of the server.

async function said(response) {
  if (response.ok) return response;
  let why = `the server answers ${response.status}`;
  try { why = (await response.json()).error || why; } catch { /* no sentence was sent */ }
  throw new Error(why);
}

async function ask(url, options) {
  let response;
  try { response = await fetch(url, options); } catch { throw new Error("the server does not answer; is it still running?"); }
  return said(response);
}

export const overview = async () => (await ask("api/overview")).json();
export const start = async (name) => (await ask(`api/samples/${encodeURIComponent(name)}`, { method: "POST" })).json();
export const forget = (id) => fetch(`api/jobs/${id}`, { method: "DELETE", keepalive: true }).catch(() => {}); // though the page is left
export const answer = async (id) => (await ask(`api/jobs/${id}/answer`)).json();
export const points = async (id) => (await ask(`api/jobs/${id}/points`)).arrayBuffer();

export function sheet(id, view, number) {
  return new Promise((done, fail) => {
    const image = new Image();
    image.onload = () => done(image);
    image.onerror = () => fail(new Error("a picture could not be loaded; choose the recording again"));
    image.src = `api/jobs/${id}/views/${view}/${number}`;
  });
}

// An upload that is whole is not aborted: the server has a job by then, whose name only the answer tells.
export function send(name, body, signal, progress) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest(); // tells how much was sent, which fetch does not
    let isWhole = false;
    const stop = () => isWhole || request.abort();
    if (signal.aborted) return fail(signal.reason);
    signal.addEventListener("abort", stop);
    request.open("POST", `api/recordings?name=${encodeURIComponent(name)}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded, event.total);
    request.upload.onload = () => { isWhole = true; };
    request.onabort = () => fail(signal.reason);
    request.onerror = () => fail(new Error("the recording could not be sent; it may be too large"));
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* no sentence was sent */ }
      if (request.status === 202) done(answer);
      else fail(new Error(answer.error || `the server answers ${request.status}`));
    };
    request.send(body);
  });
}

export async function follow(status, tell, wanted) {
  while (status.state !== "done") {
    if (status.state === "failed") throw new Error(status.error);
    if (!wanted()) return;
    tell(status);
    await new Promise((wake) => setTimeout(wake, 300));
    status = await (await ask(`api/jobs/${status.id}`)).json();
  }
}
