/** What is used here of WebAssembly, which the types of Node lack and those of browsers have. */
declare namespace WebAssembly {
  type Imports = Record<string, Record<string, unknown>>;
  type Module = object;
  const Module: {
    new (bytes: Uint8Array): Module;
    imports(module: Module): { readonly module: string; readonly name: string }[];
  };
  function compile(bytes: ArrayBuffer | Uint8Array): Promise<Module>;
  function instantiate(module: Module, imports: Imports): Promise<Instance>;
  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: object;
  }
  interface Memory {
    readonly buffer: SharedArrayBuffer;
    grow(pages: number): number;
  }
  const Memory: new (pages: { readonly initial: number; readonly maximum: number; readonly shared: boolean }) => Memory;
  interface Table {
    get(index: number): unknown;
  }
}
