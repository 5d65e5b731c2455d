/**
 * A tslab kernel as Jupyter starts it: a process of its own that is spoken to over sockets, in Jupyter's protocol, and
 * is interrupted by SIGINT. Its folder is notebooks/, where `tskeops` is a link to this package (its dist).
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

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
  /** "ok" or "error", once it has ended. */
  readonly status: Promise<string>;
  /** Resolves as soon as the condition holds; the cell is looked at after every message. */
  until(condition: (cell: Cell) => boolean): Promise<void>;
}

export class Kernel {
  private readonly cells = new Map<string, { readonly cell: Cell; end: (status: string) => void; look: () => void }>();
  private readonly questions = new Map<string, (content: Content) => void>();
  private readonly folder = mkdtempSync(join(tmpdir(), "tskeops-kernel-"));
  private readonly process: ChildProcess;
  private readonly shell: Socket;
  private readonly published: Socket;
  private isOver = false;

  constructor() {
    const { Dealer, Subscriber } = createRequire(join(notebooks, "package.json"))("zeromq") as Zeromq;
    const ports = { shell_port: 1, iopub_port: 2, stdin_port: 3, control_port: 4, hb_port: 5 };
    const [file, ip] = [join(this.folder, "connection.json"), join(this.folder, "socket")];
    writeFileSync(file, JSON.stringify({ transport: "ipc", ip, key: "", signature_scheme: "hmac-sha256", ...ports }));
    const command = [join(notebooks, "..", "scripts", "tslab-kernel.cjs"), "kernel", "--config-path", file];
    // Formulas are compiled anew, so that what is stopped may be the compiler.
    const env = { ...process.env, TSKEOPS_CACHE: join(this.folder, "cache") };
    this.process = spawn(process.execPath, command, { cwd: notebooks, stdio: "ignore", env });
    [this.shell, this.published] = [new Dealer(), new Subscriber()];
    this.shell.connect(`ipc://${ip}:1`);
    this.published.connect(`ipc://${ip}:2`);
    this.published.subscribe("");
    for (const socket of [this.shell, this.published]) void this.listen(socket);
  }

  /** Resolves when the kernel answers; cells that run before may lose what they print. */
  async ready(): Promise<void> {
    const probe = this.run("console.log('ready')");
    await probe.status;
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
