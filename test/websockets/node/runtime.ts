/** What runs this, by name and version: Node, or what stands in for it. */
const { bun, deno, node } = process.versions as { bun?: string; deno?: string; node: string };

export const runtime = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node ${node}`;
