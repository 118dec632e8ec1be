// Builds the page into a folder: `node build.mjs FOLDER`. `cargo xtask monitor` calls it.

import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const [folder] = process.argv.slice(2);
const from = import.meta.dirname;
const options = { bundle: true, minify: true, format: "esm", target: "es2023", charset: "utf8", legalComments: "none", logLevel: "warning" };
await build({ ...options, entryPoints: [join(from, "src/main.ts")], outfile: join(folder, "monitor.js") });
await build({ ...options, entryPoints: [join(from, "static/monitor.css")], outfile: join(folder, "monitor.css") });
await copyFile(join(from, "static/index.html"), join(folder, "index.html"));
