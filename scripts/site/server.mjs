/** Serves folders of the disk to a browser of this machine: paths of URLs, and the folder that each stands for. */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Headers by which a page may have threads. */
export const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/**
 * Serves while `use` runs, which gets the base of URLs.
 * @param folders such as `{ "/some/folder/": site }`; the first whose path fits serves.
 */
export async function whileServing(folders, headers, use) {
  const server = await serve(folders, headers);
  try {
    return await use(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.close();
  }
}

async function serve(folders, headers) {
  const server = createServer(({ url }, response) => {
    const path = decodeURIComponent(new URL(url, "http://localhost").pathname);
    const mount = Object.keys(folders).find((name) => path.startsWith(name));
    const file = mount === undefined ? "" : join(folders[mount], normalize(`/${path.slice(mount.length)}`));
    if (!existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { "content-type": type, ...headers });
    return createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
