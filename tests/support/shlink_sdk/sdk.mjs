// Asks a server what stands on standard input, a list of [method, ...arguments], by Shlink's own
// client: node sdk.mjs BASE_URL API_KEY. Prints a list of {"value": …} and {"error": …}.

import { readFileSync } from 'node:fs';
import { ShlinkApiClient } from '@shlinkio/shlink-js-sdk';
import { NodeHttpClient } from '@shlinkio/shlink-js-sdk/node';

const [baseUrl, apiKey] = process.argv.slice(2);
const client = new ShlinkApiClient(new NodeHttpClient(), { baseUrl, apiKey });
const answers = [];
for (const [method, ...given] of JSON.parse(readFileSync(0, 'utf8'))) {
  try {
    answers.push({ value: (await client[method](...given)) ?? null });
  } catch (error) {
    answers.push({ error: error instanceof Error ? String(error) : error });
  }
}
console.log(JSON.stringify(answers));
