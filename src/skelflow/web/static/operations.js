// The operations of the API, out of its own description.

const add = (parent, kind, text, className = "") => {
  const made = document.createElement(kind);
  made.textContent = text;
  made.className = className;
  parent.append(made);
  return made;
};

const here = window.location.origin;
document.getElementById("example").textContent = [
  `curl --data-binary @recording.zip -H "Content-Type: application/octet-stream" "${here}/api/recordings?name=recording.zip"`,
  `curl ${here}/api/jobs/ID`,
  `curl ${here}/api/jobs/ID/answer`,
].join("\n");

const described = await (await fetch("openapi.json")).json();
for (const [path, methods] of Object.entries(described.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    const box = add(document.getElementById("operations"), "section", "", "operation");
    add(add(box, "h2", ""), "code", `${method.toUpperCase()} ${path}`);
    add(box, "p", operation.description ?? operation.summary);
    for (const parameter of operation.parameters ?? []) {
      add(box, "p", `${parameter.name}: in the ${parameter.in}, ${parameter.schema.type ?? "text"}`, "soft");
    }
    const answers = Object.entries(operation.responses).map(([status, answer]) => `${status} ${answer.description}`);
    add(box, "p", `answers: ${answers.join(", ")}`, "soft");
  }
}
