// Files and folders as one body: a single file as it is, several in a .zip that is not compressed.

export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const found = [];
  for (const entry of entries) await collect(entry, "", found);
  return found;
}

async function collect(entry, above, found) {
  const name = above + entry.name;
  if (entry.isFile) {
    found.push({ name, file: await new Promise((done, fail) => entry.file(done, fail)) });
    return;
  }
  const reader = entry.createReader();
  for (;;) { // a reader gives a hundred at a time
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return;
    for (const inner of some) await collect(inner, `${name}/`, found);
  }
}

export async function pack(files) {
  if (files.length === 1) return { name: files[0].file.name, body: files[0].file };
  const parts = [], directory = [];
  let offset = 0;
  for (const { name, file } of files) {
    const content = new Uint8Array(await file.arrayBuffer());
    const label = new TextEncoder().encode(name);
    const facts = [20, 0x800, 0, 0, 0x21, crc(content), content.length, content.length, label.length, 0];
    const local = header(0x04034b50, facts);
    parts.push(local, label, content);
    directory.push(central(facts, offset), label);
    offset += local.length + label.length + content.length;
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

function crc(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = TABLE[(sum ^ byte) & 255] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}
