/**
 * Headless Chromium through a pair of pipes: opens a page, and tells what it shows, logs and asks of the network. Knows
 * the DevTools protocol, and nothing of the site.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe"];
/** What Chromium asks of the network for itself. */
const QUIET = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** The command of Chromium, or undefined. */
export function chromiumCommand() {
  const names = [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome"].filter(Boolean);
  return names.find((name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0);
}

/** Opens Chromium for `use`, which may `visit` one page after the other, and closes it whatever happens. */
export async function withBrowser(command, use) {
  const browser = openBrowser(command);
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}

function openBrowser(command) {
  const profile = mkdtempSync(join(tmpdir(), "tskeops-chromium-"));
  const child = spawn(command, [...FLAGS, ...QUIET, `--user-data-dir=${profile}`], {
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
  });
  const { send, on } = connect(child);
  return {
    visit: (url, options) => visit(send, on, url, options),
    close: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      await send("Browser.close");
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Messages are JSON texts with a zero behind each. */
function connect(child) {
  const [requests, replies] = [child.stdio[3], child.stdio[4]];
  const waiting = new Map();
  const listeners = new Set();
  let [count, rest] = [0, ""];
  replies.setEncoding("utf8").on("data", (chunk) => {
    const messages = (rest + chunk).split("\0");
    rest = messages.pop();
    for (const message of messages.map((text) => JSON.parse(text))) {
      if (message.id === undefined) for (const listen of listeners) listen(message);
      else waiting.get(message.id)(message);
    }
  });
  const send = (method, params = {}, sessionId = undefined) =>
    new Promise((resolve, reject) => {
      const id = ++count;
      waiting.set(id, ({ result, error }) =>
        error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result),
      );
      requests.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  const on = (listen) => {
    listeners.add(listen);
    return () => listeners.delete(listen);
  };
  return { send, on };
}

/**
 * Loads a page and waits until `until` (an expression) is true, at most `patience` ms. Resolves to what it logged as an
 * error, the URLs that it asked for, what `read` (an expression) is, a screenshot as PNG, and one of each of `parts` (an
 * expression of rectangles).
 */
async function visit(
  send,
  on,
  url,
  { width = 1200, height = 900, dark = false, until = "true", read = "0", parts = "[]", patience = 20000 } = {},
) {
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  const tell = (method, params) => send(method, params, sessionId);
  const page = { errors: [], urls: [] };
  const stop = on((message) => message.sessionId === sessionId && note(page, message));
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await tell(`${domain}.enable`);
  await tell("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  await tell("Emulation.setEmulatedMedia", {
    features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }],
  });
  await tell("Page.navigate", { url });
  const evaluate = async (expression) => {
    const { result } = await tell("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    return result.value;
  };
  const isReady = await waitFor(() => evaluate(`document.readyState === "complete" && !!(${until})`), patience);
  const value = await evaluate(read);
  const shot = async (clip) => (await tell("Page.captureScreenshot", { format: "png", clip })).data;
  const data = await shot();
  const pictures = [];
  for (const { x, y, width, height } of await evaluate(parts))
    pictures.push(Buffer.from(await shot({ x, y, width, height, scale: 1 }), "base64"));
  stop();
  const colours = await coloursOf(evaluate, data);
  await send("Target.closeTarget", { targetId });
  return { ...page, isReady, value, colours, png: Buffer.from(data, "base64"), pictures };
}

/** How many colours a picture has, counted by the browser that made it. */
const coloursOf = (evaluate, png) =>
  evaluate(`(async () => {
    const image = Object.assign(new Image(), { src: "data:image/png;base64,${png}" });
    await image.decode();
    const paper = new OffscreenCanvas(image.width, image.height).getContext("2d");
    paper.drawImage(image, 0, 0);
    return new Set(new Uint32Array(paper.getImageData(0, 0, image.width, image.height).data.buffer)).size;
  })()`);

/** Errors and requests of a page. */
function note({ errors, urls }, { method, params }) {
  if (method === "Network.requestWillBeSent") urls.push(params.request.url);
  if (method === "Runtime.exceptionThrown")
    errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
  if (method === "Runtime.consoleAPICalled" && params.type === "error")
    errors.push(params.args.map((arg) => arg.value ?? arg.description).join(" "));
  if (method === "Log.entryAdded" && params.entry.level === "error")
    errors.push(`${params.entry.text} ${params.entry.url ?? ""}`);
}

async function waitFor(condition, patience) {
  const end = performance.now() + patience;
  while (performance.now() < end) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
