import { describe, expect, it } from 'vitest';
import { parseMetricsAddress } from '../../../src/nri/metrics-address.ts';

describe('parseMetricsAddress', () => {
  it.each([
    ['127.0.0.1:9464', { host: '127.0.0.1', port: 9464 }],
    ['127.1.2.3:0', { host: '127.1.2.3', port: 0 }],
    ['localhost:80', { host: '127.0.0.1', port: 80 }],
    ['[::1]:9464', { host: '::1', port: 9464 }],
    ['unix:/run/m.sock', { path: '/run/m.sock' }],
  ])('takes %s', (text, address) => {
    expect(parseMetricsAddress(text)).toEqual(address);
  });

  it.each([
    '0.0.0.0:1',
    '[::]:1',
    '10.0.0.1:1',
    'example.org:1',
    '127.0.0.1',
    '127.0.0.1:99999',
    ':80',
    'unix:m',
    '[127.0.0.1]:1',
  ])('refuses %s', (text) => {
    expect(parseMetricsAddress(text)).toBeUndefined();
  });
});
