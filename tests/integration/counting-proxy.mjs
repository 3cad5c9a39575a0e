// A proxy before a port of the loopback that counts what comes back, for clients whose sockets one cannot look into.
//
//   const line = await countingProxy(relay.grpc);
//   connect(`127.0.0.1:${line.port}`);
//   line.bytes                     from the relay to its clients, gRPC's and TCP's framing of messages included
//   line.connections
//   line.close();
import { once } from 'node:events';
import net from 'node:net';

export async function countingProxy(port) {
  const open = new Set();
  const line = { bytes: 0, connections: 0 };
  const server = net.createServer((client) => {
    line.connections++;
    const relay = net.connect(port, '127.0.0.1');
    relay.on('data', (data) => (line.bytes += data.length));
    for (const [one, other] of [[client, relay], [relay, client]]) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => (other.destroy(), open.delete(one)));
    }
    client.pipe(relay).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  line.port = server.address().port;
  line.close = () => {
    server.close();
    for (const socket of open) socket.destroy();
  };
  return line;
}
