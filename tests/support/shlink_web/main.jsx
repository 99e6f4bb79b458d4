// Shlink's whole user interface over the server that localStorage names.

import { ShlinkApiClient } from '@shlinkio/shlink-js-sdk';
import { FetchHttpClient } from '@shlinkio/shlink-js-sdk/fetch';
import { ShlinkWebComponent } from '@shlinkio/shlink-web-component';
import { createRoot } from 'react-dom/client';

const { baseUrl, apiKey } = JSON.parse(localStorage.getItem('server'));
const apiClient = new ShlinkApiClient(new FetchHttpClient(), { baseUrl, apiKey });
const { version } = await apiClient.health();

createRoot(document.getElementById('root')).render(
  <ShlinkWebComponent serverVersion={version} apiClient={apiClient} />,
);
