/**
 * The client of Prisma, as `prisma generate` makes it for a schema without models. That command wants a program from the
 * network, and what it would write is these lines.
 */

import { createRequire } from 'node:module';
import { PrismaPg } from '@prisma/adapter-pg';

const load = createRequire(import.meta.url);
const { getPrismaClient } = load('@prisma/client/runtime/client');

const PrismaClient = getPrismaClient({
  previewFeatures: [],
  clientVersion: load('@prisma/client/package.json').version,
  engineVersion: '0'.repeat(40),
  activeProvider: 'postgresql',
  inlineSchema: 'datasource db {\n  provider = "postgresql"\n}\n',
  runtimeDataModel: { models: {}, enums: {}, types: {} },
  parameterizationSchema: { strings: [], graph: 'AAAA' },
  compilerWasm: {
    getRuntime: async () => load('@prisma/client/runtime/query_compiler_fast_bg.postgresql.js'),
    getQueryCompilerWasmModule: async () => {
      const { wasm } = load('@prisma/client/runtime/query_compiler_fast_bg.postgresql.wasm-base64.js');
      return new WebAssembly.Module(Buffer.from(wasm, 'base64'));
    },
    importName: './query_compiler_fast_bg.js',
  },
});

/** A client of Prisma on the database of that URL. */
export function prisma(connectionString) {
  return new PrismaClient({ adapter: new PrismaPg({ connectionString }) });
}
