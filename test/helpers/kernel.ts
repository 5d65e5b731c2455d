/**
 * A kernel as Jupyter starts it: a process of its own that is spoken to over sockets, in Jupyter's protocol, and is
 * interrupted by SIGINT. Its folder is notebooks/, where `tskeops` is a link to this package (its dist).
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";

const notebooks = resolve(__dirname, "..", "..", "notebooks");

interface Socket {
  connect(address: string): void;
  send(parts: readonly (string | Buffer)[]): Promise<void>;
  receive(): Promise<Buffer[]>;
  subscribe(topic: string): void;
  close(): void;
}
type Zeromq = Readonly<Record<"Dealer" | "Subscriber", new () => Socket>>;

/** What a message holds. */
interface Message {
  readonly header: { readonly msg_type: string };
  readonly parent_header: { readonly msg_id?: string };
  readonly content: Content;
}

interface Content {
  readonly text?: string;
  readonly status?: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly transient?: { readonly display_id?: string };
}

/** A cell that runs, or ran. */
export interface Cell {
  /** What it printed so far. */
  text: string;
  /** What it displayed so far, updates included: HTML, and the number of the output. */
  readonly displays: { readonly html: string; readonly id: string | undefined; readonly isUpdate: boolean }[];
  /** What it showed so far by MIME type, its value included. */
  readonly outputs: Readonly<Record<string, unknown>>[];
  /** "ok" or "error", once it has ended. */
  readonly status: Promise<string>;
  /** Resolves as soon as the condition holds; the cell is looked at after every message. */
  until(condition: (cell: Cell) => boolean): Promise<void>;
}

/** How a kernel is started that finds its sockets in a file, and where these are. */
interface KernelStart {
  readonly command: (file: string) => readonly [string, ...string[]];
  readonly sockets: (folder: string) => { readonly transport: string; readonly ip: string; readonly ports: number[] };
}

const OURS: KernelStart = {
  command: (file) => {
    const script = join(notebooks, "..", "scripts", "tslab-kernel.cjs");
    return [process.execPath, script, "kernel", "--config-path", file];
  },
  sockets: (folder) => ({ transport: "ipc", ip: join(folder, "socket"), ports: [1, 2, 3, 4, 5] }),
};

/** What a kernel that starts beside other work takes to answer. */
const ANSWER_MS = 15_000;

export class Kernel {
  private readonly cells = new Map<string, { readonly cell: Cell; end: (status: string) => void; look: () => void }>();
  private readonly questions = new Map<string, (content: Content) => void>();
  private readonly folder = mkdtempSync(join(tmpdir(), "tskeops-kernel-"));
  private readonly process: ChildProcess;
  private readonly shell: Socket;
  private readonly published: Socket;
  private isOver = false;

  constructor({ command: commandOf, sockets }: KernelStart = OURS) {
    const { Dealer, Subscriber } = createRequire(join(notebooks, "package.json"))("zeromq") as Zeromq;
    const { transport, ip, ports } = sockets(this.folder);
    const [shell_port, iopub_port, stdin_port, control_port, hb_port] = ports;
    const named = { shell_port, iopub_port, stdin_port, control_port, hb_port };
    const file = join(this.folder, "connection.json");
    writeFileSync(file, JSON.stringify({ transport, ip, key: "", signature_scheme: "hmac-sha256", ...named }));
    const [command, ...args] = commandOf(file);
    // Formulas are compiled anew, so that what is stopped may be the compiler.
    const env = { ...process.env, TSKEOPS_CACHE: join(this.folder, "cache") };
    this.process = spawn(command, args, { cwd: notebooks, stdio: "ignore", env });
    this.process.once("exit", () => this.cells.forEach(({ end }) => end("dead")));
    [this.shell, this.published] = [new Dealer(), new Subscriber()];
    this.shell.connect(`${transport}://${ip}:${String(shell_port)}`);
    this.published.connect(`${transport}://${ip}:${String(iopub_port)}`);
    this.published.subscribe("");
    for (const socket of [this.shell, this.published]) void this.listen(socket);
  }

  /** Resolves when the kernel answers; cells that run before may lose what they print, or be lost themselves. */
  async ready(): Promise<void> {
    const probe = this.run("console.log('ready')");
    const status = await Promise.race([probe.status, setTimeout(ANSWER_MS, "none")]);
    if (status === "dead" || !this.isAlive) throw new Error("the kernel ended instead of answering");
    if (!probe.text.includes("ready")) await this.ready();
  }

  run(code: string): Cell {
    const id = randomUUID();
    let end!: (status: string) => void;
    const status = new Promise<string>((resolve) => (end = resolve));
    const waiting = new Set<() => void>();
    const cell: Cell = {
      text: "",
      displays: [],
      outputs: [],
      status,
      until: (condition) =>
        new Promise((resolve) => {
          const look = (): void => {
            if (!condition(cell)) return;
            waiting.delete(look);
            resolve();
          };
          waiting.add(look);
          look();
        }),
    };
    this.cells.set(id, {
      cell,
      end,
      look: () =>
        [...waiting].forEach((look) => {
          look();
        }),
    });
    void this.send(id, "execute_request", { code, silent: false, store_history: true, allow_stdin: false });
    return cell;
  }

  /** What it answers to a message that runs nothing, such as "complete_request". */
  ask<Answer extends object>(type: string, content: object): Promise<Answer> {
    const id = randomUUID();
    const answer = new Promise<Content>((resolve) => this.questions.set(id, resolve));
    void this.send(id, type, content);
    return answer as Promise<Answer>;
  }

  /** As the stop button does. */
  interrupt(): void {
    this.process.kill("SIGINT");
  }

  get isAlive(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  async stop(): Promise<void> {
    this.isOver = true;
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    if (this.isAlive) {
      this.process.kill("SIGKILL");
      await ended;
    }
    this.shell.close();
    this.published.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async send(id: string, type: string, content: object): Promise<void> {
    const header = { msg_id: id, msg_type: type, session: "test", username: "test", version: "5.3", date: new Date() };
    const bodies = [header, {}, {}, content].map((part) => JSON.stringify(part));
    const hash = bodies.reduce((sum, body) => sum.update(body), createHmac("sha256", ""));
    await this.shell.send(["<IDS|MSG>", hash.digest("hex"), ...bodies]);
  }

  private async listen(socket: Socket): Promise<void> {
    while (!this.isOver) {
      const parts = await socket.receive().catch(() => undefined);
      if (!parts) return;
      const begin = parts.findIndex((part) => part.equals(Buffer.from("<IDS|MSG>"))) + 2;
      const [header, parent_header, , content] = parts
        .slice(begin)
        .map((part) => JSON.parse(part.toString()) as object);
      this.take({ header, parent_header, content } as Message);
    }
  }

  private take({ header: { msg_type }, parent_header, content }: Message): void {
    const id = parent_header.msg_id ?? "";
    if (msg_type.endsWith("_reply")) this.questions.get(id)?.(content);
    const found = this.cells.get(id);
    if (!found) return;
    if (msg_type === "stream") found.cell.text += content.text ?? "";
    if (content.data) found.cell.outputs.push(content.data);
    if (msg_type.endsWith("display_data"))
      found.cell.displays.push({
        html: content.data?.["text/html"] ?? "",
        id: content.transient?.display_id,
        isUpdate: msg_type === "update_display_data",
      });
    if (msg_type === "execute_reply") found.end(content.status ?? "");
    found.look();
  }
}
