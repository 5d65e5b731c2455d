/**
 * The platforms that have a package with a native addon, in one table; all others compute in WebAssembly. Packages, cross
 * builds and their tests are made from it, and optionalDependencies of what is published.
 */

/**
 * Node's names of platform and architecture, and of the C library where there are several; the compiler with what cmake
 * must know of the system, absent where it is this machine's own; the widest instruction sets that were proven there.
 */
export const PLATFORMS = [
  { platform: "linux", arch: "x64", libc: "glibc", compiler: "x86_64-linux-gnu-g++" },
  {
    platform: "linux",
    arch: "arm64",
    libc: "glibc",
    compiler: "aarch64-linux-gnu-g++",
    system: "Linux",
    processor: "aarch64",
  },
  {
    ...{
      platform: "win32",
      arch: "x64",
      compiler: "x86_64-w64-mingw32-g++-posix",
      system: "Windows",
      processor: "x86_64",
    },
    sets: ["baseline", "avx2"], // no Windows with AVX-512 was there
  },
];

/** As npm names the package that src/device/addonfiles.ts looks for. */
export const packageName = ({ platform, arch }) => `@tskeops/${platform}-${arch}`;

export const nameOf = ({ platform, arch }) => `${platform}-${arch}`;

/** @throws Error for a name of none. */
export function platformNamed(name) {
  const found = PLATFORMS.find((row) => nameOf(row) === name);
  if (found) return found;
  throw new Error(`platform: expected one of ${PLATFORMS.map(nameOf).join(", ")}, got ${name}`);
}
