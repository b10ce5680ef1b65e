// Files and folders as one body: a single file as it is, several in a .zip that is not compressed.

export function entriesOf(transfer) {
  return [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
}

// The files below what was dropped.
export async function collect(entries, signal, above = "") {
  const found = [];
  for (const entry of entries) {
    signal.throwIfAborted();
    const name = above + entry.name;
    if (entry.isFile) found.push({ name, file: await new Promise((done, fail) => entry.file(done, fail)) });
    else found.push(...await collect(await listed(entry.createReader()), signal, `${name}/`));
  }
  return found;
}

async function listed(reader) {
  const found = [];
  for (;;) { // a reader gives a hundred at a time
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return found;
    found.push(...some);
  }
}

// What the server would refuse is said before anything is read.
export function check(files, bounds) {
  if (!files.length) throw new Error("there is nothing that can be read");
  if (!bounds) return;
  const mib = (bytes) => Math.ceil(bytes / 2 ** 20), size = files.reduce((sum, { file }) => sum + file.size, 0);
  if (size > bounds.most_bytes) throw new Error(`too large: ${mib(size)} MiB, at most ${Math.floor(bounds.most_bytes / 2 ** 20)} MiB can be sent; a .zip may be smaller`);
  if (files.length > bounds.most_files) throw new Error(`${files.length} files, at most ${bounds.most_files} can be sent; send one recording at a time`);
  const isKnown = ({ name }) => bounds.endings.some((ending) => name.toLowerCase().endsWith(ending));
  if (!files.some(isKnown)) throw new Error(`no file of a recording: expected ${bounds.endings.join(", ")}`);
}

export async function pack(files, signal, progress) {
  if (files.length === 1) return { name: files[0].file.name, body: files[0].file };
  const parts = [], directory = [];
  let offset = 0;
  for (const [number, { name, file }] of files.entries()) {
    progress(number, files.length);
    const label = new TextEncoder().encode(name);
    const facts = [20, 0x800, 0, 0, 0x21, await crc(file, signal), file.size, file.size, label.length, 0];
    const local = header(0x04034b50, facts);
    parts.push(local, label, file); // the browser reads it when it is sent
    directory.push(central(facts, offset), label);
    offset += local.length + label.length + file.size;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, files.length, true);
  end.setUint16(10, files.length, true);
  end.setUint32(12, size, true);
  end.setUint32(16, offset, true);
  return { name: "files.zip", body: new Blob([...parts, ...directory, end.buffer]) };
}

const WIDTHS = [2, 2, 2, 2, 2, 4, 4, 4, 2, 2]; // APPNOTE 4.3.7

function write(view, at, facts) {
  facts.forEach((value, i) => {
    if (WIDTHS[i] === 2) view.setUint16(at, value, true); else view.setUint32(at, value, true);
    at += WIDTHS[i];
  });
}

function header(signature, facts) {
  const view = new DataView(new ArrayBuffer(30));
  view.setUint32(0, signature, true);
  write(view, 4, facts);
  return new Uint8Array(view.buffer);
}

function central(facts, offset) {
  const view = new DataView(new ArrayBuffer(46));
  view.setUint32(0, 0x02014b50, true);
  view.setUint16(4, 20, true);
  write(view, 6, facts);
  view.setUint32(42, offset, true);
  return new Uint8Array(view.buffer);
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

// Of a file, block by block: only one is in memory.
async function crc(file, signal) {
  const reader = file.stream().getReader();
  let sum = 0xffffffff;
  for (;;) {
    signal.throwIfAborted();
    const { done, value } = await reader.read();
    if (done) return (sum ^ 0xffffffff) >>> 0;
    for (const byte of value) sum = TABLE[(sum ^ byte) & 255] ^ (sum >>> 8);
  }
}
