const HEADER_BYTES = 64;
const SECTION_BYTES = 64;
const SYMBOL_BYTES = 24;
const MACHINE_BPF = 247;

/**
 * Gives an object file with one device program, as a compiler would: `bpftool prog load` takes nothing less.
 * Source: elf(5).
 *
 * @param code - struct bpf_insn[], little-endian
 */
export function bpfObject(code: Uint8Array): Uint8Array {
  const text = new TextEncoder();
  const names = ['', 'cgroup/dev', 'license', '.symtab', '.strtab', 'filter', '_license'];
  const strings = text.encode(`${names.join('\0')}\0`);
  const nameAt = (name: string): number => text.encode(names.slice(0, names.indexOf(name)).join('\0')).length + 1;
  const licence = text.encode('Apache-2.0\0');
  const symbols = new Uint8Array(3 * SYMBOL_BYTES);
  // A global function that is all of section 1, and the licence in section 2.
  symbol(symbols, 1, nameAt('filter'), 0x12, 1, code.length);
  symbol(symbols, 2, nameAt('_license'), 0x11, 2, licence.length);
  const sections = [
    { name: 'cgroup/dev', type: 1, flags: 6, body: code, link: 0, info: 0, entry: 0 },
    { name: 'license', type: 1, flags: 3, body: licence, link: 0, info: 0, entry: 0 },
    { name: '.symtab', type: 2, flags: 0, body: symbols, link: 4, info: 1, entry: SYMBOL_BYTES },
    { name: '.strtab', type: 3, flags: 0, body: strings, link: 0, info: 0, entry: 0 },
  ];
  const aligned = (length: number): number => Math.ceil(length / 8) * 8;
  const bodies = sections.reduce((sum, { body }) => sum + aligned(body.length), 0);
  const table = HEADER_BYTES + bodies;
  const bytes = new Uint8Array(table + (sections.length + 1) * SECTION_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 1, true);
  view.setUint16(18, MACHINE_BPF, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(40, BigInt(table), true);
  view.setUint16(52, HEADER_BYTES, true);
  view.setUint16(58, SECTION_BYTES, true);
  view.setUint16(60, sections.length + 1, true);
  view.setUint16(62, 4, true);
  let at = HEADER_BYTES;
  for (const [index, { name, type, flags, body, link, info, entry }] of sections.entries()) {
    bytes.set(body, at);
    const header = table + (index + 1) * SECTION_BYTES;
    view.setUint32(header, nameAt(name), true);
    view.setUint32(header + 4, type, true);
    view.setBigUint64(header + 8, BigInt(flags), true);
    view.setBigUint64(header + 24, BigInt(at), true);
    view.setBigUint64(header + 32, BigInt(body.length), true);
    view.setUint32(header + 40, link, true);
    view.setUint32(header + 44, info, true);
    view.setBigUint64(header + 48, 8n, true);
    view.setBigUint64(header + 56, BigInt(entry), true);
    at += aligned(body.length);
  }
  return bytes;
}

function symbol(symbols: Uint8Array, index: number, name: number, info: number, section: number, size: number): void {
  const view = new DataView(symbols.buffer, index * SYMBOL_BYTES);
  view.setUint32(0, name, true);
  view.setUint8(4, info);
  view.setUint16(6, section, true);
  view.setBigUint64(16, BigInt(size), true);
}
