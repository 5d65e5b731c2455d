// Where `npm run test:modules` puts Deno for this machine, whether or not it is there.
const { join } = require("node:path");

const { platform, arch } = process;
const ofPlatform = platform === "linux" ? `linux-${arch}-glibc` : `${platform}-${arch}`;

module.exports = join(__dirname, "node_modules", "@deno", ofPlatform, platform === "win32" ? "deno.exe" : "deno");
