// Serves the page on the loopback, with the client's modules as `npm run build` in client-sdk/js made them.
//
//   node serve.mjs [PORT]           http://127.0.0.1:8080
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const types = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript' };
const own = ['index.html', 'style.css', 'page.js', 'notes-map.js'];
const folders = { client: '../../js/dist/', 'noble-hashes': '../../js/node_modules/@noble/hashes/esm/' };

function fileOf(path) {
  const name = path === '/' ? 'index.html' : path.slice(1);
  if (own.includes(name)) return new URL(name, import.meta.url);
  const [, folder, rest] = /^([a-z-]+)\/([\w-]+(?:\/[\w-]+)*\.js)$/.exec(name) ?? [];
  return Object.hasOwn(folders, folder ?? '') ? new URL(folders[folder] + rest, import.meta.url) : null;
}

async function answer(request, response) {
  const file = fileOf(new URL(request.url, 'http://page').pathname);
  const body = file === null ? null : await readFile(file).catch(() => null);
  if (body === null) return response.writeHead(404, { 'content-type': 'text/plain' }).end('no such file\n');
  response.writeHead(200, { 'content-type': `${types[extname(file.pathname)]}; charset=utf-8`, 'cache-control': 'no-cache' }).end(body);
}

/** Resolves to the server and where it is. */
export function serve(port = 0) {
  return new Promise((resolve, reject) => {
    const server = createServer(answer).once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve({ server, origin: `http://127.0.0.1:${server.address().port}` }));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv[2] === '--help') console.log('node serve.mjs [PORT]: serves the notes on 127.0.0.1, port 8080 if none is given');
  else console.log(`notes on ${(await serve(Number(process.argv[2] ?? 8080))).origin}`);
}
