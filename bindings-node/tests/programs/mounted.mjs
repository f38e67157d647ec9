// A server whose client goes away in the middle of a request, and which is closed then: nothing keeps the process open.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { Client } from 'tasker-engine';
import { nodeHandler } from 'tasker-engine/http';

const server = createServer(nodeHandler(new Client())).listen(0, '127.0.0.1');
await once(server, 'listening');
const headers = { 'content-type': 'application/x-ndjson' };
const asking = request({ port: server.address().port, method: 'POST', path: '/tasks/bulk', headers });
asking.on('error', () => {});
asking.write('{"name": "nobody"}\n');
const [response] = await once(asking, 'response');
await once(response, 'data');
console.log('answered');
response.on('error', () => {});
asking.destroy();
server.close(() => console.log('closed'));
