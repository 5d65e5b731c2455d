/** What is used here of browsers, which the types of Node lack. */
declare class Worker {
  constructor(url: string, options?: { readonly name?: string });
  onmessage: ((event: { readonly data: never }) => void) | null;
  onerror: ((event: { readonly message: string }) => void) | null;
  postMessage(message: unknown, transfer?: readonly ArrayBufferLike[]): void;
  terminate(): void;
}
declare const navigator: { readonly hardwareConcurrency?: number };
declare const document: object | undefined;
declare const crossOriginIsolated: boolean | undefined;
/** The program of workers: scripts/build-web.mjs writes it in. */
declare const TSKEOPS_WORKER: string;
